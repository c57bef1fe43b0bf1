"""Executes what the rules of authority say, on the ledger and the venue. No policy here."""

import asyncio
from collections.abc import Callable
from typing import Protocol

import structlog

from bot.authority.orders import Order, Signal, Work
from bot.authority.protocol import (
    Answer,
    Ask,
    Close,
    CommitIntent,
    Effect,
    ReadWork,
    Record,
    Reply,
    Send,
    Turn,
)
from bot.authority.timings import DEFAULTS
from bot.ledger.ledger import Ledger
from bot.ledger.port import LedgerError
from bot.ledger.scripts import Approved, Facts, NotWritten, Refused, Verdict, Writer
from bot.trader.keeper import boot_seconds
from bot.trading.orders import Report, State, Terms
from bot.trading.signals import Fate
from bot.venues.port import NotTakenError, RejectedError, Venue, VenueError

SEND_SECONDS = 2.0
"""How long an answer is waited for. Longer than the venue's window: it may come late."""

REPLIES = {
    State.ACKED: Reply.ACKED,
    State.PARTIALLY_FILLED: Reply.PARTIALLY_FILLED,
    State.FILLED: Reply.FILLED,
    State.CANCELLED: Reply.CANCELLED,
    State.REJECTED: Reply.REJECTED,
}
EXPIRED = "older than its max_age_seconds before it could be sent"
TRIED = "every attempt was lost on the way to the venue"

_log = structlog.get_logger(__name__)


class Watcher(Protocol):
    """Who wants to know what happened."""

    def decided(self, order: Order) -> None:
        """An intent is committed."""
        ...

    def answered(self, order: Order, report: Report | None) -> None:
        """What became of an order is recorded."""
        ...

    def ended(self, signal: str, fate: Fate, reason: str) -> None:
        """A signal has its fate."""
        ...

    def late(self, refused_by: str) -> None:
        """An order was refused for being late: by the `venue` or by the `ledger`."""
        ...

    def quiet(self, seconds: float) -> None:
        """The venue asked for silence."""
        ...


class Executor:
    """Drives one turn at a time per shard; knows the exact terms and reports of its orders."""

    def __init__(
        self,
        ledger: Ledger,
        venue: Venue,
        judge: Callable[[Terms, Facts], Verdict],
        watcher: Watcher,
    ) -> None:
        self._ledger = ledger
        self._venue = venue
        self._judge = judge
        self._watcher = watcher
        self._terms: dict[str, Terms] = {}
        self._reports: dict[str, Report] = {}
        self._refused: set[str] = set()
        self._too_late_at: dict[str, float] = {}

    async def drive(self, turn: Turn) -> bool:
        """Run a turn to its end; say whether the shard moved on (look again at once)."""
        answer: Answer = None
        moved = False
        try:
            while True:
                effect = turn.send(answer)
                answer = await self._execute(effect)
                moved = moved or self._moves(effect, answer)
        except StopIteration:
            return moved

    async def _execute(self, effect: Effect) -> Answer:  # noqa: PLR0911 - one per effect
        try:
            match effect:
                case ReadWork(shard):
                    return await self._read(shard)
                case CommitIntent(order):
                    return await self._commit(order)
                case Send(order):
                    return await self._send(order)
                case Ask(order):
                    return await self._ask(order)
                case Record(order, holder, epoch):
                    return await self._record(order, Writer(holder, epoch, order.shard))
                case Close():
                    return await self._close(effect)
        except LedgerError as error:
            _log.warning("ledger", asked=type(effect).__name__, reason=str(error))
            return None

    def _moves(self, effect: Effect, answer: Answer) -> bool:
        """Say whether this changed what is to be done next."""
        match effect:
            case CommitIntent(order):
                refused = order.signal in self._refused
                self._refused.discard(order.signal)
                return refused
            case Record(order):
                return answer is True and order.state is not State.UNKNOWN
            case Close():
                return answer is True
            case _:
                return False

    async def _close(self, close: Close) -> bool:
        reason = EXPIRED if close.fate is Fate.EXPIRED else TRIED
        writer = Writer(close.holder, close.epoch, close.signal.shard)
        closed = await self._ledger.close_signal(
            writer, close.signal, close.attempts, close.fate, reason
        )
        if closed:
            self._watcher.ended(close.signal.signal, close.fate, reason)
        return closed

    async def _read(self, shard: int) -> Work:
        asked = boot_seconds()
        work = await self._ledger.read_work(shard)
        if signal := work.signal:
            left = signal.max_age_seconds - (work.now - signal.received_at)
            self._too_late_at[signal.signal] = asked + left - DEFAULTS.venue_window_seconds
        return work

    async def _commit(self, order: Order) -> bool:
        """Commit, unless the venue might execute it later than its signal's age allows."""
        if boot_seconds() > self._too_late_at.pop(order.signal, 0.0):
            signal = Signal(order.signal, order.shard, 0.0, 0.0)
            tried = order.attempt - 1
            await self._close(Close(signal, tried, Fate.EXPIRED, order.holder, order.epoch))
            self._refused.add(order.signal)
            return False
        terms = _terms(order)
        outcome = await self._ledger.commit_intent(order, lambda facts: self._judge(terms, facts))
        match outcome:
            case Approved(approved):
                self._terms[order.order_id] = approved
                self._watcher.decided(order)
                return True
            case Refused(reason):
                self._refused.add(order.signal)
                _log.warning("signal refused", signal=order.signal, reason=reason)
                self._watcher.ended(order.signal, Fate.REFUSED, reason)
            case NotWritten():
                if outcome is NotWritten.LEASE:
                    self._watcher.late("ledger")
                _log.info("order not written", order=order.order_id, reason=outcome.value)
        return False

    async def _send(self, order: Order) -> Reply | None:
        terms = self._terms.pop(order.order_id)
        try:
            async with asyncio.timeout(SEND_SECONDS):
                report = await self._venue.place(order.order_id, terms, order.stamp)
        except RejectedError as error:
            self._reports[order.order_id] = Report(
                order.order_id, terms.symbol, State.REJECTED, reason=str(error)
            )
            return Reply.REJECTED
        except NotTakenError as error:
            _log.warning("order not taken", order=order.order_id, reason=str(error))
            if not error.retry_after_seconds:
                self._watcher.late("venue")
            if error.retry_after_seconds:
                self._watcher.quiet(error.retry_after_seconds)
            return Reply.NOT_TAKEN
        except (VenueError, TimeoutError) as error:
            _log.warning("order unanswered", order=order.order_id, reason=_reason(error))
            return None
        self._reports[order.order_id] = report
        return REPLIES[report.state]

    async def _ask(self, order: Order) -> Reply | None:
        try:
            async with asyncio.timeout(SEND_SECONDS):
                report = await self._venue.find(order.order_id, _terms(order).symbol)
        except (VenueError, TimeoutError) as error:
            _log.warning("order not found out", order=order.order_id, reason=_reason(error))
            return None
        if report is None:
            return Reply.ABSENT
        self._reports[order.order_id] = report
        return REPLIES[report.state]

    async def _record(self, order: Order, writer: Writer) -> bool:
        report = self._reports.get(order.order_id)
        recorded = await self._ledger.record(writer, order, report)
        if recorded:
            self._reports.pop(order.order_id, None)
            self._watcher.answered(order, report)
        return recorded


def _terms(order: Order) -> Terms:
    if order.terms is None:
        raise TypeError(f"order {order.order_id} has no terms: it did not come from the ledger")
    return order.terms


def _reason(error: Exception) -> str:
    return str(error) or f"no answer within {SEND_SECONDS:g} s"
