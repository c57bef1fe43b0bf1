"""Holds the lease while the intent names this color, and gives it up in order when it does not.

It is the `View` that the rules of authority look at. All its times are of the boot-time clock.
"""

import asyncio
import contextlib
import time
import uuid
from collections.abc import Awaitable, Callable

import structlog

from bot.authority.lease import Claim, Claimant
from bot.authority.protocol import Rules
from bot.authority.window import Held, VenueClock, VenueTime, later
from bot.contract.color import Color
from bot.intent.state import IntentState
from bot.ledger.ledger import Ledger, Writer
from bot.ledger.port import LedgerError
from bot.venues.port import Venue, VenueError

ASK_TIME_SECONDS = 3.0
ASK_AGAIN_SECONDS = 0.3
TIMEOUT_SECONDS = 1.0
WAITING_SHARE = 0.25
"""Who waits for a lease asks this much more often than its holder renews."""
LOOK_SECONDS = 0.02
"""How often the intent is looked at: who shall give up does so at once."""

_log = structlog.get_logger(__name__)


def boot_seconds() -> float:
    """Read the boot-time clock: it neither steps nor stops while the machine sleeps."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


class Keeper:
    """One process's authority over the account's shards."""

    def __init__(  # noqa: PLR0913 - everything that it touches is passed in
        self,
        *,
        pod: str,
        color: Color,
        ledger: Ledger,
        venue: Venue,
        intent: IntentState,
        wants: Callable[[], bool],
        before_release: Callable[[], Awaitable[None]],
        rules: Rules | None = None,
    ) -> None:
        self.holder = f"{pod or 'bot'}.{uuid.uuid4().hex[:8]}"
        """A process, not a pod: what starts again is someone else."""
        self.outstanding: dict[str, float] = {}
        self.claim: Claim | None = None
        """What became of the last claim."""
        self.error: str | None = None
        """Why the lease could not be asked for, while that lasts."""
        self.holder_seen: str | None = None
        """Who holds the lease, as far as it was told."""
        self._color = color
        self._ledger = ledger
        self._venue = venue
        self._intent = intent
        self._wants = wants
        self._before_release = before_release
        self._rules = rules or Rules()
        self._held: Held | None = None
        self._known: VenueClock | None = None
        self._giving_up = False
        self._ended = asyncio.Event()

    # What the rules see (bot.authority.protocol.View).

    def boot(self) -> float:
        """Read the boot-time clock."""
        return boot_seconds()

    def held(self, shard: int) -> Held | None:
        """Return the lease of this shard; None when it may decide nothing (more)."""
        del shard  # one lease covers them all
        return None if self._giving_up else self._held

    def venue_time(self) -> VenueTime | None:
        """Return the venue's clock; None when it was never asked."""
        return self._known

    # What the rest sees.

    @property
    def epoch(self) -> int | None:
        """Of the lease that is held, also while it is given up."""
        return self._held.epoch if self._held else None

    @property
    def writer(self) -> Writer | None:
        """Who writes under it."""
        return Writer(self.holder, self._held.epoch) if self._held else None

    @property
    def safe_seconds(self) -> float:
        """How long requests may still be signed; 0 without a lease."""
        held = self.held(0)
        if held is None:
            return 0.0
        return max(0.0, held.until - self.boot() - self._rules.timings.silence_seconds)

    # What it does.

    async def run(self) -> None:
        """Ask for the time and keep the lease, until `end` is called and it is given up."""
        asking = asyncio.create_task(self._ask_time(), name="venue time")
        try:
            while not self._ended.is_set():
                await self._step()
                await self._pause()
            if self._held:
                await self._give_up(self._held)
        finally:
            asking.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await asking

    def end(self) -> None:
        """Give the lease up, then stop."""
        self._ended.set()

    async def _ask_time(self) -> None:
        while True:
            try:
                async with asyncio.timeout(TIMEOUT_SECONDS):
                    shown = await self._venue.time()
            except (VenueError, TimeoutError):
                await asyncio.sleep(ASK_AGAIN_SECONDS)
                continue
            boot = self.boot()
            clock = VenueClock(shown, boot, self._rules.timings.drift_max)
            self._known = later(self._known, clock, boot)
            await asyncio.sleep(ASK_TIME_SECONDS)

    def _named(self) -> bool:
        return self._intent.active and self._wants()

    async def _step(self) -> None:
        if self._named():
            await self._claim()
        elif self._held:
            await self._give_up(self._held)
        else:
            self.claim = None

    async def _pause(self) -> None:
        wait = self._rules.timings.renew_seconds * (1.0 if self._held else WAITING_SHARE)
        until = self.boot() + wait
        while self.boot() < until and not self._ended.is_set():
            if self._held and not self._named():
                return
            await asyncio.sleep(LOOK_SECONDS)

    async def _claim(self) -> None:
        asked = self.boot()
        claimant = Claimant(self.holder, self._color, generation_number(self._intent.generation))
        try:
            claimed = await self._ledger.claim(claimant)
        except LedgerError as error:
            # The lease runs on as it was counted; `held.until` ends it if this lasts.
            self.error = str(error)
            return
        self.error, self.claim, self.holder_seen = None, claimed.claim, claimed.row.holder
        before = self._held
        epoch = claimed.row.epoch
        self._held = self._rules.hold(epoch, asked, self.boot()) if claimed.granted else None
        if (before and before.epoch) != (self._held and self._held.epoch):
            _log.info("lease", outcome=claimed.claim.value, epoch=epoch, holder=claimed.row.holder)

    async def _give_up(self, held: Held) -> None:
        """Take on nothing new, settle, then release: after what was signed is dead."""
        try:
            await self._settle_while_renewing()
            self._giving_up = True
            quiet = self._rules.quiet_seconds(self.outstanding, self.boot())
            await self._ledger.release(Writer(self.holder, held.epoch), quiet)
            _log.info(
                "lease released",
                epoch=held.epoch,
                quiet_seconds=round(quiet, 3),
                unresolved=sorted(self.outstanding),
            )
        except LedgerError as error:
            _log.warning("lease not released, it runs out by itself", reason=str(error))
        finally:
            self._held, self._giving_up = None, False

    async def _settle_while_renewing(self) -> None:
        settling = asyncio.ensure_future(self._before_release())
        while not settling.done():
            await asyncio.wait([settling], timeout=self._rules.timings.renew_seconds)
            if not settling.done():
                await self._claim()
        if error := settling.exception():
            _log.error("settling before the release failed", exc_info=error)


def generation_number(generation: str | None) -> int:
    """Return what orders editions of the intent; 0 where the source has no order (a file)."""
    _, _, version = (generation or "").rpartition("/")
    return int(version) if version.isdecimal() and "/" in (generation or "") else 0
