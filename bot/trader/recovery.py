"""Compares a new life of the ledger with the venue, so that nothing is executed twice.

Every pod that sees the life does it: it changes nothing but what is missing, and the first one that
comes to its end ends it for all.
"""

import asyncio
from collections.abc import Callable, Sequence

import structlog

from bot.authority.protocol import Rules
from bot.ledger.ledger import Ledger
from bot.ledger.outcomes import Imported
from bot.ledger.port import LedgerError
from bot.trader.market_state import MarketState
from bot.trader.reconciler import OVERLAP_US
from bot.trading.orders import Report
from bot.venues.port import Venue, VenueError

LOOK_SECONDS = 0.25
AGAIN_SECONDS = 1.0
CALL_SECONDS = 30.0

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
        if life != self._life or self._task is None or self._task.done():
            self.end()
            self._life = life
            self._task = asyncio.create_task(self._run(life), name="recovery")

    def end(self) -> None:
        """Leave it: it is done, by whomever, or this process ends."""
        if self._task:
            self._task.cancel()
            self._task = None
        self.step = ""

    async def _run(self, life: str) -> None:
        _log.warning("recovery begins", life=life)
        await self._wait()
        reported = ""
        while True:
            try:
                async with asyncio.timeout(CALL_SECONDS):
                    recovered = await self._recover(life)
            except (LedgerError, VenueError, TimeoutError) as error:
                reason = str(error) or f"no answer within {CALL_SECONDS:g} s"
                if reason != reported:
                    _log.warning("recovery waits", life=life, reason=reason)
                reported, self.step = reason, f"comparing with the venue: {reason}"
                await asyncio.sleep(AGAIN_SECONDS)
            else:
                _log.warning("recovery ends", life=life, by_this_pod=recovered)
                self.step = ""
                return

    async def _wait(self) -> None:
        """Wait until nothing that an earlier life allowed can be signed or hidden any more."""
        until = self._boot() + self._rules.recovery_wait_seconds()
        while (left := until - self._boot()) > 0:
            self.step = f"waiting {left:.0f} s for what was sent under the life before"
            await asyncio.sleep(min(LOOK_SECONDS, left))

    async def _recover(self, life: str) -> bool:
        self.step = "comparing with the venue"
        since_us = await self._since_us()
        orders: list[Imported] = []
        for symbol in self._market_state.symbols:
            listed = await self._venue.orders(symbol, since_us)
            orders += await self._missing(listed)
        for order in orders:
            _log.warning(
                "order recovered", order=order.report.order_id, state=order.report.state.value
            )
        return await self._ledger.recover(life, orders)

    async def _since_us(self) -> int:
        """Return where to begin: before the newest order here, or the oldest that still rests."""
        known = await self._ledger.orders_known_to_us()
        return max(0, (known or 0) - OVERLAP_US)

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
