"""Does what was decided: one handler per action, over the ports. No policy here.

A handler returns what a person may read afterwards and raises `PortError` when it was not done.
Each may be called again after it was cut off anywhere.
"""

from collections.abc import Callable, Mapping

from release.decide.actions import Action, Announce, Apply, Ban, Commit, EndUp, Withdraw
from release.decide.model import Quarantined
from release.decide.phase_handlers import CANARY_PERCENT
from release.decide.state import State
from release.drive.ports import Ports

Progress = Callable[[str], None]


class Executor:
    """Does one action."""

    def __init__(self, ports: Ports, holder: str) -> None:
        self._ports = ports
        self._holder = holder

    async def do(self, action: Action, state: State, progress: Progress) -> str:
        """Do it and return what came of it.

        Raises:
            PortError: it was not done.
        """
        match action:
            case Apply():
                return await self._apply(action, state, progress)
            case EndUp():
                return await self._end_up()
            case Announce():
                return await self._announce(state)
            case Withdraw():
                return await self._withdraw(state)
            case Ban():
                return await self._ban(action, state)
            case Commit():
                return await self._commit(action, state)

    async def _apply(self, action: Apply, state: State, progress: Progress) -> str:
        config = self._ports.config
        changes = dict(action.changes)
        if changes.get(CANARY_PERCENT) == 0 and not _has(config.read(), CANARY_PERCENT):
            # The default says so already, and nobody wrote it down.
            del changes[CANARY_PERCENT]
        config.write(changes)
        await self._ports.stack.up(progress, returns=state.rolling_back)
        return "applied"

    async def _end_up(self) -> str:
        await self._ports.stack.end_up()
        return "no `up` of ours runs"

    async def _announce(self, state: State) -> str:
        old = state.target.old
        await self._ports.under_way.announce(state.release, self._holder, state.began_at, old)
        return "marked"

    async def _withdraw(self, state: State) -> str:
        await self._ports.under_way.withdraw(state.release)
        return "mark taken off"

    async def _ban(self, action: Ban, state: State) -> str:
        now = self._ports.clock.now()
        by = state.target.by or self._holder
        await self._ports.quarantine.add(Quarantined(action.digest, now, by, action.reason))
        return f"{action.digest} is quarantined"

    async def _commit(self, action: Commit, state: State) -> str:
        made = await self._ports.git.commit(action.message, push=state.spec.push)
        return f"commit {made}" if made else "nothing to commit"


def _has(config: Mapping[str, object], key: str) -> bool:
    return any(each.endswith(f":{key}") for each in config)
