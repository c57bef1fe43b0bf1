"""Compares a new life of the ledger with the venue, so that nothing is executed twice.

Every pod that sees the life does it: it changes nothing but what is missing, and the first one that
comes to its end ends it for all.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import replace

import structlog

from bot.authority.lives import NO_LIFE
from bot.authority.protocol import Rules
from bot.ledger.ledger import Ledger
from bot.ledger.mark import MEMORY_LIFE
from bot.ledger.outcomes import Imported
from bot.ledger.port import LedgerError, LostLedgerError
from bot.trader.market_state import MarketState
from bot.trader.reconciler import OVERLAP_US
from bot.trading import differences
from bot.trading.differences import Shown
from bot.venues.port import Venue, VenueError

LOOK_SECONDS = 0.25
AGAIN_SECONDS = 1.0
COMPARE_AGAIN_SECONDS = 15.0
CALL_SECONDS = 30.0
NAMED_MAX = 5

_log = structlog.get_logger(__name__)


class Recovery:
    """One process's part in it."""

    def __init__(
        self,
        *,
        ledger: Ledger,
        venue: Venue,
        market_state: MarketState,
        boot: Callable[[], float],
        rules: Rules | None = None,
    ) -> None:
        self.step = ""
        """What it is at, for people; empty: nothing is being recovered."""
        self._ledger = ledger
        self._venue = venue
        self._market_state = market_state
        self._boot = boot
        self._rules = rules or Rules()
        self._life = ""
        self._task: asyncio.Task[None] | None = None

    def begin(self, life: str) -> None:
        """Recover this life, unless that has begun; it ends by itself."""
        if life != self._life:
            self.end()
            self._life = life
            self._task = asyncio.create_task(self._run(life), name="recovery")

    def end(self) -> None:
        """Leave it: this process ends, or another life has begun."""
        if self._task:
            self._task.cancel()
            self._task = None
        self.step = ""

    async def look(self) -> None:
        """At start-up: a ledger that lacks orders of ours is recovered, or is not this stack's.

        An order is committed before it is sent, so an order that only the venue has was forgotten:
        also by what leaves no trace in a server, such as a disk that was put back.

        Raises:
            LostLedgerError: the ledger is empty; a person says whether it is the right one.
        """
        here = await self._ledger.life()
        if here.seen == MEMORY_LIFE:
            return  # it ends with its process: nobody relies on it
        listed = [order async for order in self._orders() if order.report.filled_quantity]
        lacking = await self._absent(listed)
        if not lacking:
            return
        names = ", ".join(order.report.order_id for order in lacking[:NAMED_MAX])
        if here.known.name == NO_LIFE:
            raise LostLedgerError(
                f"the ledger is empty, and {self._venue.name} has {len(lacking)} orders of this"
                f" stack ({names} …): give the bot the database that it had; if this is the one,"
                " take them over: `python -m bot account recover --by NAME --reason TEXT`"
            )
        _log.error("the ledger lacks orders that the venue has", count=len(lacking), orders=names)
        await self._ledger.doubt()

    async def _run(self, life: str) -> None:
        _log.warning("recovery begins", life=life)
        await self._wait()
        await self._retry(life)
        _log.warning("recovery ends", life=life)
        self.step = ""
        # One of the venue's lists may be later than what was waited for.
        until = self._boot() + self._rules.timings.doubt_seconds
        while self._boot() < until:
            await asyncio.sleep(COMPARE_AGAIN_SECONDS)
            await self._retry(life)

    async def _retry(self, life: str) -> None:
        """Compare until that has come to its end once."""
        reported = ""
        while True:
            try:
                async with asyncio.timeout(CALL_SECONDS):
                    await self._compare(life)
            except (LedgerError, VenueError, TimeoutError) as error:
                reason = str(error) or f"no answer within {CALL_SECONDS:g} s"
                if reason != reported:
                    _log.warning("recovery waits", life=life, reason=reason)
                reported, self.step = reason, f"comparing with the venue: {reason}"
                await asyncio.sleep(AGAIN_SECONDS)
            else:
                return

    async def _wait(self) -> None:
        """Wait until nothing that an earlier life allowed can be signed or hidden any more."""
        until = self._boot() + self._rules.recovery_wait_seconds()
        while (left := until - self._boot()) > 0:
            self.step = f"waiting {left:.0f} s for what was sent under the life before"
            await asyncio.sleep(min(LOOK_SECONDS, left))
        self.step = "comparing with the venue"

    async def _compare(self, life: str) -> None:
        """Take over what the venue has; the first one to do so ends the recovery for all."""
        first = (await self._ledger.life()).known.recovered_at is None
        listed = [order async for order in self._orders()]
        missing = await (self._differing(listed) if first else self._absent(listed))
        for order in missing:
            _log.warning(
                "order recovered", order=order.report.order_id, state=order.report.state.value
            )
        whole = [await self._whole(order) for order in missing]
        if await self._ledger.import_orders(life, whole) and first:
            await self._compare_balances()
            await self._ledger.end_recovery(life)

    async def _compare_balances(self) -> None:
        """Refuse new risk where the account does not own what the ledger expects by now."""
        now_us = int(await self._venue.time() * 1_000_000)
        balances = await self._venue.balances()
        shown = Shown({name: balance.total for name, balance in balances.items()}, now_us)
        expected = await self._ledger.expected(now_us - differences.STALE_US)
        currencies = {part for symbol in self._market_state.symbols for part in symbol.split("/")}
        if named := expected.only(currencies).differences(shown):
            words = differences.listed(named)
            _log.error("balances differ after the recovery", differences=words)
            await self._ledger.set_read_only(f"after a recovery, ledger and venue differ: {words}")

    async def _orders(self) -> AsyncGenerator[Imported]:
        """Yield the orders of ours that the venue lists from before the newest one here on."""
        known = await self._ledger.orders_known_to_us()
        since_us = max(0, (known or 0) - OVERLAP_US)
        for symbol in self._market_state.symbols:
            # The venue first: what is there was committed before.
            for report in await self._venue.orders(symbol, since_us):
                ours = self._rules.parse_order_id(report.order_id)
                if ours is None:
                    continue
                if report.terms is None:
                    raise VenueError(f"order {report.order_id}: the venue does not say what it was")
                yield Imported(*ours, report.terms, report, report.at_us / 1e6)

    async def _absent(self, listed: Sequence[Imported]) -> list[Imported]:
        """Return those that the ledger does not have at all."""
        states = await self._ledger.states([order.report.order_id for order in listed])
        return [order for order in listed if order.report.order_id not in states]

    async def _differing(self, listed: Sequence[Imported]) -> list[Imported]:
        """Return those that the ledger does not have, or has in another state."""
        states = await self._ledger.states([order.report.order_id for order in listed])
        return [o for o in listed if states.get(o.report.order_id) is not o.report.state]

    async def _whole(self, order: Imported) -> Imported:
        """Return it with its fills: a list has none."""
        report = await self._venue.find(order.report.order_id, order.report.symbol)
        return replace(order, report=report) if report else order
