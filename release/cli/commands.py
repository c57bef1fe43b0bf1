"""What a person can ask for. Each begins or moves a release by its journal, and drives it."""

from infra.outputs import StackOutputs
from release.cli.exit_codes import Exit, of
from release.decide.events import Began, Cleared, Commanded, Entered, Event, Record, Unlocked, entry
from release.decide.model import Lock, Target
from release.decide.observation import Need
from release.decide.phases import Phase, Trigger
from release.decide.spec import Spec, SpecError
from release.decide.state import State, fold, releases
from release.decide.transitions import RefusedError, after
from release.drive.engine import Viewer, rests
from release.drive.locking import LockedError, take_lock
from release.drive.observer import Observer
from release.drive.ports import LostLockError, PortError
from release.drive.session import CannotBeginError, Request, Site, adopted, quarantined, target
from release.rehearsal.plan import rehearse

NEEDS_GATES = frozenset({Need.GATES})
FOLLOW_SECONDS = 1.0
ANSWER_SECONDS = 15.0
"""A living engine reads a command within this time; else it hangs or is cut off."""
WARM_LOOK_SECONDS = 10.0


async def plan(site: Site, request: Request) -> tuple[Target, list[Record]]:
    """Return what a deploy would be about, and its journal if all goes well. Changes nothing.

    Raises:
        CannotBeginError, RefusedError, SpecError: it would not begin.
        PortError: something does not answer.
    """
    spec, outputs = site.spec(), await site.outputs()
    wanted = target(request, outputs, await site.revision(), site.by)
    former = await site.state()
    if former is not None:
        after(former.phase, Trigger.REPLACE)
    records = await rehearse(spec, wanted, outputs)
    await _ask_gates(site, records[0])
    return wanted, records


async def deploy(site: Site, request: Request, viewer: Viewer, *, detach: bool) -> Exit:
    """Bring an image to the active color.

    Raises:
        CannotBeginError, RefusedError, SpecError: nothing was changed.
        LockedError: another release is under way.
        PortError: something does not answer.
    """
    spec, outputs = site.spec(), await site.outputs()
    wanted = target(request, outputs, await site.revision(), site.by)
    if spec.commit:
        await site.world.git.require_clean()
    await take_lock(site)
    try:
        await _begin(site, spec, wanted, outputs)
    except BaseException:
        await site.world.journal.unlock(site.holder)
        raise
    await site.engine(viewer).run()
    return await _until_cold(site, viewer, detach=detach)


async def command(site: Site, trigger: Trigger, reason: str, viewer: Viewer) -> Exit:
    """Promote, abort or roll back the last release, whoever drives it.

    Raises:
        RefusedError, CannotBeginError: it does not fit; nothing was changed.
        LockedError: whoever drives it does not answer.
        PortError: something does not answer.
    """
    state = await site.state()
    if trigger is Trigger.ROLLBACK and _wants_adoption(site, state):
        state = await _adopt(site)
    if state is None:
        raise CannotBeginError(f"{site.stack} has no release: nothing to {trigger}")
    after(state.phase, trigger)  # refuses in words before anything is written
    if trigger is Trigger.PROMOTE and not reason:
        raise CannotBeginError("promote needs --reason: it puts a person's word before the verdict")
    event = Commanded(trigger, site.by, reason)
    await _write(site, state.release, event, anyway=trigger is Trigger.ROLLBACK)
    return await _drive(site, viewer, backwards=trigger is not Trigger.PROMOTE)


async def resume(site: Site, viewer: Viewer) -> Exit:
    """Go on where a killed or stuck release stands, or end a warm window that is over.

    Raises:
        RefusedError, CannotBeginError: there is nothing that could go on.
        LockedError: another process drives it.
        PortError: something does not answer.
    """
    await take_lock(site)
    state = await site.state()
    if state is None:
        raise CannotBeginError(f"{site.stack} has no release: nothing to resume")
    backwards = state.rolling_back
    if state.phase is Phase.WARM_STANDBY and rests(state, site.world.clock.now()):
        await site.world.journal.unlock(site.holder)
        raise RefusedError(f"this release is warm until {state.deadline:%H:%M:%S} UTC; let it be")
    if state.phase is not Phase.WARM_STANDBY and state.command is None:
        after(state.phase, Trigger.RESUME)
        event = Commanded(Trigger.RESUME, site.by, "asked for")
        await _write(site, state.release, event, anyway=backwards)
    return of((await site.engine(viewer).run()).phase, backwards=backwards)


async def unlock(site: Site, reason: str) -> Lock | None:
    """Take the lock from whoever has it, and the mark off the cluster; journalled with the reason.

    Raises:
        PortError: something does not answer.
    """
    state = await site.state()
    lock = await site.world.journal.held()
    if state is not None:
        event = Unlocked(site.by, reason, lock.holder if lock else "")
        await _write(site, state.release, event)
        await site.world.under_way.withdraw(state.release)
    if lock is not None:
        await site.world.journal.unlock(lock.holder)
    return lock


async def clear(site: Site, digest: str, reason: str) -> None:
    """Let a digest in again; journalled with who and why.

    Raises:
        PortError: something does not answer.
    """
    state = await site.state()
    release = state.release if state else site.release
    await _write(site, release, Cleared(digest, site.by, reason))
    await site.world.quarantine.clear(digest)


async def _ask_gates(site: Site, beginning: Record) -> None:
    """Ask whether a release that begins with this record may begin.

    Raises:
        RefusedError: it may not; with all reasons.
        PortError: it cannot be told.
    """
    state = fold([beginning])
    assert state is not None  # noqa: S101 -- the first record begins it
    seen = await Observer(site.world, site.log).look(state, NEEDS_GATES, running=False)
    if seen.gates is None:
        raise PortError("; ".join(seen.blind))
    if seen.gates:
        raise RefusedError("\n".join(seen.gates))


async def _begin(site: Site, spec: Spec, wanted: Target, outputs: StackOutputs) -> None:
    """Write the first record; end the former release's warm window; refuse when it is not over."""
    state = await site.state()
    if site.log.down:
        raise PortError(site.log.down)
    first = entry(site.release, site.world.clock.now(), Began(wanted, spec, outputs))
    if state is not None:
        if state.phase is Phase.WARM_STANDBY:
            # Refused later, it would have ended the window of a release whose color stays up.
            await _ask_gates(site, first)
        await _replace(site, state)
    await site.log.append(first, fenced=False)


async def _replace(site: Site, state: State) -> None:
    phase = after(state.phase, Trigger.REPLACE)
    if phase is not state.phase:
        event = Entered(phase, Trigger.REPLACE, "the next release begins")
        await _write(site, state.release, event)


async def _write(site: Site, release: str, event: Event, *, anyway: bool = False) -> None:
    record = entry(release, site.world.clock.now(), event)
    await site.log.append(record, fenced=False, buffer=anyway)


def _wants_adoption(site: Site, state: State | None) -> bool:
    """Return whether what is active was not brought there by the journal's last release."""
    if state is None:
        return True
    if state.phase is not Phase.REFUSED:
        return False
    effective = [each for each in releases(site.log.records) if each.phase is not Phase.REFUSED]
    if effective and effective[-1].phase is Phase.ROLLED_BACK:
        after(Phase.ROLLED_BACK, Trigger.ROLLBACK)
    return True


async def _adopt(site: Site) -> State:
    """Begin a release that is over already, so that it can be sent back."""
    outputs = await site.outputs()
    found = adopted(outputs, site.by, await site.world.under_way.comes_from())
    if why := await quarantined(site, found.old_image):
        raise CannotBeginError(f"{found.old_image} is quarantined: {why}")
    try:
        spec = site.spec()
    except SpecError:
        spec = Spec()  # a key that is wrong is no reason to stay with what is bad
    await _write(site, site.release, Began(found, spec, outputs), anyway=True)
    over = Entered(Phase.DONE, Trigger.REPLACE, found.reason)
    await _write(site, site.release, over, anyway=True)
    state = site.log.state
    assert state is not None  # noqa: S101 -- just written
    return state


async def _drive(site: Site, viewer: Viewer, *, backwards: bool) -> Exit:
    """Drive the release, or watch whoever does until it has answered the command."""
    try:
        if site.log.down:
            viewer.progress(f"goes on without the release lock: {site.log.down}")
        else:
            await take_lock(site)
    except LockedError:
        await _follow(site, viewer)
    except PortError as error:
        viewer.progress(f"goes on without the release lock: {error}")
    while True:
        try:
            state = await site.engine(viewer).run()
        except LostLockError as lost:
            # The store was away, and tells only now that somebody else was at it.
            if not backwards:
                raise
            viewer.progress(f"{lost}; follows")
            await _follow(site, viewer)
        else:
            return of(state.phase, backwards=backwards)


async def _follow(site: Site, viewer: Viewer) -> None:
    """Show what the other engine does until it gives the lock back.

    Raises:
        LockedError: it does not answer.
    """
    clock = site.world.clock
    asked = clock.now()
    shown = len(site.log.records)
    while True:
        state = await site.state()
        assert state is not None  # noqa: S101 -- the command was just written
        for record in site.log.records[shown:]:
            viewer.recorded(record, state)
        shown = len(site.log.records)
        waited = (clock.now() - asked).total_seconds()
        if state.command is not None and waited > ANSWER_SECONDS:
            raise LockedError(
                f"whoever drives the release on {site.stack} has not answered for {waited:.0f} s; "
                'if it is surely dead: `release unlock --stack STACK --reason "…"`, then again'
            )
        try:
            await take_lock(site)
        except LockedError:
            await clock.sleep(FOLLOW_SECONDS)
        else:
            return


async def _until_cold(site: Site, viewer: Viewer, *, detach: bool) -> Exit:
    """Wait for the end of the warm window, without the lock: others may release meanwhile."""
    state = await site.state()
    assert state is not None  # noqa: S101 -- it has just run
    if detach or not _is_warm(state, site.release):
        return of(state.phase, backwards=False)
    viewer.progress(f"the old color stays warm until {state.deadline:%H:%M:%S} UTC")
    while _is_warm(state, site.release):
        if not rests(state, site.world.clock.now()):
            await take_lock(site)
            state = await site.engine(viewer).run()
            return of(state.phase, backwards=False)
        await site.world.clock.sleep(WARM_LOOK_SECONDS)
        found = await site.state()
        if found is None:
            break
        state = found
    # Another process ended it, or sent it back; what the next release replaced is done.
    ended = [each for each in releases(site.log.records) if each.release == site.release]
    return of(ended[-1].phase, backwards=False)


def _is_warm(state: State, release: str) -> bool:
    return state.release == release and state.phase is Phase.WARM_STANDBY
