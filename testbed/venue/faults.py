"""Being slow, silent or gone on purpose: rules that hit the requests they describe.

Each request is hit by the first rule that fits. Rules do not survive a restart.
"""

from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field


class Kind(StrEnum):
    """What a rule does; `seconds` tells how long where it says so."""

    DELAY_REQUEST = "delay_request"
    """The request arrives later: its window may have passed by then."""
    DELAY_ANSWER = "delay_answer"
    """Done at once, answered later."""
    DROP_REQUEST = "drop_request"
    """Nothing is done; after `seconds` the connection is closed. Without a match: down."""
    DROP_ANSWER = "drop_answer"
    """Done; after `seconds` the connection is closed without an answer."""
    REJECT = "reject"
    """Not done, answered with `status`, `code` and `message`."""
    LAG = "lag"
    """A question is answered with what was `seconds` ago. By path: orders, trades, balances apart.

    `/api/v3/order` by id, `allOrders` and `openOrders` in lists, `myTrades`, `account`. What places
    or cancels knows the truth.
    """


class Rule(BaseModel):
    """One fault: which requests it hits, how often, and how. An empty match hits everything."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Kind
    method: str = Field(default="", description="GET, POST, DELETE; empty: any")
    path: str = Field(default="", description="as in /api/v3/order; empty: any")
    symbol: str = Field(default="", description="as in BTCUSDT; empty: any")
    client_id: str = Field(
        default="", description="what the client order id starts with; empty: any"
    )
    skip: Annotated[int, Field(ge=0)] = 0
    count: Annotated[int | None, Field(ge=1)] = Field(
        default=None, description="hits; null: no end"
    )
    seconds: Annotated[float, Field(ge=0, le=600)] = 0
    status: Annotated[int, Field(ge=400, le=599)] = 503
    code: int = -1001
    message: str = "Internal error; unable to process your request. Please try again."


class Asked(BaseModel):
    """What a rule looks at."""

    model_config = ConfigDict(frozen=True)

    method: str
    path: str
    symbol: str
    client_id: str


class Planned(BaseModel):
    """A rule and what it did so far."""

    model_config = ConfigDict(validate_assignment=True)

    id: int
    rule: Rule
    seen: int = 0
    hits: int = 0


def fits(rule: Rule, asked: Asked) -> bool:
    """Tell whether a rule describes a request."""
    return (
        rule.method in {"", asked.method}
        and rule.path in {"", asked.path}
        and rule.symbol in {"", asked.symbol}
        and asked.client_id.startswith(rule.client_id)
    )


class Faults:
    """The rules in the order in which they were added."""

    def __init__(self) -> None:
        self._planned: dict[int, Planned] = {}
        self._next_id = 1

    def add(self, rule: Rule) -> Planned:
        """Take a rule into use."""
        planned = Planned(id=self._next_id, rule=rule)
        self._planned[planned.id] = planned
        self._next_id += 1
        return planned

    def remove(self, rule_id: int) -> bool:
        """Forget a rule; tell whether there was one."""
        return self._planned.pop(rule_id, None) is not None

    def clear(self) -> None:
        """Forget every rule."""
        self._planned.clear()

    def list(self) -> list[Planned]:
        """Return every rule with its hits, used-up ones too."""
        return list(self._planned.values())

    def hit(self, asked: Asked) -> Rule | None:
        """Return the rule that hits a request, and count it."""
        for planned in self._planned.values():
            rule = planned.rule
            used_up = rule.count is not None and planned.hits >= rule.count
            if used_up or not fits(rule, asked):
                continue
            planned.seen += 1
            if planned.seen > rule.skip:
                planned.hits += 1
                return rule
        return None
