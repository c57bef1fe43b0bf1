"""A trader that kills or stops itself at one step of the order path.

`python -m tests.bot.crash.victim …`

Real ledger, real client of the venue; the steps are counted around their calls.
"""

import argparse
import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Sequence
from decimal import Decimal

from pydantic import SecretStr

from bot.authority.orders import Order, Work
from bot.authority.protocol import Rules
from bot.authority.timings import Timings
from bot.contract.color import Color
from bot.contract.environment import ShutdownPolicy
from bot.contract.intent import Intent
from bot.health.startup import Startup
from bot.intent.state import IntentState
from bot.ledger.database import Database
from bot.ledger.ledger import Ledger
from bot.ledger.outcomes import IntentCheck, IntentOutcome, Writer
from bot.ledger.port import LedgerError, Posted
from bot.ledger.postgres import Postgres
from bot.ledger.sqlite import Sqlite
from bot.process.clock import Clock
from bot.trader import risk_check
from bot.trader.keeper import Keeper, boot_seconds
from bot.trader.market_state import MarketState
from bot.trader.reconciler import Reconciler
from bot.trader.recovery import Recovery
from bot.trader.trader import Trader
from bot.trader.turns import Executor
from bot.trading.orders import Report, Side, Terms
from bot.trading.risk import Limits
from bot.trading.signals import Fate, Signal
from bot.venues.ccxt_access import Access
from bot.venues.ccxt_binance import CcxtVenue
from testbed.venue.server import DEFAULT_KEY, DEFAULT_SECRET

STEPS = (
    "signal: before its commit",
    "signal: after its commit",
    "work: before it is read",
    "work: after it was read",
    "intent: before its commit",
    "intent: after its commit",
    "order: before it is sent",
    "order: after it was answered",
    "outcome: before its commit",
    "outcome: after its commit",
    "question: before it is asked",
    "question: after it was answered",
)
TIMINGS = Timings(
    lease_seconds=2.0,
    renew_seconds=0.4,
    venue_window_seconds=0.6,
    margin_seconds=0.3,
    connection_seconds=1.0,
    venue_lag_seconds=0.1,
)
"""Shorter than in earnest, by the same rules: a test waits for a dead holder's lease."""
SYMBOLS = ("BTC/USDT", "ETH/USDT")
QUANTITIES = {"BTC/USDT": Decimal("0.002"), "ETH/USDT": Decimal("0.05")}
LIMITS = Limits(
    Decimal(1_000_000), Decimal(100), 100_000, Decimal(5), Decimal(100), allow_short=True
)
MAX_AGE_SECONDS = 60.0
ALL_DECIDED, NOT_IN_TIME = 0, 3


class Steps:
    """Counts them, and sends itself a signal at the one that was asked for."""

    def __init__(self, step: str, nth: int, number: signal.Signals) -> None:
        self._step = step
        self._left = nth
        self._number = number

    def at(self, step: str) -> None:
        """Be here."""
        assert step in STEPS
        if step == self._step:
            self._left -= 1
            if self._left == 0:
                os.kill(os.getpid(), self._number)


class SteppingLedger(Ledger):
    """Steps around the transactions."""

    def __init__(self, database: Database, steps: Steps, rules: Rules) -> None:
        super().__init__(database, "main", rules)
        self._steps = steps

    async def post(self, signal: Signal) -> Posted:
        self._steps.at("signal: before its commit")
        posted = await super().post(signal)
        self._steps.at("signal: after its commit")
        return posted

    async def read_work(self, shard: int) -> Work:
        self._steps.at("work: before it is read")
        work = await super().read_work(shard)
        self._steps.at("work: after it was read")
        return work

    async def commit_intent(self, order: Order, check: IntentCheck) -> IntentOutcome:
        self._steps.at("intent: before its commit")
        outcome = await super().commit_intent(order, check)
        self._steps.at("intent: after its commit")
        return outcome

    async def record(self, writer: Writer, order: Order, report: Report | None) -> bool:
        self._steps.at("outcome: before its commit")
        recorded = await super().record(writer, order, report)
        self._steps.at("outcome: after its commit")
        return recorded


class SteppingVenue(CcxtVenue):
    """Steps around the requests."""

    steps: Steps

    async def place(self, order_id: str, terms: Terms, stamp: float) -> Report:
        self.steps.at("order: before it is sent")
        report = await super().place(order_id, terms, stamp)
        self.steps.at("order: after it was answered")
        return report

    async def find(self, order_id: str, symbol: str) -> Report | None:
        self.steps.at("question: before it is asked")
        report = await super().find(order_id, symbol)
        self.steps.at("question: after it was answered")
        return report


class Nobody:
    """Watches nothing."""

    def decided(self, order: Order) -> None: ...
    def answered(
        self, order: Order, report: Report | None, since_decided_seconds: float | None
    ) -> None: ...
    def ended(self, signal: str, fate: Fate, reason: str) -> None: ...
    def late(self, refused_by: str) -> None:
        print(f"late: {refused_by}", flush=True)  # noqa: T201 - the test reads it

    def quiet(self, seconds: float) -> None: ...


def signals(count: int) -> list[Signal]:
    """The same at every start: a client that got no answer posts again."""
    return [
        Signal(
            f"s-{number}",
            Terms(
                symbol := SYMBOLS[number % len(SYMBOLS)],
                Side.SELL if number % 3 == 2 else Side.BUY,
                QUANTITIES[symbol],
            ),
            MAX_AGE_SECONDS,
            "test",
        )
        for number in range(count)
    ]


def build(database: Database, url: str, steps: Steps) -> tuple[Trader, Ledger]:
    """Put a trader together that is active and alone."""
    rules, clock, market_state = Rules(TIMINGS), Clock(), MarketState(SYMBOLS)
    ledger = SteppingLedger(database, steps, rules)
    venue = SteppingVenue(
        Access(url, SecretStr(DEFAULT_KEY), SecretStr(DEFAULT_SECRET)),
        SYMBOLS,
        window_seconds=TIMINGS.venue_window_seconds,
    )
    venue.steps = steps
    intent = IntentState(Color.BLUE, clock)
    intent.show(Intent(Color.BLUE).to_data(), "test")
    made: list[Trader] = []
    recovery = Recovery(
        ledger=ledger, venue=venue, market_state=market_state, boot=boot_seconds, rules=rules
    )
    keeper = Keeper(
        pod="victim",
        color=Color.BLUE,
        ledger=ledger,
        venue=venue,
        intent=intent,
        wants=lambda: True,
        before_release=lambda leases: made[0].wind_down(leases),  # noqa: PLW0108 - it is made after this
        recovery=recovery,
        rules=rules,
    )
    made.append(
        Trader(
            ledger=ledger,
            venue=venue,
            read_prices=venue.prices,
            market_state=market_state,
            keeper=keeper,
            executor=Executor(
                ledger, venue, risk_check.RiskCheck(market_state, lambda: LIMITS), Nobody()
            ),
            reconciler=Reconciler(ledger=ledger, venue=venue, market_state=market_state),
            recovery=recovery,
            startup=Startup(60, clock),
            on_prices=list,
            policy=ShutdownPolicy.HANDOVER,
            shutdown_seconds=5,
            retention_seconds=1e6,
            clock=clock,
            rules=rules,
        )
    )
    return made[0], ledger


async def _decided(trader: Trader, posted: Signal) -> None:
    """Wait for its fate; a client that is told that it is not known posts it again."""
    while True:
        with contextlib.suppress(LedgerError):
            record = await trader.find(posted.signal_id)
            if record is None:
                await trader.post(posted)
            elif record.fate:
                return
        await asyncio.sleep(0.02)


async def _settled(ledger: Ledger) -> None:
    """Wait until what an earlier life left unresolved is known, too."""
    busy = True
    while busy:
        with contextlib.suppress(LedgerError):
            busy = bool(await ledger.busy_shards())
        await asyncio.sleep(0.02)


async def _post(trader: Trader, posted: Signal) -> None:
    """Again until it is accepted, as clients do."""
    while True:
        with contextlib.suppress(LedgerError):
            await trader.post(posted)
            return
        await asyncio.sleep(0.1)


async def live(database: Database, url: str, steps: Steps, count: int, seconds: float) -> int:
    """Post every signal, wait for every fate and order, end in order."""
    trader, ledger = build(database, url, steps)
    running = asyncio.create_task(trader.run())
    try:
        async with asyncio.timeout(seconds):
            while not trader.started:  # noqa: ASYNC110 - a poll from outside, as a client does
                await asyncio.sleep(0.02)
            for posted in signals(count):
                await _post(trader, posted)
            for posted in signals(count):
                await _decided(trader, posted)
            await _settled(ledger)
    except TimeoutError:
        return NOT_IN_TIME
    finally:
        trader.stop()
        await running
    return ALL_DECIDED


def main(arguments: Sequence[str]) -> int:
    """Run one life."""
    parser = argparse.ArgumentParser(prog="python -m tests.bot.crash.victim")
    parser.add_argument("--postgres")
    parser.add_argument("--sqlite")
    parser.add_argument("--venue", required=True)
    parser.add_argument("--signals", type=int, required=True)
    parser.add_argument("--kill-at", default="")
    parser.add_argument("--stop-at", default="")
    parser.add_argument("--nth", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=30.0)
    given = parser.parse_args(arguments)
    database = Postgres(given.postgres) if given.postgres else Sqlite(given.sqlite)
    number = signal.SIGSTOP if given.stop_at else signal.SIGKILL
    steps = Steps(given.stop_at or given.kill_at, given.nth, number)
    return asyncio.run(live(database, given.venue, steps, given.signals, given.seconds))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
