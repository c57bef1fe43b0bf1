"""Holds the ledger against the venue: what rests, what was filled, what the account owns.

What the venue knows of our own orders is taken over; everything else is a difference with a name.
A difference that lasts for longer than the venue may lag makes the account read-only.
"""

import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import structlog

from bot.authority.lease import ACCOUNT
from bot.contract.shards import shard_of
from bot.ledger.ledger import Ledger
from bot.ledger.outcomes import Writer
from bot.trader.keeper import boot_seconds
from bot.trader.market_state import MarketState
from bot.trading.orders import ZERO, Fill, State
from bot.venues.port import Venue

OVERLAP_US = 60_000_000
"""How far back fills are asked for again: a venue may show one late."""
LATE_LAGS = 4
"""The same in lags: a fill that is later than it should be must be found too."""

_log = structlog.get_logger(__name__)
RESET = "the venue was reset"
Differences = tuple[str, ...]
Writers = Callable[[int], Writer | None]
"""Says who writes under a lease, if it is held."""


class Reconciler:
    """One account's comparison."""

    def __init__(
        self,
        *,
        ledger: Ledger,
        venue: Venue,
        market_state: MarketState,
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
        self._turn: dict[str, int] = {}
        """The epochs of the last look, by symbol."""
        self._since_us: int | None = None
        """Venue time from which fills are compared; None before the first look."""
        self._boot = boot
        self._lag_seconds = lag_seconds
        """How late the venue may show what it did."""
        self._overlap_us = max(OVERLAP_US, int(LATE_LAGS * lag_seconds * 1_000_000))
        self._first_seen: dict[str, float] = {}
        """Boot time of the look at which each difference of the last one was seen first."""
        self._net: tuple[dict[str, Decimal], float] = ({}, 0.0)
        """What fills changed, and the boot time since which it is so."""

    @property
    def clean(self) -> bool:
        """Whether the last look found ledger and venue equal."""
        return self.error is None and not self.differences

    async def restore(self) -> None:
        """Bring the market_state up to what the ledger and the venue hold."""
        await self.refresh()
        balances = await self._venue.balances()
        self._market_state.balances = {name: balance.total for name, balance in balances.items()}

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
        account = writer_of(ACCOUNT)
        if not (
            account or any(writer_of(shard_of(symbol)) for symbol in self._market_state.symbols)
        ):
            await self.refresh()
            return
        differences = [*await self._resting(writer_of), *await self._fills(writer_of)]
        differences += await self._balances(account)
        lasting = self._lasting(differences)
        if tuple(differences) != self.differences:
            level = logging.WARNING if differences else logging.INFO
            _log.log(level, "reconciled", differences=differences)
        self.differences, self.error = tuple(differences), None
        if lasting:
            await self._ledger.set_read_only(f"ledger and venue differ: {'; '.join(lasting)}")
        before = await self._ledger.read_only()
        if account and before.reason and self.clean and await self._ledger.leave_read_only():
            _log.warning("read-only ended", was=before.reason, by=before.acknowledged_by)
        await self._read_account()
        self.done_at = datetime.now(UTC)

    def _lasting(self, differences: list[str]) -> Differences:
        """Return what is no lag: seen at the last look too, for the first time a lag ago.

        A reset is told only of what is older than that already.
        """
        now = self._boot()
        self._first_seen = {each: self._first_seen.get(each, now) for each in differences}
        return tuple(
            each
            for each in differences
            if each.startswith(RESET)
            or (each in self.differences and now - self._first_seen[each] >= self._lag_seconds)
        )

    async def _resting(self, writer_of: Writers) -> list[str]:
        """Take over what became of resting orders."""
        missing: list[str] = []
        for order in await self._ledger.resting():
            writer = writer_of(order.shard)
            if writer is None or order.terms is None:
                continue
            report = await self._venue.find(order.order_id, order.terms.symbol)
            if report is None:
                missing.append(f"order {order.order_id}: the venue does not have it any more")
            else:
                await self._ledger.record(writer, replace(order, state=report.state), report)
        return missing

    async def _fills(self, writer_of: Writers) -> list[str]:
        ours = {
            symbol: writer
            for symbol in self._market_state.symbols
            if (writer := writer_of(shard_of(symbol)))
        }
        turn = {symbol: writer.epoch for symbol, writer in ours.items()}
        if turn != self._turn:
            # What an earlier holder did not see any more lies before its own last look.
            self._turn, self._since_us = turn, None
        since = self._since_us
        if since is None:
            since = await self._first_look_us()
        known = [fill for fill in await self._ledger.fills(since) if fill.symbol in ours]
        seen: set[tuple[str, str]] = set()
        differences: list[str] = []
        newest = since
        for symbol, writer in ours.items():
            fills = await self._venue.fills(symbol, since)
            seen.update((symbol, fill.trade_id) for fill in fills)
            newest = max([newest, *(fill.at_us for fill in fills)])
            await self._ledger.record_fills(writer, [fill for fill in fills if fill.order_id])
            differences += [
                f"fill {symbol} {fill.trade_id}: of an order that is not ours"
                for fill in fills
                if not fill.order_id
            ]
        gone = [fill for fill in known if (fill.symbol, fill.trade_id) not in seen]
        if gone and not seen and (reset := await self._reset(gone)):
            differences.append(reset)
        else:
            differences += [
                f"fill {fill.symbol} {fill.trade_id}: the venue does not have it" for fill in gone
            ]
        self._since_us = max(since, newest - self._overlap_us)
        return differences

    async def _reset(self, gone: list[Fill]) -> str | None:
        """Say that the venue has forgotten us, if it has: the trades, and their newest order.

        Younger trades than the lag, with an answer already, may just not be listed yet.
        """
        newest = max(gone, key=lambda fill: fill.key)
        if newest.at_us / 1e6 + self._lag_seconds > await self._venue.time():
            return None
        if await self._venue.find(newest.order_id, newest.symbol):
            return None
        return (
            f"{RESET}, or shows things later than after {self._lag_seconds:g} s: it has neither"
            f" order {newest.order_id} nor our last {len(gone)} fills"
        )

    async def _first_look_us(self) -> int:
        """Return where to begin: what an account did before its first order here is not ours."""
        known = await self._ledger.fills_known_to_us()
        if known is None:
            return int(await self._venue.time() * 1_000_000)
        return max(0, known - self._overlap_us)

    async def _balances(self, writer: Writer | None) -> list[str]:
        """Compare the totals of every currency that is traded here, for the account's holder."""
        balances = await self._venue.balances()
        facts = await self._ledger.facts()
        self._market_state.positions = facts.positions
        self._market_state.balances = {name: balance.total for name, balance in balances.items()}
        if writer is None:
            return []
        net = await self._ledger.net_by_currency()
        baselines = await self._ledger.baselines()
        currencies = {part for symbol in self._market_state.symbols for part in symbol.split("/")}
        actual = {name: self._market_state.balances.get(name, ZERO) for name in currencies}
        fresh = {name: actual[name] - net.get(name, ZERO) for name in currencies - set(baselines)}
        if fresh and self._is_at_rest(net):
            await self._ledger.set_baselines(writer, fresh)
        return [
            f"balance {name}: the venue has {actual[name]}, the ledger expects {expected}"
            for name in sorted(currencies & set(baselines))
            if actual[name] != (expected := baselines[name] + net.get(name, ZERO))
        ]

    def _is_at_rest(self, net: dict[str, Decimal]) -> bool:
        """Say whether no fill is so new that the balances may not show it yet."""
        now = self._boot()
        if net != self._net[0]:
            self._net = (net, now)
        return not net or now - self._net[1] >= self._lag_seconds
