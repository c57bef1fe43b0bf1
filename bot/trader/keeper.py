"""Keeps the leases that this process should hold, and hands over in order what it should not.

It is the `View` that the rules of authority look at. All its times are of the boot-time clock.
"""

import asyncio
import contextlib
import time
import uuid
from collections.abc import Awaitable, Callable, Iterable
from typing import Protocol

import structlog
from typing_extensions import override

from bot.authority.lease import ACCOUNT, Claim, Claimant, LeaseRow
from bot.authority.protocol import Leaving, Outstanding, Rules, View
from bot.authority.window import Held, VenueClock, VenueTime, later
from bot.contract.color import Color
from bot.contract.intent import Intent
from bot.intent.state import IntentState
from bot.ledger.leases import Kept, Taken
from bot.ledger.ledger import Ledger
from bot.ledger.outcomes import Writer
from bot.ledger.port import LedgerError
from bot.venues.port import Venue, VenueError

ASK_TIME_SECONDS = 3.0
ASK_AGAIN_SECONDS = 0.3
TIMEOUT_SECONDS = 1.0
WAITING_SHARE = 0.25
"""Who waits for a lease asks this much more often than its holder renews."""
OLD_INTENT_SECONDS = 1.0
"""How long a newer intent may be on its way to this pod; then it gives up what it cannot renew."""
RELEASE_AGAIN_SECONDS = 0.05
"""How soon what was written under just now is given up again."""

_log = structlog.get_logger(__name__)


def boot_seconds() -> float:
    """Read the boot-time clock: it neither steps nor stops while the machine sleeps."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


class Recovering(Protocol):
    """What compares a new life of the ledger with the venue."""

    def begin(self, life: str) -> None:
        """Do so, unless it is under way."""
        ...

    def end(self) -> None:
        """Leave it: this process ends."""
        ...


class Keeper(View):
    """One process's authority."""

    def __init__(  # noqa: PLR0913 - everything that it touches is passed in
        self,
        *,
        pod: str,
        color: Color,
        ledger: Ledger,
        venue: Venue,
        intent: IntentState,
        wants: Callable[[], bool],
        before_release: Callable[[frozenset[int]], Awaitable[None]],
        recovery: Recovering,
        on_taken: Callable[[Taken], None] = lambda _: None,
        adopts: str = "",
        rules: Rules | None = None,
    ) -> None:
        self.holder = f"{pod or 'bot'}.{uuid.uuid4().hex[:8]}"
        """A process, not a pod: what starts again is someone else."""
        self.outstanding: dict[str, Outstanding] = {}
        self.asked: dict[str, float] = {}
        self.refused: Claim | None = None
        """Why this process may hold nothing, as the database says."""
        self.error: str | None = None
        """Why the leases could not be asked for, while that lasts."""
        self.rows: dict[int, LeaseRow] = {}
        """All leases, as they were at the last look; times by the database's clock."""
        self.rows_now = 0.0
        """The database's clock then."""
        self.source_shown = ""
        """Whose intent rules this database."""
        self.ledger = ""
        """The name of the ledger, as its server said last."""
        self._color = color
        self._ledger = ledger
        self._venue = venue
        self._intent = intent
        self._wants = wants
        self._before_release = before_release
        self._on_taken = on_taken
        self._recovery = recovery
        self._life = ""
        """Of the ledger, as its server said last."""
        self._adopts = adopts
        self._rules = rules or Rules()
        self._held: dict[int, Held] = {}
        self._leaving: set[int] = set()
        """Held, and nothing new is taken on in them."""
        self._given_up: set[int] = set()
        """Nothing is decided in them any more; the release is on its way."""
        self._doubtful: set[int] = set()
        """Given up without an answer; until somebody else has them, or nobody."""
        self._assigned: frozenset[int] = frozenset()
        self._known: VenueClock | None = None
        self._ended = asyncio.Event()
        self._wake = asyncio.Event()
        self._asking = asyncio.Lock()
        self._handing_over: set[asyncio.Task[None]] = set()
        self._joined = False
        self._refused_at = 0.0
        ledger.introduce(self.holder, self.wake)
        intent.watch(self.wake)

    # What the rules see (bot.authority.protocol.View).

    @override
    def boot(self) -> float:
        return boot_seconds()

    @override
    def held(self, shard: int) -> Held | None:
        return None if shard in self._given_up else self._held.get(shard)

    @override
    def venue_time(self) -> VenueTime | None:
        return self._known

    # What the rest sees.

    def decides(self, shard: int) -> bool:
        """Whether something new may be taken on in this shard."""
        return shard in self._held and shard not in self._leaving

    def writer(self, lease: int) -> Writer | None:
        """Return who writes under this lease, also while it is handed over."""
        held = self._held.get(lease)
        return Writer(self.holder, held.epoch, lease) if held else None

    @property
    def leases(self) -> frozenset[int]:
        """What is held, the account's among it if it is."""
        return frozenset(self._held)

    @property
    def epoch(self) -> int | None:
        """The highest of what is held: it names this process's turn."""
        return max((held.epoch for held in self._held.values()), default=None)

    @property
    def safe_seconds(self) -> float:
        """How long requests may still be signed under the lease that lasts longest; 0 without."""
        return max((self.safe_seconds_of(lease) for lease in self._held), default=0.0)

    def safe_seconds_of(self, lease: int) -> float:
        """How long requests may still be signed under this lease."""
        held = self.held(lease)
        if held is None:
            return 0.0
        return max(0.0, held.until - self.boot() - self._rules.timings.silence_seconds)

    # What it does.

    async def run(self) -> None:
        """Ask for the time and keep the leases, until `end` is called and all are given up."""
        asking = asyncio.create_task(self._ask_time(), name="venue time")
        try:
            while not self._ended.is_set():
                await self._round()
                await self._pause()
            await self._end()
        finally:
            self._recovery.end()
            for task in (asking, *self._handing_over):
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await task

    def wake(self) -> None:
        """Look now: the intent changed, or what this process wants."""
        self._wake.set()

    def end(self) -> None:
        """Give all shards up, then stop."""
        self._ended.set()
        self.wake()

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

    async def _round(self) -> None:
        """Give up what the intent takes away, then look at the leases."""
        intent = self._intent.intent
        if intent is None:
            return
        wants = self._wants() and not self._ended.is_set()
        self._hand_over(
            lease for lease in self._held if not (wants and intent.color_of(lease) is self._color)
        )
        if wants or self._held or self._joined:
            await self._keep(intent if wants else None)

    async def _keep(self, intent: Intent | None) -> None:
        number, source = generation_of(self._intent.generation)
        shown = self._intent.intent
        named = shown.ledger if shown else ""
        claimant = Claimant(self.holder, self._color, number, source, self._adopts, named)
        asked = self.boot()
        try:
            async with self._asking:
                kept = await self._ledger.keep(claimant, intent, frozenset(self._given_up))
                self._take_over(kept, asked)
        except LedgerError as error:
            # The leases run on as they were counted; `held.until` ends them if this lasts.
            self.error = str(error)
            return
        self.error, self._joined = None, intent is not None and not kept.refused
        await self._look_at_life(kept)
        self._judge(kept)

    async def _look_at_life(self, kept: Kept) -> None:
        """In another life all connections are opened anew: they may lead to the earlier one."""
        if kept.life and kept.life != self._life:
            if self._life:
                _log.error("the ledger lives anew", life=kept.life, before=self._life)
                await self._ledger.connect_anew()
            self._life = kept.life
        if kept.refused is Claim.RECOVERING:
            self._recovery.begin(kept.life)

    def _judge(self, kept: Kept) -> None:
        """Hand over what others should hold."""
        if kept.refused is not self.refused:
            self.refused, self._refused_at = kept.refused, self.boot()
            if kept.refused:
                outcome, rules = kept.refused.value, kept.shown.source
                _log.warning("authority", outcome=outcome, rules=rules, ledger=kept.ledger)
        if kept.refused is None:
            self._hand_over(set(self._held) - kept.assigned)
        elif (
            kept.refused is not Claim.OLD_INTENT
            or self.boot() > self._refused_at + OLD_INTENT_SECONDS
        ):
            self._hand_over(self._held)

    def _take_over(self, kept: Kept, asked: float) -> None:
        """Count what is granted from before it was asked for; forget what somebody else has."""
        answered = self.boot()
        granted = {row.lease: row for row in kept.granted}
        self.rows = {row.lease: row for row in kept.rows} | granted
        self.rows_now, self.source_shown = kept.now, kept.shown.source
        self.ledger = kept.ledger
        self._assigned = kept.assigned
        over = {n for n in self._doubtful if self._is_over(self.rows[n], kept.now)}
        self._doubtful -= over
        self._given_up -= over
        if kept.refused:
            return
        before = set(self._held)
        for lease in before - set(granted) - self._given_up:
            del self._held[lease]
        for lease, row in granted.items():
            self._held[lease] = self._rules.hold(row.epoch, asked, answered)
        if lost := before - set(self._held):
            _log.warning("leases lost", leases=listed(lost))
        if kept.taken:
            pauses = [t.pause_seconds for t in kept.taken if t.pause_seconds is not None]
            _log.info(
                "leases taken",
                leases=listed(taken.before.lease for taken in kept.taken),
                handed_over=sum(taken.handed_over for taken in kept.taken),
                pause_seconds=round(max(pauses), 3) if pauses else None,
                members=len(kept.members),
            )
        for taken in kept.taken:
            if taken.moved:
                _log.error(
                    "the ledger went on after the hand-off",
                    shard=taken.before.lease,
                    mark_left=taken.before.mark,
                    mark=taken.mark,
                )
            self._on_taken(taken)

    def _is_over(self, row: LeaseRow, now: float) -> bool:
        """Whether a release without an answer can change nothing any more.

        What has run out is taken anew, under another epoch than the one that was given up.
        """
        return row.holder != self.holder or row.expires_at <= now

    async def _pause(self) -> None:
        """Wait for the next look: sooner while a lease is missing, at once when something moved."""
        missing = self._assigned - set(self._held)
        share = 1.0 if self._held and not missing else WAITING_SHARE
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._rules.timings.renew_seconds * share):
                await self._wake.wait()
        self._wake.clear()

    # Handing over.

    def _hand_over(self, leases: Iterable[int]) -> None:
        """Begin to give these up, if that has not begun."""
        going = frozenset(leases) - self._leaving
        if going:
            self._leaving |= going
            task = asyncio.create_task(self._give_up(going), name="handover")
            self._handing_over.add(task)
            task.add_done_callback(self._handing_over.discard)

    async def _give_up(self, leases: frozenset[int]) -> None:
        """Take on nothing new, settle, then release: after what was signed is dead."""
        stopped_at = self.boot()
        try:
            await self._before_release(leases)
        except Exception:  # noqa: BLE001 - whatever it was, the leases must go
            _log.exception("settling before the release failed")
        self._given_up |= leases
        left = leases
        try:
            while left:
                async with self._asking:
                    left = await self._release(left, stopped_at)
                if left:
                    await asyncio.sleep(RELEASE_AGAIN_SECONDS)
        except LedgerError as error:
            _log.warning("leases not released, they run out by themselves", reason=str(error))
            # The release may still happen, at any time: nothing is renewed or signed under it.
            self._doubtful |= left
        finally:
            for lease in leases:
                self._held.pop(lease, None)
            self._leaving -= leases
            self._given_up -= leases - self._doubtful

    async def _release(self, leases: frozenset[int], stopped_at: float) -> frozenset[int]:
        """Release once; return what is left because something is still written under it."""
        boot = self.boot()
        leaving = {
            lease: Leaving(
                held.epoch,
                self._rules.quiet_seconds(self.outstanding, lease, boot),
                boot - stopped_at,
            )
            for lease in leases
            if (held := self._held.get(lease))
        }
        if not leaving:
            return frozenset()
        released = await self._ledger.release(self.holder, leaving)
        _log.info(
            "leases released",
            leases=listed(released),
            quiet_seconds=round(max(one.quiet_seconds for one in leaving.values()), 3),
            stopped_seconds=round(boot - stopped_at, 3),
            unresolved=sorted(self.outstanding),
        )
        return frozenset(leaving) - released

    async def _end(self) -> None:
        """Leave, so that others share what this process has, and renew while it settles."""
        await self._round()
        while self._handing_over:
            done, _ = await asyncio.wait(
                self._handing_over, timeout=self._rules.timings.renew_seconds
            )
            if not done:
                await self._round()


def generation_of(generation: str | None) -> tuple[int, str]:
    """Return what orders editions of the intent, and of which object; (0, "") without an order."""
    source, _, version = (generation or "").rpartition("/")
    return (int(version), source) if source and version.isdecimal() else (0, "")


def listed(leases: Iterable[int]) -> str:
    """Return numbers as people read them: `0-9, 35, account`.

    >>> listed([0, 1, 2, 7, 100])
    '0-2, 7, account'
    """
    parts: list[list[int]] = []
    for lease in sorted(leases):
        if parts and parts[-1][-1] == lease - 1 and lease != ACCOUNT:
            parts[-1][1:] = [lease]
        else:
            parts.append([lease])
    return ", ".join("account" if p == [ACCOUNT] else "-".join(map(str, p)) for p in parts)
