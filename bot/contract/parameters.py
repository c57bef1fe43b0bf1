"""Every number and switch that a person may set: one row says all that is known of it.

From its row come the key of the stack config, the environment variable, the key of the reloaded
file, bounds, default, the checks of production and the line of docs/configuration.md. A new one
costs a row here and a typed field where code reads it by name; a row that has no field fails when
the module with the fields is imported.
"""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum, StrEnum
from functools import partial

from bot.contract import values
from bot.contract.environment import DEFAULTS, DeployEnv

Value = Decimal | float | int | str
"""What a parameter can hold; a switch is a `bool`, which is an `int`."""


class LogLevel(StrEnum):
    """From which level on the bot logs."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class Kind(Enum):
    """How a value is written."""

    AMOUNT = "amount"
    PERCENT = "percent"
    COUNT = "whole number"
    SECONDS = "seconds"
    SWITCH = "true or false"
    LEVEL = "level"


class Risk(Enum):
    """When a change of the value raises risk."""

    HIGHER = "higher"
    ON = "on"
    OFF = "off"


_PARSERS: dict[Kind, Callable[[object], Value]] = {
    Kind.AMOUNT: values.parse_decimal,
    Kind.PERCENT: values.parse_decimal,
    Kind.COUNT: values.parse_whole,
    Kind.SECONDS: values.parse_seconds,
    Kind.SWITCH: values.parse_flag,
    Kind.LEVEL: partial(values.parse_choice, choices=tuple(LogLevel)),
}
_JSON_FORMS: dict[Kind, tuple[type, str]] = {
    Kind.AMOUNT: (str, 'must be a number written as text, like "1.5"'),
    Kind.PERCENT: (str, 'must be a number written as text, like "1.5"'),
    Kind.COUNT: (int, "must be a valid integer, without quotes"),
    Kind.SWITCH: (bool, "must be a valid boolean: true or false, without quotes"),
    Kind.LEVEL: (str, "must be a text"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """One row."""

    name: str
    """Of the typed field, in snake case."""
    kind: Kind
    meaning: str
    """What it is, with its unit; no full stop."""
    reason: str = ""
    """Why the default is what it is."""
    default: Value | None = None
    """None: the deployment environment has its own (`bot.contract.environment.DEFAULTS`)."""
    above: int | None = None
    """The value must be greater than this."""
    least: float | None = None
    most: int | None = None
    risk: Risk | None = None
    reloadable: bool = False
    """Whether a running bot takes it over; others need a restart."""
    prefix: str = ""
    """Of the environment variable: BOT_ for what the platform sets."""

    @property
    def key(self) -> str:
        """Its key in the stack config and in the reloaded file."""
        first, *rest = self.name.split("_")
        return first + "".join(part.capitalize() for part in rest)

    @property
    def variable(self) -> str:
        """Its environment variable."""
        return f"{self.prefix}{self.name.upper()}"

    @property
    def bounds(self) -> str:
        """The bounds in words; empty when there are none."""
        lower = f"above {self.above}" if self.above is not None else ""
        if self.least is not None:
            lower = f"at least {self.least}"
        upper = f"at most {self.most}" if self.most is not None else ""
        return " and ".join(filter(None, (lower, upper)))

    @property
    def description(self) -> str:
        """Unit, bounds, default and reason, as the manual shows them."""
        meaning = ", ".join(filter(None, (self.meaning, self.bounds)))
        reason = f": {self.reason}" if self.reason else ""
        if self.default is None:
            return f"{meaning}. Default: the environment's{reason}."
        default = self.default
        shown = ("on" if default else "off") if isinstance(default, bool) else default
        return f"{meaning}. Default {shown}{reason}."

    def default_in(self, deploy_env: DeployEnv) -> Value:
        """Return the value that holds when nobody sets one."""
        if self.default is not None:
            return self.default
        return self.parse(getattr(DEFAULTS[deploy_env], self.name))

    def parse(self, value: object) -> Value:
        """Return the typed value of a text, or of what YAML made of it.

        Raises:
            ValueError: what the value must be.
        """
        parsed = _PARSERS[self.kind](value)
        if not isinstance(parsed, str):
            if self.above is not None and parsed <= self.above:
                raise ValueError(f"must be greater than {self.above}")
            if self.least is not None and parsed < self.least:
                raise ValueError(f"must be greater than or equal to {self.least}")
            if self.most is not None and parsed > self.most:
                raise ValueError(f"must be less than or equal to {self.most}")
        return parsed

    def parse_json(self, value: object) -> Value:
        """Return the typed value of what the reloaded file holds, which has one form.

        Raises:
            ValueError: what the value must be.
        """
        form, message = _JSON_FORMS[self.kind]
        if not isinstance(value, form) or (isinstance(value, bool) and form is not bool):
            raise ValueError(message)
        return self.parse(value)

    def raises_risk(self, before: Value, after: Value) -> bool:
        """Tell whether this change allows more risk."""
        if self.risk is Risk.OFF:
            return bool(before) and not after
        if self.risk is Risk.ON:
            return bool(after) and not before
        return self.risk is Risk.HIGHER and Decimal(after) > Decimal(before)


def to_json(value: Value) -> Value:
    """Return what the reloaded file holds for a value: the form that `parse_json` takes."""
    return f"{value:f}" if isinstance(value, Decimal) else value


MAX_POSITION_SIZE = Parameter(
    name="max_position_size",
    kind=Kind.AMOUNT,
    meaning="Quote currency per symbol",
    above=0,
    risk=Risk.HIGHER,
    reloadable=True,
)
RISK_LIMIT_PCT = Parameter(
    name="risk_limit_pct",
    kind=Kind.PERCENT,
    meaning="Percent of equity that may be at risk",
    above=0,
    most=100,
    risk=Risk.HIGHER,
    reloadable=True,
)
MAX_ORDERS_PER_MINUTE = Parameter(
    name="max_orders_per_minute",
    kind=Kind.COUNT,
    meaning="Orders per minute",
    reason="far above a strategy's, far below a venue's",
    default=60,
    above=0,
    most=6000,
    risk=Risk.HIGHER,
    reloadable=True,
)
PRICE_COLLAR_PCT = Parameter(
    name="price_collar_pct",
    kind=Kind.PERCENT,
    meaning="Percent that a limit price may be worse than the last one",
    reason="a typing error is larger, a fast market smaller",
    default=Decimal(5),
    above=0,
    most=100,
    risk=Risk.HIGHER,
    reloadable=True,
)
DAILY_LOSS_LIMIT_PCT = Parameter(
    name="daily_loss_limit_pct",
    kind=Kind.PERCENT,
    meaning="Percent of the equity at the start of the UTC day that may be lost",
    default=Decimal(5),
    above=0,
    most=100,
    risk=Risk.HIGHER,
    reloadable=True,
)
REDUCE_ONLY = Parameter(
    name="reduce_only",
    kind=Kind.SWITCH,
    meaning="Switch: orders may only make positions smaller",
    default=False,
    risk=Risk.OFF,
    reloadable=True,
)
ALLOW_SHORT = Parameter(
    name="allow_short",
    kind=Kind.SWITCH,
    meaning="Switch: the bot may sell more of a symbol than it has bought",
    reason="what else lies in the account is not the bot's to sell",
    default=False,
    risk=Risk.ON,
    reloadable=True,
)
READ_ONLY = Parameter(
    name="read_only",
    kind=Kind.SWITCH,
    meaning="Switch: no new orders; cancels still go",
    default=False,
    risk=Risk.OFF,
    reloadable=True,
)
KILL_SWITCH = Parameter(
    name="kill_switch",
    kind=Kind.SWITCH,
    meaning="Switch: no new risk, at once, in every pod; orders that reduce still go",
    default=False,
    risk=Risk.OFF,
    reloadable=True,
)
LOG_LEVEL = Parameter(
    name="log_level",
    kind=Kind.LEVEL,
    meaning="Level from which on the bot logs: debug, info, warning or error",
    reason="what an operator reads at night",
    default=LogLevel.INFO,
    reloadable=True,
)
RETENTION_DAYS = Parameter(
    name="retention_days",
    kind=Kind.COUNT,
    meaning="Days that a signal stays known after its end; senders must have given up by then, or "
    "a repeated post is a new signal",
    default=30,
    above=0,
    most=3650,
)
VENUE_LAG_SECONDS = Parameter(
    name="venue_lag_seconds",
    kind=Kind.SECONDS,
    meaning="Seconds that the venue may take to show an order that it took; an order without an "
    "answer is not tried again before",
    reason="Binance was seen to need more than ten",
    default=15,
    least=0.5,
    most=120,
)
STARTUP_SECONDS = Parameter(
    name="startup_seconds",
    kind=Kind.SECONDS,
    meaning="Seconds for restore and the first reconciliation",
    default=60,
    above=0,
    most=600,
)
DRAIN_SECONDS = Parameter(
    name="drain_seconds",
    kind=Kind.SECONDS,
    meaning="Seconds that a pod serves on after SIGTERM",
    reason="endpoints take seconds to leave every node's tables",
    default=6,
    least=0,
    most=600,
    prefix="BOT_",
)
SHUTDOWN_SECONDS = Parameter(
    name="shutdown_seconds",
    kind=Kind.SECONDS,
    meaning="Seconds that the bot may take for open work after the drain, before it ends anyway",
    default=10,
    above=0,
    most=600,
    prefix="BOT_",
)

PARAMETERS = {row.name: row for row in list(globals().values()) if isinstance(row, Parameter)}
"""All rows by the name of their field, in the order above."""
RELOADABLE = tuple(row for row in PARAMETERS.values() if row.reloadable)
"""The rows of the reloaded file, in its order."""
AT_START = tuple(row for row in PARAMETERS.values() if not row.reloadable)
"""The rows that only the environment carries: a change restarts the pods."""
AT_RISK = tuple(row for row in PARAMETERS.values() if row.risk)
"""The rows whose change can raise risk; production wants an acknowledgement then."""
