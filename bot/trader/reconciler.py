"""Holds the ledger against the venue: what rests, what was filled, what the account owns.

What the venue knows of our own orders is taken over; everything else is a difference with a name.
Ours is what the ledger ordered: every order at an exchange has a client id. A difference that lasts
for longer than the venue may lag makes the account read-only, and is noted for a person to end.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import structlog

from bot.authority.client_ids import is_ours
from bot.authority.lease import ACCOUNT
from bot.contract.environment import ORDER_MARK_DEFAULT
from bot.contract.shards import shard_of
from bot.ledger.ledger import Ledger
from bot.ledger.outcomes import Writer
from bot.trader.keeper import boot_seconds
from bot.trader.market_state import MarketState
from bot.trader.notes import Notes
from bot.trading import differences
from bot.trading.differences import Difference, Expected, Kind, Shown, unique
from bot.trading.orders import Fill, State
from bot.venues.port import Kept, Venue

OVERLAP_US = 60_000_000
"""How far back fills are asked for again: a venue may show one late."""
LATE_LAGS = 4
"""The same in lags: a fill that is later than it should be must be found too."""

_log = structlog.get_logger(__name__)
NOT_BALANCED = Expected({}, {})
"""What another process expects, which holds the account."""
Differences = tuple[Difference, ...]
Writers = Callable[[int], Writer | None]
"""Says who writes under a lease, if it is held."""


class Reconciler:
    """One account's comparison."""

    def __init__(  # noqa: PLR0913 - everything that it touches is passed in
        self,
        *,
        ledger: Ledger,
        venue: Venue,
        market_state: MarketState,
        mark: str = ORDER_MARK_DEFAULT,
        lag_seconds: float = 0.0,
        boot: Callable[[], float] = boot_seconds,
    ) -> None:
        self.differences: Differences = ()
        """Of the last look."""
        self.error: str | None = "not done yet"
        """Why the last look did not come to its end."""
        self.read_only: str | None = None
        """Why the account itself refuses new risk."""
        self.orders_by_state: dict[State, int] = {}
        self.signals_pending = 0
        self.done_at: datetime | None = None
        self._ledger = ledger
        self._venue = venue
        self._market_state = market_state
        self._mark = mark
        self._shown: Shown | None = None
        """The balances of the last look."""
        self._notes = Notes(ledger)
        self._turn: dict[str, int] = {}
        """The epochs of the last look, by symbol."""
        self._since_us: int | None = None
        """Venue time from which fills are compared; None before the first look."""
        self._boot = boot
        self._lag_seconds = lag_seconds
        """How late the venue may show what it did."""
        self._overlap_us = max(OVERLAP_US, int(LATE_LAGS * lag_seconds * 1_000_000))
        self._first_seen: dict[tuple[str, ...], float] = {}
        """Boot time of the look at which each difference of the last one was seen first."""
        self._moved: tuple[Mapping[str, Decimal], float] = ({}, 0.0)
        """What fills and bookings changed, and the boot time since which it is so."""

    @property
    def clean(self) -> bool:
        """Whether the last look found ledger and venue equal."""
        return self.error is None and not self.differences

    async def restore(self) -> None:
        """Bring the market_state up to what the ledger and the venue hold."""
        await self._venue.resume(await self._kept())
        await self.refresh()
        balances = await self._venue.balances()
        self._market_state.balances = {name: balance.total for name, balance in balances.items()}

    async def _kept(self) -> Kept:
        """Return what the ledger keeps of the account, from the first look's beginning on."""
        expected = await self._ledger.expected(await self._first_look_us())
        resting = await self._ledger.resting()
        orders = {order.order_id: order.terms for order in resting if order.terms}
        return Kept(expected.totals, expected.fills, orders)

    async def refresh(self) -> None:
        """Read what the ledger holds: who does not trade tells no old positions."""
        self._market_state.positions = (await self._ledger.facts()).positions
        await self._read_account()

    async def _read_account(self) -> None:
        self.read_only = (await self._ledger.read_only()).reason
        self.orders_by_state = await self._ledger.orders_by_state()
        self.signals_pending = await self._ledger.signals_pending()

    def failed(self, reason: str) -> None:
        """Note that a look did not come to its end."""
        if reason != self.error:
            _log.warning("reconciliation failed", reason=reason)
        self.error = reason

    async def run(self, writer_of: Writers) -> None:
        """Look once: at the symbols whose leases are held, and at the account with its own.

        Raises:
            LedgerError, VenueError: one of them did not answer; nothing is concluded.
        """
        account, ours = writer_of(ACCOUNT), self._ours(writer_of)
        if not (account or ours):
            await self.refresh()
            return
        named = [
            *await self._resting(writer_of),
            *await self._fills(ours),
            *await self._foreign_orders(ours),
        ]
        if named:
            resolved = await self._ledger.resolved()
            await self._end_resolved(named, resolved, writer_of)
            named = [one for one in unique(named) if one.subject not in resolved]
        expected, shown = await self._balances(account)
        named += expected.differences(shown)
        lasting = self._lasting(named, expected)
        self._tell(named)
        self.differences, self._shown, self.error = tuple(named), shown, None
        await self._note(lasting, expected.bookings, [*ours.values(), *filter(None, [account])])
        await self._end_read_only(account)
        await self._read_account()
        self.done_at = datetime.now(UTC)

    def _lasting(self, named: Sequence[Difference], expected: Expected) -> list[Difference]:
        """Return what is no lag: seen at the last look too, for the first time a lag ago.

        A reset is told only of what is older than that already.
        """
        now = self._boot()
        subjects = [one.subject for one in named]
        self._first_seen = {each: self._first_seen.get(each, now) for each in subjects}
        seen_before = differences.lasting(named, self.differences, expected, self._shown)
        return [
            *(one for one in named if one.kind is Kind.RESET),
            *(
                one
                for one in seen_before
                if one.kind is not Kind.RESET
                and now - self._first_seen[one.subject] >= self._lag_seconds
            ),
        ]

    def _ours(self, writer_of: Writers) -> dict[str, Writer]:
        """Return the symbols whose leases are held, and who writes under them."""
        return {
            symbol: writer
            for symbol in self._market_state.symbols
            if (writer := writer_of(shard_of(symbol)))
        }

    def _tell(self, named: Sequence[Difference]) -> None:
        if tuple(named) != self.differences:
            level = logging.WARNING if named else logging.INFO
            _log.log(level, "reconciled", differences=[str(one) for one in named])

    async def _note(
        self, lasting: Sequence[Difference], bookings: int, writers: Sequence[Writer]
    ) -> None:
        """Make the account read-only for what lasts, and keep that for a person."""
        if lasting:
            words = differences.listed(lasting)
            await self._ledger.set_read_only(f"ledger and venue differ: {words}")
        await self._notes.keep(lasting, bookings, writers)

    async def _end_read_only(self, account: Writer | None) -> None:
        before = await self._ledger.read_only()
        if account and before.reason and self.clean and await self._ledger.leave_read_only():
            _log.warning("read-only ended", was=before.reason, by=before.acknowledged_by)

    async def _resting(self, writer_of: Writers) -> list[Difference]:
        """Take over what became of resting orders."""
        missing: list[Difference] = []
        for order in await self._ledger.resting():
            writer = writer_of(order.shard)
            if writer is None or order.terms is None:
                continue
            report = await self._venue.find(order.order_id, order.terms.symbol)
            if report is None:
                missing.append(differences.missing_order(order.order_id, order.terms.symbol))
            else:
                await self._ledger.record(writer, replace(order, state=report.state), report)
        return missing

    async def _end_resolved(
        self, named: Sequence[Difference], resolved: frozenset[tuple[str, ...]], writer_of: Writers
    ) -> None:
        """End the orders that a person says are gone: nothing will fill them any more."""
        gone = {
            one.about[0]
            for one in named
            if one.kind is Kind.MISSING_ORDER and one.subject in resolved
        }
        if not gone:
            return
        for order in await self._ledger.resting():
            if order.order_id in gone and (writer := writer_of(order.shard)):
                await self._ledger.record(writer, replace(order, state=State.CANCELLED), None)

    async def _fills(self, ours: Mapping[str, Writer]) -> list[Difference]:
        """Take over the fills of our orders; name the others, and those that are gone."""
        turn = {symbol: writer.epoch for symbol, writer in ours.items()}
        if turn != self._turn:
            # What an earlier holder did not see any more lies before its own last look.
            self._turn, self._since_us = turn, None
        since = self._since_us
        if since is None:
            since = await self._first_look_us()
        known = {
            (fill.symbol, fill.trade_id): fill
            for fill in await self._ledger.fills(since)
            if fill.symbol in ours
        }
        newest, seen = since, 0
        named: list[Difference] = []
        for symbol, writer in ours.items():
            fills = await self._venue.fills(symbol, since)
            newest, seen = max([newest, *(fill.at_us for fill in fills)]), seen + len(fills)
            new = [fill for fill in fills if (symbol, fill.trade_id) not in known]
            named += self._foreign_fills(await self._ledger.record_fills(writer, new) or ())
            for fill in fills:
                known.pop((symbol, fill.trade_id), None)
        self._since_us = max(since, newest - self._overlap_us)
        if known and not seen and (reset := await self._reset(list(known.values()))):
            return [*named, reset]
        return named + [differences.missing_fill(fill) for fill in known.values()]

    async def _reset(self, gone: Sequence[Fill]) -> Difference | None:
        """Say that the venue has forgotten us, if it has: the trades, and their newest order.

        Younger trades than the lag, with an answer already, may just not be listed yet.
        """
        newest = max(gone, key=lambda fill: fill.key)
        if newest.at_us / 1e6 + self._lag_seconds > await self._venue.time():
            return None
        if await self._venue.find(newest.order_id, newest.symbol):
            return None
        return differences.reset(newest, len(gone), self._lag_seconds)

    def _foreign_fills(self, fills: Sequence[Fill]) -> list[Difference]:
        """Name fills that are not the ledger's; with our mark, by their order."""
        return [
            differences.unknown_order(fill.order_id, fill.symbol)
            if is_ours(fill.order_id, self._mark)
            else differences.foreign_fill(fill)
            for fill in fills
        ]

    async def _foreign_orders(self, ours: Mapping[str, Writer]) -> list[Difference]:
        """Name what rests at the venue and is not the ledger's."""
        resting = [report for symbol in ours for report in await self._venue.open_orders(symbol)]
        unknown = await self._ledger.unknown_orders({report.order_id for report in resting})
        return [
            differences.unknown_order(report.order_id, report.symbol, report.terms)
            if is_ours(report.order_id, self._mark)
            else differences.foreign_order(report)
            for report in resting
            if report.order_id in unknown
        ]

    async def _first_look_us(self) -> int:
        """Return where to begin: what an account did before its first order here is not ours."""
        known = await self._ledger.fills_known_to_us()
        if known is None:
            return int(await self._venue.time() * 1_000_000)
        return max(0, known - self._overlap_us)

    async def _balances(self, writer: Writer | None) -> tuple[Expected, Shown]:
        """Read what the account owns and, for its holder, what it should own."""
        asked_us = int(await self._venue.time() * 1_000_000)
        balances = await self._venue.balances()
        totals = {currency: balance.total for currency, balance in balances.items()}
        self._market_state.positions = (await self._ledger.facts()).positions
        self._market_state.balances = totals
        shown = Shown(totals, asked_us)
        if writer is None:
            return NOT_BALANCED, shown
        oldest = min(asked_us, self._shown.asked_us if self._shown else asked_us)
        expected = await self._ledger.expected(oldest - differences.STALE_US)
        currencies = {part for symbol in self._market_state.symbols for part in symbol.split("/")}
        fresh = expected.baselines(currencies, shown)
        if fresh and self._is_at_rest(expected.moved):
            await self._ledger.set_baselines(writer, fresh)
        return expected.only(currencies), shown

    def _is_at_rest(self, moved: Mapping[str, Decimal]) -> bool:
        """Say whether no fill is so new that the balances may not show it yet."""
        now = self._boot()
        if moved != self._moved[0]:
            self._moved = (moved, now)
        return not moved or now - self._moved[1] >= self._lag_seconds
