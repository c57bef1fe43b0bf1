"""The trading loop of one process: restore, keep the lease, take signals, reconcile, wind down.

Everything that can hang has a task of its own; the heartbeat is of the event loop alone, so that a
database or a venue that is away never looks like a stuck process.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

import structlog

from bot.authority.lease import ACCOUNT, Claim
from bot.authority.protocol import Rules
from bot.contract.environment import ShutdownPolicy
from bot.contract.shards import shard_of
from bot.health.startup import Startup
from bot.ledger.ledger import Ledger
from bot.ledger.port import LedgerError, Posted, SchemaError, SignalRecord
from bot.process.clock import Clock
from bot.trader.keeper import Keeper, boot_seconds
from bot.trader.market_state import MarketState
from bot.trader.reconciler import Reconciler
from bot.trader.recovery import Recovery
from bot.trader.turns import Executor
from bot.trading.orders import Side, Terms
from bot.trading.signals import Signal
from bot.venues.port import Venue, VenueError

BEAT_SECONDS = 0.25
FEED_SECONDS = 1.0
POLL_SECONDS = 0.2
"""How often the inbox is looked at for what another pod stored; our own signals wake us."""
RECONCILE_SECONDS = 5.0
PURGE_SECONDS = 3600.0
RETRY_SECONDS = 0.5
CALL_SECONDS = 2.0
CANCEL_SECONDS = 0.5
FLATTEN_MAX_AGE_SECONDS = 30.0
SETTLE_SECONDS = 0.5
"""How long a handover waits for what is in flight; what is not settled then is handed over."""

_log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Beat:
    """When the loop was last seen alive."""

    at_monotonic: float | None = None
    at: datetime | None = None


class Trader:
    """One process's trader."""

    def __init__(  # noqa: PLR0913 - everything that it touches is passed in
        self,
        *,
        ledger: Ledger,
        venue: Venue,
        read_prices: Callable[[], Awaitable[Mapping[str, Decimal]]],
        market_state: MarketState,
        keeper: Keeper,
        executor: Executor,
        reconciler: Reconciler,
        recovery: Recovery,
        startup: Startup,
        on_prices: Callable[[], list[Signal]],
        policy: ShutdownPolicy,
        shutdown_seconds: float,
        retention_seconds: float,
        clock: Clock,
        rules: Rules | None = None,
    ) -> None:
        self.beat = Beat()
        self.started = False
        self.venue_name = venue.name
        self.quiet_until = 0.0
        """Boot time until which the venue asked for silence."""
        self.left_behind: tuple[str, ...] = ()
        """What the last wind-down could not cancel or close."""
        self._ledger = ledger
        self._venue = venue
        self._prices = read_prices
        self._market_state = market_state
        self._keeper = keeper
        self._executor = executor
        self._reconciler = reconciler
        self._recovery = recovery
        self._startup = startup
        self._on_prices = on_prices
        self._policy = policy
        self._shutdown_seconds = shutdown_seconds
        self._retention_seconds = retention_seconds
        self._clock = clock
        self._rules = rules or Rules()
        self._wake = asyncio.Event()
        self._posted: set[int] = set()
        """Shards that our own signals wait in: no need to ask the ledger which."""
        self._stopping = asyncio.Event()
        self._working: dict[int, asyncio.Task[None]] = {}

    # What others ask of it.

    async def post(self, signal: Signal) -> Posted:
        """Store a signal and look at it at once; never in another ledger than the intent names."""
        if self._keeper.refused is Claim.OTHER_LEDGER:
            raise LedgerError(Claim.OTHER_LEDGER.value)
        posted = await self._ledger.post(signal)
        if posted is Posted.STORED:
            self._posted.add(signal.shard)
            self._wake.set()
        return posted

    async def find(self, signal_id: str) -> SignalRecord | None:
        """Return a signal and what became of it."""
        return await self._ledger.find(signal_id)

    def stop(self) -> None:
        """Ask the loop to wind down and end."""
        self._stopping.set()

    async def run(self) -> None:
        """Trade until stopped.

        On a schema that it cannot work on it stays unready, holds nothing and says why: a migration
        may be on its way, and start-up has a deadline.
        """
        beating = asyncio.create_task(self._beat(), name="heartbeat")
        try:
            if await self._until_stopping(self._restore()):
                await self._live()
        finally:
            beating.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await beating
            await self._ledger.close()
            await self._venue.close()

    async def _until_stopping(self, work: Coroutine[Any, Any, None]) -> bool:
        """Run this unless told to stop; say whether it came to its end."""
        doing, stopping = asyncio.create_task(work), asyncio.create_task(self._stopping.wait())
        await asyncio.wait([doing, stopping], return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        if not doing.done():
            doing.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await doing
            return False
        doing.result()
        return True

    async def _beat(self) -> None:
        while True:
            self.beat.at_monotonic, self.beat.at = self._clock.monotonic(), self._clock.utc()
            await asyncio.sleep(BEAT_SECONDS)

    # Start.

    async def _restore(self) -> None:
        await self._retry("connecting to the ledger", self._ledger.open)
        await self._retry("reading the venue's markets", self._read_markets)
        await self._retry("reading prices", self._read_prices)
        await self._retry("looking for orders that the ledger lacks", self._recovery.look)
        await self._retry("restoring positions", self._reconciler.restore)
        self.started = True
        self._startup.done()

    async def _retry(self, step: str, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Do this until it works; start-up has a deadline of its own, elsewhere."""
        self._startup.step(step)
        reported = ""
        while True:
            try:
                async with asyncio.timeout(2 * CALL_SECONDS):
                    await work()
            except (LedgerError, VenueError, TimeoutError) as error:
                reason = str(error) or f"no answer within {2 * CALL_SECONDS:g} s"
                if reason != reported:
                    _log.warning("start-up waits", step=step, reason=reason)
                reported = reason
                self._startup.trouble(reason)
                self._keeper.refused = Claim.SCHEMA if isinstance(error, SchemaError) else None
                await asyncio.sleep(RETRY_SECONDS)
            else:
                self._keeper.refused = None
                return

    async def _read_markets(self) -> None:
        markets = await self._venue.markets()
        if missing := [symbol for symbol in self._market_state.symbols if symbol not in markets]:
            raise VenueError(f"{self._venue.name} has no market {', '.join(missing)}")
        self._market_state.markets = markets

    async def _read_prices(self) -> None:
        self._market_state.show(await self._prices())

    # Life.

    async def _live(self) -> None:
        parts = {
            "feed": self._feed(),
            "inbox": self._look(),
            "reconciliation": self._reconcile(),
            "retention": self._purge(),
        }
        keeping = asyncio.create_task(self._keeper.run(), name="lease")
        tasks = [asyncio.create_task(part, name=name) for name, part in parts.items()]
        stopping = asyncio.create_task(self._stopping.wait())
        try:
            await asyncio.wait([*tasks, keeping, stopping], return_when=asyncio.FIRST_COMPLETED)
            self._keeper.end()
            await asyncio.wait([keeping])
            for task in [*tasks, keeping]:
                if task.done() and not task.cancelled():
                    task.result()  # a part that ended by itself ends the process, and says why
        finally:
            await _cancel([*tasks, *self._working.values(), stopping, keeping])

    async def _feed(self) -> None:
        while True:
            try:
                async with asyncio.timeout(CALL_SECONDS):
                    await self._read_prices()
            except (VenueError, TimeoutError) as error:
                reason = str(error) or f"no answer within {CALL_SECONDS:g} s"
                if reason != self._market_state.feed_error:
                    _log.warning("no prices", reason=reason)
                self._market_state.feed_error = reason
            else:
                await self._signal_by_strategy()
            await asyncio.sleep(FEED_SECONDS)

    async def _signal_by_strategy(self) -> None:
        for signal in self._on_prices():
            if self._keeper.decides(signal.shard):
                with contextlib.suppress(LedgerError):
                    await self.post(signal)

    async def _look(self) -> None:
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(POLL_SECONDS):
                    await self._wake.wait()
            self._wake.clear()
            if self._keeper.leases and boot_seconds() > self.quiet_until:
                with contextlib.suppress(LedgerError):
                    await self._start_turns()

    def _may_decide(self, shard: int) -> bool:
        return self._keeper.decides(shard) and boot_seconds() > self.quiet_until

    async def _start_turns(self) -> None:
        busy, self._posted = self._posted, set()
        if not busy:
            busy = await self._ledger.busy_shards()
        for shard in busy:
            if shard not in self._working and self._may_decide(shard):
                task = asyncio.create_task(self._work(shard), name=f"shard {shard}")
                self._working[shard] = task
                task.add_done_callback(lambda _, shard=shard: self._worked(shard))

    def _worked(self, shard: int) -> None:
        task = self._working.pop(shard)
        if not task.cancelled() and (error := task.exception()):
            _log.error("a turn failed", shard=shard, exc_info=error)

    async def _work(self, shard: int, *, winding_down: bool = False) -> None:
        """Take turns as long as something moves."""
        while winding_down or self._may_decide(shard):
            if not await self._executor.drive(self._rules.turn(self._keeper, shard)):
                return

    async def _reconcile(self) -> None:
        while True:
            try:
                async with asyncio.timeout(3 * CALL_SECONDS):
                    await self._reconciler.run(self._keeper.writer)
            except (LedgerError, VenueError, TimeoutError) as error:
                reason = str(error) or f"no answer within {3 * CALL_SECONDS:g} s"
                self._reconciler.failed(reason)
            await asyncio.sleep(RECONCILE_SECONDS)

    async def _purge(self) -> None:
        while True:
            if self._keeper.writer(ACCOUNT):
                with contextlib.suppress(LedgerError):
                    gone = await self._ledger.purge(self._retention_seconds)
                    _log.info("old signals deleted", count=gone)
            await asyncio.sleep(PURGE_SECONDS)

    # End.

    async def wind_down(self, leases: frozenset[int]) -> None:
        """Before leases are released: as the policy says, within its deadline."""
        busy = [task for shard, task in self._working.items() if shard in leases]
        if busy:
            await asyncio.wait(busy, timeout=SETTLE_SECONDS)
        if self._policy is not ShutdownPolicy.HANDOVER:
            self.left_behind = await self._close_out(leases)

    async def _close_out(self, leases: frozenset[int]) -> tuple[str, ...]:
        """Cancel, and flatten if so told; return what could not be."""
        try:
            async with asyncio.timeout(self._shutdown_seconds):
                await self._cancel_all(leases)
                if self._policy is ShutdownPolicy.FLATTEN:
                    await self._flatten(leases)
        except (LedgerError, VenueError, TimeoutError) as error:
            _log.warning("not all was closed", reason=str(error) or "deadline")
        left: tuple[str, ...] = ()
        with contextlib.suppress(LedgerError):
            left = await self._left(leases)
        log = _log.error if left else _log.info
        log("closed out", policy=self._policy.value, left_behind=list(left))
        return left

    async def _left(self, leases: frozenset[int]) -> tuple[str, ...]:
        resting = await self._ledger.resting()
        left = [f"order {order.order_id}" for order in resting if order.shard in leases]
        if self._policy is ShutdownPolicy.FLATTEN:
            facts = await self._ledger.facts()
            left += [
                f"position {symbol} {position.quantity}"
                for symbol, position in facts.positions.items()
                if position.quantity and shard_of(symbol) in leases
            ]
        return tuple(left)

    async def _cancel_all(self, leases: frozenset[int]) -> None:
        for order in await self._ledger.resting():
            if order.shard in leases and order.terms:
                await self._venue.cancel(order.order_id, order.terms.symbol)
        await self._reconciler.run(self._keeper.writer)

    async def _flatten(self, leases: frozenset[int]) -> None:
        """Close every position by a signal of its own, so that it goes the way of all orders."""
        facts = await self._ledger.facts()
        for symbol, position in facts.positions.items():
            quantity = self._market_state.markets[symbol].round_quantity(abs(position.quantity))
            if not quantity or (writer := self._keeper.writer(shard_of(symbol))) is None:
                continue
            if writer.lease not in leases:
                continue
            side = Side.SELL if position.quantity > 0 else Side.BUY
            terms = Terms(symbol, side, quantity, reduce_only=True)
            name = f"flatten-{writer.epoch}-{symbol.replace('/', '-')}"
            await self._ledger.post(Signal(name, terms, FLATTEN_MAX_AGE_SECONDS, "shutdown"))
            await self._work(writer.lease, winding_down=True)


async def _cancel(tasks: list[asyncio.Task[Any]]) -> None:
    """Cancel; what swallows it is left behind, so that the ledger is closed all the same."""
    for task in tasks:
        task.cancel()
    done, left = await asyncio.wait(tasks, timeout=CANCEL_SECONDS)
    for task in done:
        if not task.cancelled() and (error := task.exception()):
            _log.error("failed while it was ended", task=task.get_name(), exc_info=error)
    if left:
        _log.error("does not end", tasks=[task.get_name() for task in left])
