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
from release.drive.lock import LockedError, take_lock
from release.drive.observer import Observer
from release.drive.ports import LostLockError, PortError
from release.drive.session import (
    CannotBeginError,
    ReleaseSession,
    Request,
    adopted,
    quarantined,
    target,
)
from release.rehearsal.plan import rehearse

NEEDS_GATES = frozenset({Need.GATES})
FOLLOW_SECONDS = 1.0
ANSWER_SECONDS = 15.0
"""A living engine reads a command within this time; else it hangs or is cut off."""
WARM_LOOK_SECONDS = 10.0


async def plan(session: ReleaseSession, request: Request) -> tuple[Target, list[Record]]:
    """Return what a deploy would be about, and its journal if all goes well. Changes nothing.

    Raises:
        CannotBeginError, RefusedError, SpecError: it would not begin.
        PortError: something does not answer.
    """
    spec, outputs = session.spec(), await session.outputs()
    desired = target(request, outputs, await session.revision(), session.by)
    former = await session.state()
    if former is not None:
        after(former.phase, Trigger.REPLACE)
    records = await rehearse(spec, desired, outputs)
    await _ask_gates(session, records[0])
    return desired, records


async def deploy(
    session: ReleaseSession, request: Request, viewer: Viewer, *, detach: bool
) -> Exit:
    """Bring an image to the active color.

    Raises:
        CannotBeginError, RefusedError, SpecError: nothing was changed.
        LockedError: another release is under way.
        PortError: something does not answer.
    """
    spec, outputs = session.spec(), await session.outputs()
    desired = target(request, outputs, await session.revision(), session.by)
    if spec.commit:
        await session.ports.git.require_clean()
    await take_lock(session)
    try:
        await _begin(session, spec, desired, outputs)
    except BaseException:
        await session.ports.journal.unlock(session.holder)
        raise
    await session.engine(viewer).run()
    return await _until_cold(session, viewer, detach=detach)


async def command(session: ReleaseSession, trigger: Trigger, reason: str, viewer: Viewer) -> Exit:
    """Promote, abort or roll back the last release, also when another process drives it.

    Raises:
        RefusedError, CannotBeginError: it does not fit; nothing was changed.
        LockedError: the process that drives it does not answer.
        PortError: something does not answer.
    """
    state = await session.state()
    if trigger is Trigger.ROLLBACK and _wants_adoption(session, state):
        state = await _adopt(session)
    if state is None:
        raise CannotBeginError(f"{session.stack} has no release: nothing to {trigger}")
    after(state.phase, trigger)  # refuses in words before anything is written
    if trigger is Trigger.PROMOTE and not reason:
        raise CannotBeginError("promote needs --reason: it puts a person's word before the verdict")
    event = Commanded(trigger, session.by, reason)
    await _write(session, state.release, event, anyway=trigger is Trigger.ROLLBACK)
    return await _drive(session, viewer, backwards=trigger is not Trigger.PROMOTE)


async def resume(session: ReleaseSession, viewer: Viewer) -> Exit:
    """Go on where a killed or stuck release stands, or end a warm window that is over.

    Raises:
        RefusedError, CannotBeginError: there is nothing that could go on.
        LockedError: another process drives it.
        PortError: something does not answer.
    """
    await take_lock(session)
    state = await session.state()
    if state is None:
        raise CannotBeginError(f"{session.stack} has no release: nothing to resume")
    backwards = state.rolling_back
    if state.phase is Phase.WARM_STANDBY and rests(state, session.ports.clock.now()):
        await session.ports.journal.unlock(session.holder)
        raise RefusedError(f"this release is warm until {state.deadline:%H:%M:%S} UTC; let it be")
    if state.phase is not Phase.WARM_STANDBY and state.command is None:
        after(state.phase, Trigger.RESUME)
        event = Commanded(Trigger.RESUME, session.by, "asked for")
        await _write(session, state.release, event, anyway=backwards)
    return of((await session.engine(viewer).run()).phase, backwards=backwards)


async def unlock(session: ReleaseSession, reason: str) -> Lock | None:
    """Take the lock from its holder, and the mark off the cluster; journalled with the reason.

    Raises:
        PortError: something does not answer.
    """
    state = await session.state()
    lock = await session.ports.journal.held()
    if state is not None:
        event = Unlocked(session.by, reason, lock.holder if lock else "")
        await _write(session, state.release, event)
        await session.ports.under_way.withdraw(state.release)
    if lock is not None:
        await session.ports.journal.unlock(lock.holder)
    return lock


async def clear(session: ReleaseSession, digest: str, reason: str) -> None:
    """Let a digest in again; journalled with who and why.

    Raises:
        PortError: something does not answer.
    """
    state = await session.state()
    release = state.release if state else session.release
    await _write(session, release, Cleared(digest, session.by, reason))
    await session.ports.quarantine.clear(digest)


async def _ask_gates(session: ReleaseSession, beginning: Record) -> None:
    """Ask whether a release that begins with this record may begin.

    Raises:
        RefusedError: it may not; with all reasons.
        PortError: it cannot be told.
    """
    state = fold([beginning])
    assert state is not None  # noqa: S101 -- the first record begins it
    seen = await Observer(session.ports, session.log).look(state, NEEDS_GATES, running=False)
    if seen.gates is None:
        raise PortError("; ".join(seen.blind))
    if seen.gates:
        raise RefusedError("\n".join(seen.gates))


async def _begin(
    session: ReleaseSession, spec: Spec, desired: Target, outputs: StackOutputs
) -> None:
    """Write the first record; end the former release's warm window; refuse when it is not over."""
    state = await session.state()
    if session.log.down:
        raise PortError(session.log.down)
    first = entry(session.release, session.ports.clock.now(), Began(desired, spec, outputs))
    if state is not None:
        if state.phase is Phase.WARM_STANDBY:
            # Refused later, it would have ended the window of a release whose color stays up.
            await _ask_gates(session, first)
        await _replace(session, state)
    await session.log.append(first, fenced=False)


async def _replace(session: ReleaseSession, state: State) -> None:
    phase = after(state.phase, Trigger.REPLACE)
    if phase is not state.phase:
        event = Entered(phase, Trigger.REPLACE, "the next release begins")
        await _write(session, state.release, event)


async def _write(
    session: ReleaseSession, release: str, event: Event, *, anyway: bool = False
) -> None:
    record = entry(release, session.ports.clock.now(), event)
    await session.log.append(record, fenced=False, buffer=anyway)


def _wants_adoption(session: ReleaseSession, state: State | None) -> bool:
    """Return whether what is active was not brought there by the journal's last release."""
    if state is None:
        return True
    if state.phase is not Phase.REFUSED:
        return False
    effective = [each for each in releases(session.log.records) if each.phase is not Phase.REFUSED]
    if effective and effective[-1].phase is Phase.ROLLED_BACK:
        after(Phase.ROLLED_BACK, Trigger.ROLLBACK)
    return True


async def _adopt(session: ReleaseSession) -> State:
    """Begin a release that is over already, so that it can be rolled back."""
    outputs = await session.outputs()
    adopted_target = adopted(outputs, session.by, await session.ports.under_way.comes_from())
    if why := await quarantined(session, adopted_target.old_image):
        raise CannotBeginError(f"{adopted_target.old_image} is quarantined: {why}")
    try:
        spec = session.spec()
    except SpecError:
        spec = Spec()  # a key that is wrong is no reason to stay with what is bad
    await _write(session, session.release, Began(adopted_target, spec, outputs), anyway=True)
    over = Entered(Phase.DONE, Trigger.REPLACE, adopted_target.reason)
    await _write(session, session.release, over, anyway=True)
    state = session.log.state
    assert state is not None  # noqa: S101 -- just written
    return state


async def _drive(session: ReleaseSession, viewer: Viewer, *, backwards: bool) -> Exit:
    """Drive the release, or watch the process that does until it has answered the command."""
    try:
        if session.log.down:
            viewer.progress(f"goes on without the release lock: {session.log.down}")
        else:
            await take_lock(session)
    except LockedError:
        await _follow(session, viewer)
    except PortError as error:
        viewer.progress(f"goes on without the release lock: {error}")
    while True:
        try:
            state = await session.engine(viewer).run()
        except LostLockError as lost:
            # The store was away, and tells only now that somebody else was at it.
            if not backwards:
                raise
            viewer.progress(f"{lost}; follows")
            await _follow(session, viewer)
        else:
            return of(state.phase, backwards=backwards)


async def _follow(session: ReleaseSession, viewer: Viewer) -> None:
    """Show what the other engine does until it gives the lock back.

    Raises:
        LockedError: it does not answer.
    """
    clock = session.ports.clock
    asked = clock.now()
    shown = len(session.log.records)
    while True:
        state = await session.state()
        assert state is not None  # noqa: S101 -- the command was just written
        for record in session.log.records[shown:]:
            viewer.recorded(record, state)
        shown = len(session.log.records)
        waited = (clock.now() - asked).total_seconds()
        if state.command is not None and waited > ANSWER_SECONDS:
            raise LockedError(
                f"the process that drives the release on {session.stack} has not answered for "
                f"{waited:.0f} s; if it is surely dead: "
                '`release unlock --stack STACK --reason "…"`, then again'
            )
        try:
            await take_lock(session)
        except LockedError:
            await clock.sleep(FOLLOW_SECONDS)
        else:
            return


async def _until_cold(session: ReleaseSession, viewer: Viewer, *, detach: bool) -> Exit:
    """Wait for the end of the warm window, without the lock: others may release meanwhile."""
    state = await session.state()
    assert state is not None  # noqa: S101 -- it has just run
    if detach or not _is_warm(state, session.release):
        return of(state.phase, backwards=False)
    viewer.progress(f"the old color stays warm until {state.deadline:%H:%M:%S} UTC")
    while _is_warm(state, session.release):
        if not rests(state, session.ports.clock.now()):
            await take_lock(session)
            state = await session.engine(viewer).run()
            return of(state.phase, backwards=False)
        await session.ports.clock.sleep(WARM_LOOK_SECONDS)
        current = await session.state()
        if current is None:
            break
        state = current
    # Another process ended it, or rolled it back; what the next release replaced is done.
    ended = [each for each in releases(session.log.records) if each.release == session.release]
    return of(ended[-1].phase, backwards=False)


def _is_warm(state: State, release: str) -> bool:
    return state.release == release and state.phase is Phase.WARM_STANDBY
