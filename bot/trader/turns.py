"""Executes what the rules of authority say, on the ledger and the venue. No policy here."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Protocol

import structlog

from bot.authority.orders import Order
from bot.authority.protocol import (
    Answer,
    Ask,
    AskLists,
    Close,
    CommitIntent,
    Effect,
    ReadWork,
    Recall,
    Record,
    Reply,
    Send,
    Turn,
)
from bot.ledger.ledger import Ledger
from bot.ledger.outcomes import Approval, Approved, Facts, NotWritten, Refused, Writer
from bot.ledger.port import LedgerError
from bot.trader.keeper import boot_seconds
from bot.trading.orders import Report, State, Terms
from bot.trading.signals import Fate
from bot.venues.port import KnownError, NotTakenError, RejectedError, Venue, VenueError

SEND_SECONDS = 2.0
"""How long an answer is waited for. Longer than the venue's window: it may come late."""
LISTS_SECONDS = 5.0
"""The same for lists: they have pages."""
LISTED_BEFORE_SECONDS = 10.0
"""How much older than its stamp an order may be in a list: the venue's servers are not at one."""

REPLIES = {
    State.ACKED: Reply.ACKED,
    State.PARTIALLY_FILLED: Reply.PARTIALLY_FILLED,
    State.FILLED: Reply.FILLED,
    State.CANCELLED: Reply.CANCELLED,
    State.REJECTED: Reply.REJECTED,
}

_log = structlog.get_logger(__name__)


class Watcher(Protocol):
    """Who wants to know what happened."""

    def decided(self, order: Order) -> None:
        """An intent is committed."""
        ...

    def answered(
        self, order: Order, report: Report | None, since_decided_seconds: float | None
    ) -> None:
        """What became of an order is recorded. None: this turn did not decide it."""
        ...

    def ended(self, signal: str, fate: Fate, reason: str) -> None:
        """A signal has its fate without an order."""
        ...

    def late(self, refused_by: str) -> None:
        """An order was refused for being late: by the `venue` or by the `ledger`."""
        ...

    def quiet(self, seconds: float) -> None:
        """The venue asked for silence."""
        ...


class Executor:
    """Drives one turn at a time per shard."""

    def __init__(
        self,
        ledger: Ledger,
        venue: Venue,
        check: Callable[[Terms, Facts], Approval],
        watcher: Watcher,
    ) -> None:
        self._ledger = ledger
        self._venue = venue
        self._check = check
        self._watcher = watcher

    async def drive(self, turn: Turn) -> bool:
        """Run a turn to its end; say whether the shard moved on (look again at once)."""
        run = TurnRun(self._ledger, self._venue, self._check, self._watcher)
        answer: Answer = None
        try:
            while True:
                answer = await run.execute(turn.send(answer))
        except StopIteration:
            return run.moved


class TurnRun:
    """Executes the effects of one turn, which is about one order or one signal.

    What the rules do not look at stays here: the order's terms on the market's grids, and the
    venue's report about it.
    """

    def __init__(
        self,
        ledger: Ledger,
        venue: Venue,
        check: Callable[[Terms, Facts], Approval],
        watcher: Watcher,
    ) -> None:
        self.moved = False
        """Whether something else is to be done next."""
        self._ledger = ledger
        self._venue = venue
        self._check = check
        self._watcher = watcher
        self._approved: Terms | None = None
        self._decided_at: float | None = None
        """Boot time."""
        self._report: Report | None = None

    async def execute(self, effect: Effect) -> Answer:  # noqa: PLR0911 - one per effect
        """Do it; return what the rules are told, None when no answer came."""
        try:
            match effect:
                case ReadWork(shard):
                    return await self._ledger.read_work(shard)
                case CommitIntent(order):
                    return await self._commit(order)
                case Send(order):
                    return await self._send(order)
                case Ask(order):
                    return await self._ask(order)
                case AskLists(order):
                    return await self._ask_lists(order)
                case Record(order, holder, epoch):
                    return await self._record(order, Writer(holder, epoch, order.shard))
                case Recall(order, holder, epoch):
                    return await self._recall(order, Writer(holder, epoch, order.shard))
                case Close():
                    return await self._close(effect)
        except LedgerError as error:
            _log.warning("ledger", asked=type(effect).__name__, reason=str(error))
            return None

    async def _close(self, close: Close) -> bool:
        writer = Writer(close.holder, close.epoch, close.signal.shard)
        closed = await self._ledger.close_signal(
            writer, close.signal, close.attempts, close.fate, close.reason
        )
        if closed:
            self.moved = True
            self._watcher.ended(close.signal.signal, close.fate, close.reason)
        return closed

    async def _commit(self, order: Order) -> bool:
        terms = _terms(order)
        outcome = await self._ledger.commit_intent(order, lambda facts: self._check(terms, facts))
        match outcome:
            case Approved(approved):
                self._approved, self._decided_at = approved, boot_seconds()
                self._watcher.decided(order)
                return True
            case Refused(reason):
                self.moved = True
                _log.warning("signal refused", signal=order.signal, reason=reason)
                self._watcher.ended(order.signal, Fate.REFUSED, reason)
            case NotWritten():
                if outcome is NotWritten.LEASE:
                    self._watcher.late("ledger")
                _log.info("order not written", order=order.order_id, reason=outcome.value)
        return False

    async def _send(self, order: Order) -> Reply | None:
        if (terms := self._approved) is None:
            raise TypeError(f"order {order.order_id} is not committed: it must not be sent")
        try:
            async with asyncio.timeout(SEND_SECONDS):
                self._report = await self._venue.place(order.order_id, terms, order.stamp)
        except RejectedError as error:
            self._report = Report(order.order_id, terms.symbol, State.REJECTED, reason=str(error))
        except KnownError as error:
            _log.warning("order known already", order=order.order_id, reason=str(error))
            return Reply.KNOWN
        except NotTakenError as error:
            _log.warning("order not taken", order=order.order_id, reason=str(error))
            if error.retry_after_seconds:
                self._watcher.quiet(error.retry_after_seconds)
            else:
                self._watcher.late("venue")
            return Reply.NOT_TAKEN
        except (VenueError, TimeoutError) as error:
            _log.warning("order unanswered", order=order.order_id, reason=_reason(error))
            return None
        return REPLIES[self._report.state]

    async def _ask(self, order: Order) -> Reply | None:
        try:
            async with asyncio.timeout(SEND_SECONDS):
                self._report = await self._venue.find(order.order_id, _terms(order).symbol)
        except (VenueError, TimeoutError) as error:
            _log.warning("order not found out", order=order.order_id, reason=_reason(error))
            return None
        return REPLIES[self._report.state] if self._report else Reply.ABSENT

    async def _ask_lists(self, order: Order) -> Reply | None:
        symbol = _terms(order).symbol
        since_us = int((order.stamp - LISTED_BEFORE_SECONDS) * 1_000_000)
        try:
            async with asyncio.timeout(LISTS_SECONDS):
                orders = await self._venue.orders(symbol, since_us)
                fills = await self._venue.fills(symbol, since_us)
        except (VenueError, TimeoutError) as error:
            reason = str(error) or f"no answer within {LISTS_SECONDS:g} s"
            _log.warning("order not looked up", order=order.order_id, reason=reason)
            return None
        report = next((one for one in orders if one.order_id == order.order_id), None)
        traded = tuple(fill for fill in fills if fill.order_id == order.order_id)
        if report is None and traded:
            _log.warning("order only among the trades", order=order.order_id)
            return None
        if report is None:
            return Reply.ABSENT
        self._report = replace(report, fills=traded)
        return REPLIES[report.state]

    async def _record(self, order: Order, writer: Writer) -> bool:
        recorded = await self._ledger.record(writer, order, self._report)
        if recorded:
            self.moved = self.moved or order.state is not State.UNKNOWN
            passed = None if self._decided_at is None else boot_seconds() - self._decided_at
            self._watcher.answered(order, self._report, passed)
        return recorded

    async def _recall(self, order: Order, writer: Writer) -> bool:
        if (report := self._report) is None:
            raise TypeError(f"order {order.order_id}: the venue was not asked")
        _log.warning("order recalled", order=order.order_id, state=order.state.value)
        self.moved = await self._ledger.recall(writer, order, report)
        if self.moved:
            self._watcher.answered(order, report, None)
        return self.moved


def _terms(order: Order) -> Terms:
    if order.terms is None:
        raise TypeError(f"order {order.order_id} has no terms: it did not come from the ledger")
    return order.terms


def _reason(error: Exception) -> str:
    return str(error) or f"no answer within {SEND_SECONDS:g} s"
