"""Tells people of each transition, beside the loop: a slow receiver delays nothing.

That a message has arrived is written down, so the next process tells what this one could not.
"""

import asyncio
from collections.abc import Callable
from datetime import timedelta

from release.decide.events import Entered, Notified, Record, entry
from release.decide.messages import identity, message, unsent
from release.decide.state import State
from release.drive.journal import Log
from release.drive.ports import LostLockError, PortError, Ports

NEWS = timedelta(days=1)
"""What nobody was told for so long stands in `release history`."""
FINISH_SECONDS = 10.0
"""How long messages that are still under way are waited for at the end."""


class Notifications:
    """The messages of one engine."""

    def __init__(self, stack: str, ports: Ports, log: Log, say: Callable[[str], None]) -> None:
        self._stack = stack
        self._ports = ports
        self._log = log
        self._say = say
        self._tasks: set[asyncio.Task[None]] = set()

    def catch_up(self) -> None:
        """Send what earlier processes could not, of any release."""
        since = self._ports.clock.now() - NEWS
        for record, state, place in unsent(self._log.records, self._ports.notifier.places, since):
            self._begin(record, state, place)

    def send(self, record: Record, state: State) -> None:
        """Begin to tell of a transition, everywhere."""
        for place in self._ports.notifier.places:
            self._begin(record, state, place)

    def _begin(self, record: Record, state: State, place: str) -> None:
        task = asyncio.create_task(self._tell(record, state, place))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def finish(self) -> None:
        """Wait a little for what is under way, and leave no task behind."""
        if not self._tasks:
            return
        _, late = await asyncio.wait(self._tasks, timeout=FINISH_SECONDS)
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)

    async def _tell(self, record: Record, state: State, place: str) -> None:
        event = record.event
        if not isinstance(event, Entered):
            return
        try:
            text = message(self._stack, record.at, event, state)
            await self._ports.notifier.send(text, place)
            notified = Notified(identity(record.at, event), place)
            arrived = entry(record.release, self._ports.clock.now(), notified)
            await self._log.append(arrived, buffer=state.rolling_back)
        except LostLockError:
            return  # the loop will find out
        except PortError as error:
            self._say(f"nobody could be told: {error}")
