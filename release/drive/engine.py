"""The only loop: observe, decide, write down, do; until the release rests.

Holds nothing that the journal does not have, except for the running `up`. A process that is killed
anywhere leaves a journal from which the next one goes on.
"""

import asyncio
import contextlib
from collections.abc import Awaitable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from release.decide.actions import Action, Apply, Decision, EndUp
from release.decide.events import (
    Declined,
    Did,
    Ended,
    Entered,
    Event,
    Failed,
    Judged,
    Record,
    Trying,
    entry,
)
from release.decide.model import Verdict
from release.decide.observation import Observation
from release.decide.planner import decide, needs
from release.decide.state import State
from release.decide.transitions import RESTING, ROLLING_BACK, after
from release.drive.executor import Executor
from release.drive.journal import Log
from release.drive.notifications import Notifications
from release.drive.observer import Observer
from release.drive.ports import LostLockError, PortError, Ports

POLL_SECONDS = 1.0
"""A command of another process is seen within this time."""
LOCK_STALE_SECONDS = 60.0
"""A lock that was not renewed for so long belongs to a dead process."""
LOCK_RENEW_SECONDS = 15.0
assert LOCK_RENEW_SECONDS * 3 < LOCK_STALE_SECONDS  # noqa: S101 -- constants that need each other


class Viewer(Protocol):
    """Shows a person what happens. Decides nothing."""

    def recorded(self, record: Record, state: State) -> None:
        """Show what was written down."""
        ...

    def waiting(self, state: State, decision: Decision, seen: Observation) -> None:
        """Show what is waited for."""
        ...

    def progress(self, line: str) -> None:
        """Show a line of what runs."""
        ...


def rests(state: State, now: datetime) -> bool:
    """Return whether there is nothing to do until a person or the end of the window comes."""
    if state.command is not None or state.phase not in RESTING:
        return False
    return state.deadline is None or now < state.deadline


def text_of(error: BaseException) -> str:
    """Return an error in words; one that no port foresaw with its kind."""
    return str(error) if isinstance(error, PortError) else f"unforeseen: {error!r}"


@dataclass(slots=True)
class _Up:
    """The running `up`, and the phase that began it."""

    task: asyncio.Task[str]
    action: Apply
    entered_at: datetime


@dataclass
class Engine:
    """Drives the last release of one stack."""

    stack: str
    ports: Ports
    log: Log
    executor: Executor
    holder: str
    viewer: Viewer
    _up: _Up | None = None
    _renewed_at: datetime | None = None
    _verdict: Verdict | None = None
    _messages: Notifications | None = None

    async def run(self) -> State:
        """Go on until the release rests, and return where.

        Raises:
            LostLockError: another process drives it now; our own `up` is ended.
        """
        observer = Observer(self.ports, self.log)
        try:
            await self.log.refresh(self.ports.clock.now())
            await self._renew()
            self._notifications().catch_up()
            while True:
                await self.log.refresh(self.ports.clock.now())
                await self._renew()
                state = self._state()
                if rests(state, self.ports.clock.now()):
                    return state
                await self._turn(state, observer)
        except LostLockError:
            await self.ports.stack.end_up()
            raise
        finally:
            await self._finish()

    async def _turn(self, state: State, observer: Observer) -> None:
        try:
            if self._up is not None and self._up.task.done():
                await self._ended(self._up, state)
                return
            seen = await observer.look(state, needs(state), running=self._up is not None)
            decision = decide(state, seen, self.ports.clock.now())
            await self._note_verdict(state, seen)
            if decision.trigger is not None:
                await self._enter(state, decision)
            elif decision.declined:
                await self._record(state, Declined(decision.reason))
            elif decision.actions:
                for action in decision.actions:
                    await self._begin(action, state)
            else:
                self.viewer.waiting(state, decision, seen)
                await self._wait(decision.wake_at)
        except LostLockError:
            raise
        except PortError as error:
            self.viewer.progress(f"the journal cannot be written, so nothing is begun: {error}")
            await self._wait(None)

    async def _enter(self, state: State, decision: Decision) -> None:
        assert decision.trigger is not None  # noqa: S101 -- the caller has looked
        phase = after(state.phase, decision.trigger)
        event = Entered(
            phase,
            decision.trigger,
            decision.reason,
            decision.image,
            quarantine=decision.blame,
            figures=decision.figures,
        )
        self._verdict = None
        record = await self._record(state, event, buffer=phase in ROLLING_BACK)
        self._notifications().send(record, self._state())

    async def _begin(self, action: Action, state: State) -> None:
        """Write the action down, then do it; an `up` runs on while the world is looked at."""
        if isinstance(action, Apply) and self._up is not None:
            await self.ports.stack.end_up()
            await asyncio.gather(self._up.task, return_exceptions=True)
            self._up = None
        changes = dict(action.changes) if isinstance(action, Apply) else {}
        await self._record(state, Trying(action.key, action.summary, changes))
        doing = self.executor.do(action, state, self.viewer.progress)
        if isinstance(action, Apply):
            self._up = _Up(asyncio.create_task(doing), action, state.entered_at)
            return
        try:
            text = await self._waited(doing, action)
        except LostLockError:
            raise
        except Exception as error:  # noqa: BLE001 -- a defect in one action must not stop a way back
            await self._record(state, Failed(action.key, text_of(error)))
        else:
            await self._record(state, Did(action.key, text))

    async def _waited(self, doing: Awaitable[str], action: Action) -> str:
        """Wait for an action; what may stay undone, as a push that hangs, holds up no command."""
        task = asyncio.ensure_future(doing)
        try:
            while not (await asyncio.wait({task}, timeout=POLL_SECONDS))[0]:
                await self.log.refresh(self.ports.clock.now())
                await self._renew()
                if not action.required and self._state().command is not None:
                    raise PortError("left undone: a command came first")
            return task.result()
        finally:
            task.cancel()

    async def _ended(self, up: _Up, state: State) -> None:
        """Write down how an `up` ended; of a phase that was left it only informs."""
        error = up.task.exception()
        if error is not None and not isinstance(error, Exception):
            raise error
        text = up.task.result() if error is None else text_of(error)
        if up.entered_at != state.entered_at:
            event: Event = Ended(up.action.key, text)
        elif error is None:
            event = Did(up.action.key, text)
        else:
            event = Failed(up.action.key, text)
        await self._record(state, event, buffer=True)
        self._up = None

    async def _note_verdict(self, state: State, seen: Observation) -> None:
        judgement = seen.judgement
        if judgement is None or judgement.verdict is self._verdict:
            return
        event = Judged(judgement.verdict, judgement.reasons, judgement.figures)
        await self._record(state, event, buffer=True)
        self._verdict = judgement.verdict

    async def _record(self, state: State, event: Event, *, buffer: bool = False) -> Record:
        record = entry(state.release, self.ports.clock.now(), event)
        await self.log.append(record, buffer=buffer or state.rolling_back)
        self.viewer.recorded(record, self._state())
        return record

    async def _renew(self) -> None:
        if self.log.down:
            self._renewed_at = None  # the first thing to do when the store is back
            return
        now = self.ports.clock.now()
        young = timedelta(seconds=LOCK_RENEW_SECONDS)
        if self._renewed_at is not None and now - self._renewed_at < young:
            return
        self._renewed_at = now  # also when it fails: the next try comes as soon as the next renewal
        try:
            lock = await self.ports.journal.lock(self.holder, now, LOCK_STALE_SECONDS)
        except PortError as error:
            self.viewer.progress(f"the release lock cannot be renewed: {error}")
            return
        if lock.holder != self.holder:
            raise LostLockError(f"{lock.holder} drives this release since {lock.since:%H:%M:%S}")

    async def _wait(self, until: datetime | None) -> None:
        """Wait, but no longer than a command may wait for us, nor than our `up` runs."""
        left = POLL_SECONDS
        if until is not None:
            left = min(max((until - self.ports.clock.now()).total_seconds(), 0.05), left)
        sleeper = asyncio.ensure_future(self.ports.clock.sleep(left))
        others = {self._up.task} if self._up is not None else set[asyncio.Task[str]]()
        await asyncio.wait({sleeper, *others}, return_when=asyncio.FIRST_COMPLETED)
        sleeper.cancel()

    def _notifications(self) -> Notifications:
        if self._messages is None:
            self._messages = Notifications(self.stack, self.ports, self.log, self.viewer.progress)
        return self._messages

    def _state(self) -> State:
        state = self.log.state
        assert state is not None  # noqa: S101 -- an engine is made for a release that has begun
        return state

    async def _finish(self) -> None:
        """End nothing that matters: wait a little for messages, and leave no task behind."""
        if self._up is not None:
            await self.executor.do(EndUp(), self._state(), self.viewer.progress)
            await asyncio.gather(self._up.task, return_exceptions=True)
            self._up = None
        await self._notifications().finish()
        if not self.log.down:
            with contextlib.suppress(PortError):  # it becomes stale by itself
                await self.ports.journal.unlock(self.holder)
