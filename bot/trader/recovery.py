"""Compares a new life of the ledger with the venue, so that nothing is executed twice.

Every pod that sees the life does it: it changes nothing but what is missing, and the first one that
comes to its end ends it for all.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence

import structlog

from bot.authority.lives import NO_LIFE
from bot.authority.protocol import Rules
from bot.ledger.ledger import Ledger
from bot.ledger.outcomes import Imported
from bot.ledger.port import LedgerError, LostLedgerError
from bot.trader.market_state import MarketState
from bot.trader.reconciler import OVERLAP_US
from bot.trading.orders import Report
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
        since_us = await self._since_us()
        lacking = [order async for order in self._lacking(since_us) if order.report.filled_quantity]
        if not lacking:
            return
        here = await self._ledger.life()
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
        since_us = await self._since_us()
        orders = [order async for order in self._lacking(since_us)]
        for order in orders:
            _log.warning(
                "order recovered", order=order.report.order_id, state=order.report.state.value
            )
        await self._ledger.recover(life, orders)

    async def _since_us(self) -> int:
        """Return where to begin: before the newest order here, or the oldest that still rests."""
        known = await self._ledger.orders_known_to_us()
        return max(0, (known or 0) - OVERLAP_US)

    async def _lacking(self, since_us: int) -> AsyncGenerator[Imported]:
        """Yield the orders of ours that the ledger does not have as the venue has them."""
        for symbol in self._market_state.symbols:
            # The venue first: what is there was committed before.
            listed = await self._venue.orders(symbol, since_us)
            for order in await self._missing(listed):
                yield order

    async def _missing(self, listed: Sequence[Report]) -> list[Imported]:
        """Return those of ours that the ledger does not have as the venue has them."""
        missing: list[Imported] = []
        states = await self._ledger.states([report.order_id for report in listed])
        for report in listed:
            ours = self._rules.parse_order_id(report.order_id)
            if states.get(report.order_id) is report.state or ours is None:
                continue
            full = await self._venue.find(report.order_id, report.symbol) or report
            if report.terms is None:
                raise VenueError(f"order {report.order_id}: the venue does not say what it was")
            signal, attempt = ours
            missing.append(Imported(signal, attempt, report.terms, full, report.at_us / 1e6))
        return missing
