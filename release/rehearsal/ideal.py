"""A world where everything goes well, in memory: `release plan` drives the real engine in it.

The dry run takes the same decisions as a release, by the same loop; only the executor and the eyes
are others.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from typing_extensions import override

from bot.contract import labels
from bot.contract.color import Color
from bot.contract.compatibility import CONFIG_SCHEMA, LEDGER_SCHEMA
from bot.contract.release import digest_of
from bot.contract.shards import SHARD_COUNT
from infra.outputs import ColorOutputs, StackOutputs
from release.decide.model import (
    Json,
    Judgement,
    Lock,
    Look,
    Message,
    Pod,
    Quarantined,
    Scalar,
    Snapshot,
    StoredRecord,
    Verdict,
)
from release.drive.ports import Clock, LostLockError

VERSION, REVISION = "1.0.0", "1" * 40
LABELS: Mapping[str, str] = {
    labels.VERSION: VERSION,
    labels.REVISION: REVISION,
    labels.LEDGER_SCHEMA: LEDGER_SCHEMA,
    labels.CONFIG_SCHEMA: CONFIG_SCHEMA,
}
BUILT = "built/here@sha256:" + "0" * 64
"""What `build` becomes in a rehearsal."""


@dataclass
class StillClock(Clock):
    """Time that passes only when somebody sleeps."""

    time: datetime = datetime(2026, 1, 1, tzinfo=UTC)

    @override
    def now(self) -> datetime:
        return self.time

    @override
    async def sleep(self, seconds: float) -> None:
        """Let time pass at once."""
        self.time += timedelta(seconds=seconds)


@dataclass
class MemoryJournal:
    """A journal that lives as long as its process."""

    records: list[StoredRecord] = field(default_factory=list[StoredRecord])
    lock_row: Lock | None = None

    async def read(self, after: int) -> Sequence[StoredRecord]:
        """Return every record with a higher sequence."""
        return [record for record in self.records if record.sequence > after]

    async def append(
        self, release: str, at: datetime, kind: str, data: Mapping[str, Json], holder: str | None
    ) -> StoredRecord:
        """Add a record."""
        if holder is not None and (self.lock_row is None or self.lock_row.holder != holder):
            raise LostLockError(f"{self.lock_row.holder if self.lock_row else 'nobody'} holds it")
        record = StoredRecord(len(self.records) + 1, release, at, kind, dict(data))
        self.records.append(record)
        return record

    async def lock(self, holder: str, now: datetime, stale_seconds: float) -> Lock:
        """Take or renew the lock."""
        row = self.lock_row
        if row is None or (now - row.renewed).total_seconds() >= stale_seconds:
            row = Lock(holder, now, now)
        elif row.holder == holder:
            row = Lock(holder, row.since, now)
        self.lock_row = row
        return row

    async def unlock(self, holder: str) -> None:
        """Give it back."""
        if self.lock_row is not None and self.lock_row.holder == holder:
            self.lock_row = None

    async def held(self) -> Lock | None:
        """Return the lock that stands."""
        return self.lock_row


@dataclass
class IdealStack:
    """A stack whose `up` always succeeds at once."""

    namespace: str
    file: dict[str, object]
    """The config by its keys without the project, colors as `blue.image`."""
    deployed: dict[str, object]
    ups: list[dict[str, object]] = field(default_factory=list[dict[str, object]])

    def read(self) -> Mapping[str, object]:
        """Return the config."""
        return {key if ":" in key else f"p:{key}": self.file[key] for key in self.file}

    def write(self, changes: Mapping[str, Scalar]) -> bool:
        """Change the config."""
        before = dict(self.file)
        self.file.update(changes)
        return self.file != before

    async def up(self, progress: Callable[[str], None], *, returns: bool) -> None:
        """Deploy the config."""
        del returns
        progress("up")
        self.deployed = {
            key: BUILT if value == "build" else value for key, value in self.file.items()
        }
        self.ups.append(dict(self.deployed))

    async def end_up(self) -> None:
        """Do nothing: none runs."""

    async def outputs(self) -> StackOutputs | None:
        """Return what is deployed."""
        return StackOutputs(
            active_color=self.active,
            canary_percent=self.canary_percent,
            namespace=self.namespace,
            live_service="bot",
            intent_config_map="bot-intent",
            blue=self._outputs(Color.BLUE),
            green=self._outputs(Color.GREEN),
        )

    @property
    def active(self) -> Color:
        """The color that is deployed as the active one."""
        return Color(str(self.deployed["activeColor"]))

    @property
    def canary_percent(self) -> int:
        """Percent of the shards that the other color has."""
        return int(str(self.deployed.get("canaryPercent", 0)))

    def image(self, color: Color) -> str:
        """Return what a color runs."""
        return str(self.deployed.get(f"{color}.image", ""))

    def replicas(self, color: Color) -> int:
        """Return how many pods a color has."""
        return int(str(self.deployed.get(f"{color}.replicas", 0)))

    def _outputs(self, color: Color) -> ColorOutputs:
        name = f"bot-{color}"
        return ColorOutputs(self.image(color), self.replicas(color), name, name, f"color={color}")


@dataclass
class IdealCluster:
    """A cluster whose pods are what the stack says, at once, and well."""

    stack: IdealStack
    clock: StillClock

    async def pods(self, color: Color) -> Sequence[Pod]:
        """Return healthy pods."""
        image = self.stack.image(color)
        digest = image.partition("@")[2]
        return [
            Pod(f"{color}-{number}", color, True, False, image, digest, VERSION, REVISION)  # noqa: FBT003 -- positions of a record
            for number in range(self.stack.replicas(color))
        ]

    async def migrations(self, color: Color) -> Sequence[Pod]:
        """Return that none is left."""
        del color
        return []

    async def smoke(self, color: Color) -> Sequence[str]:
        """Return that nothing is wrong."""
        return [] if await self.pods(color) else [f"{color} does not answer"]

    async def live_color(self) -> Color:
        """Return the active color."""
        return self.stack.active

    async def shards(self) -> Mapping[Color, int]:
        """Return what the intent says."""
        active, percent = self.stack.active, self.stack.canary_percent
        return {active: SHARD_COUNT - percent, active.other: percent}

    async def snapshot(self, color: Color) -> Snapshot:
        """Return no counters: the verdict is known."""
        return Snapshot(color, self.clock.time.timestamp(), ())


def passes(
    looks: Sequence[Look], thresholds: Mapping[str, float], *, concurrent: bool
) -> Judgement:
    """Judge that all is well."""
    del looks, thresholds
    return Judgement(Verdict.PASS, (f"rehearsal, {'canary' if concurrent else 'bake'}",))


@dataclass
class InMemoryPorts:
    """Quarantine, the mark of a release, labels, git and messages, all of them kept in memory."""

    banned: list[Quarantined] = field(default_factory=list[Quarantined])
    mark: str = ""
    marked_old: Color | None = None
    stated: Mapping[str, str] = field(default_factory=lambda: LABELS)
    """Labels of every image."""
    commits: list[str] = field(default_factory=list[str])
    messages: list[Message] = field(default_factory=list[Message])
    places: Sequence[str] = ("memory",)

    async def entries(self) -> Sequence[Quarantined]:
        """Return what is quarantined."""
        return self.banned

    async def add(self, entry: Quarantined) -> None:
        """Quarantine a digest."""
        if entry.digest not in {each.digest for each in self.banned}:
            self.banned.append(entry)

    async def clear(self, digest: str) -> None:
        """Let a digest in again."""
        self.banned = [each for each in self.banned if each.digest != digest]

    async def announce(self, release: str, holder: str, since: datetime, old: Color) -> None:
        """Set the mark."""
        del holder, since
        self.mark, self.marked_old = release, old

    async def comes_from(self) -> Color | None:
        """Return the color that the marked release comes from."""
        return self.marked_old if self.mark else None

    async def withdraw(self, release: str) -> None:
        """Take the mark off."""
        self.mark = "" if self.mark == release else self.mark

    async def labels(self, reference: str) -> Mapping[str, str]:
        """Return what every pod says, too."""
        del reference
        return self.stated

    async def digest(self, reference: str, tag: str) -> str:
        """Return that no tag was moved."""
        del tag
        return digest_of(reference)

    async def tagged(self, tag: str) -> str:
        """Return the commit that everything was built from."""
        return REVISION if tag else ""

    async def head(self) -> str:
        """Return a commit."""
        return "0" * 40

    async def is_ancestor(self, older: str, newer: str) -> bool:
        """Return that history is one line."""
        return bool(older and newer)

    async def require_clean(self) -> None:
        """Find nothing."""

    async def commit(self, message: str, *, push: bool) -> str | None:
        """Keep the message."""
        del push
        self.commits.append(message)
        return f"{len(self.commits):040}"

    async def send(self, message: Message, place: str) -> None:
        """Keep the message."""
        del place
        self.messages.append(message)
