"""Tells people of each transition, beside the loop: whoever is slow to listen delays nothing.

That a message has arrived is written down, so the next process tells what this one could not.
"""

import asyncio
from collections.abc import Callable

from release.log import Log, entry
from release.messages import identity, message, untold
from release.model import Record
from release.ports import LostLockError, PortError
from release.state import Kind, State
from release.world import World

FINISH_SECONDS = 10.0
"""How long messages that are still under way are waited for at the end."""


class Herald:
    """The messages of one engine."""

    def __init__(self, stack: str, world: World, log: Log, say: Callable[[str], None]) -> None:
        self._stack = stack
        self._world = world
        self._log = log
        self._say = say
        self._tasks: set[asyncio.Task[None]] = set()

    def catch_up(self) -> None:
        """Send what an earlier process could not."""
        for record, state in untold(self._log.records):
            self.send(record, state)

    def send(self, record: Record, state: State) -> None:
        """Begin to tell of a transition."""
        task = asyncio.create_task(self._tell(record, state))
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

    async def _tell(self, record: Record, state: State) -> None:
        try:
            await self._world.notifier.send(message(self._stack, record, state))
            now = self._world.clock.now()
            arrived = entry(record.release, now, Kind.TOLD, {"of": identity(record)})
            await self._log.append(arrived, buffer=state.going_back)
        except LostLockError:
            return  # the loop will find out
        except PortError as error:
            self._say(f"nobody could be told: {error}")
