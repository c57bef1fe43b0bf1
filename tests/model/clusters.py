"""A cluster: its intent, which people change, and the bots that see it, sooner or later."""

from collections.abc import Collection
from dataclasses import dataclass, field, replace

from bot.authority.allocation import Member, desired
from bot.contract.intent import Intent
from tests.model.bot import Bot, SeenIntent
from tests.model.kernel import Kernel, Network

_RESTART_SECONDS = 0.5


@dataclass(slots=True)
class Cluster:
    """One stack. Its intent's object has a name that no other cluster's has."""

    kernel: Kernel
    network: Network
    seen: SeenIntent
    bots: list[Bot] = field(default_factory=list[Bot])

    @property
    def source(self) -> str:
        return self.seen.source

    def swap(self) -> None:
        """Let the other color trade, where there is one; it ends a canary."""
        other = self.seen.intent.active_color.other
        if self._has(other):
            self._intend(replace(self.seen, intent=Intent(other)))

    def move_canary(self, percent: int) -> None:
        intent = self.seen.intent
        if self._has(intent.active_color.other):
            self._intend(replace(self.seen, intent=Intent(intent.active_color, percent)))

    def adopt(self, source: str) -> None:
        """Let this cluster's intent rule where that source's has: its bots start anew."""
        self.kernel.say(self.source, f"adopts the database from {source}")
        for bot in self.bots:
            bot.adopts = source
            bot.stop(_RESTART_SECONDS)

    def show(self, bot: Bot) -> None:
        """Send it the newest intent; the watch of a bot that is cut off brings nothing."""
        seen = self.seen
        self.network.carry(bot.machine.name, "intent", lambda: bot.learn(seen))

    def holders(self, leases: Collection[int]) -> dict[int, str]:
        """Return who should hold each lease, as long as nothing changes any more."""
        members = frozenset(Member(b.holder, b.color) for b in self.bots if b.machine.running)
        named = desired(self.seen.intent, members)
        return {lease: named[lease] for lease in leases}

    def _has(self, color: object) -> bool:
        return any(bot.color is color for bot in self.bots)

    def _intend(self, seen: SeenIntent) -> None:
        self.seen = replace(seen, generation=seen.generation + 1)
        self.kernel.say("intent", f"{self.seen}")
        for bot in self.bots:
            self.show(bot)
