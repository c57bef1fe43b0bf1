"""The description holds: requests made from it, valid and broken ones, get what it promises."""
# pyright: reportUnknownMemberType=false, reportUntypedFunctionDecorator=false, reportUnknownVariableType=false, reportArgumentType=false
# schemathesis and its decorators are typed in part only

import itertools
import tempfile
from pathlib import Path
from typing import Any

import hypothesis
import schemathesis
from schemathesis import Case
from schemathesis.config import SchemathesisConfig
from starlette.applications import Starlette

from bot.contract.http import OPENAPI
from bot.intake.intake import Intake, routes
from bot.ledger.port import Posted, SignalRecord
from bot.process.clock import Clock
from bot.trading.signals import Signal

TOKEN = "token-of-the-day"  # noqa: S105 - planted


_FOLDER = tempfile.TemporaryDirectory(prefix="intake-")
"""As long as the module; the schema is made when it is imported."""


class MemoryInbox:
    """An inbox without a loop of its own: each request here runs in another one."""

    def __init__(self) -> None:
        self._known: dict[str, Signal] = {}

    async def post(self, signal: Signal) -> Posted:
        known = self._known.setdefault(signal.signal_id, signal)
        if known is signal:
            return Posted.STORED
        return Posted.SAME if known.terms == signal.terms else Posted.CONFLICT

    async def find(self, signal_id: str) -> SignalRecord | None:
        known = self._known.get(signal_id)
        return SignalRecord(known, 1.0, None, "", None, ()) if known else None


_seconds = itertools.count(step=10)


def _ticks() -> float:
    """Ten seconds later at each look: the limits of failures are not what is tried here."""
    return float(next(_seconds))


def described() -> Starlette:
    folder = Path(_FOLDER.name)
    (folder / "signals-token").write_text(TOKEN)
    inbox = MemoryInbox()
    return Starlette(
        routes=routes(
            Intake(
                inbox=inbox, symbols=("BTC/USDT",), secrets=folder, clock=Clock(monotonic=_ticks)
            )
        )
    )


schema = schemathesis.openapi.from_asgi(OPENAPI, described(), config=SchemathesisConfig()).include(
    path_regex="^/(signals|openapi)"
)  # the others are asked in test_description


@schema.parametrize()
@hypothesis.settings(
    derandomize=True,
    deadline=None,
    suppress_health_check=list(hypothesis.HealthCheck),
)
def test_every_answer_is_one_that_is_described(case: "Case[Any]") -> None:
    case.call_and_validate(headers={"Authorization": f"Bearer {TOKEN}"})
