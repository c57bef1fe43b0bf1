"""What the engine needs from outside: small protocols, owned here, implemented in `adapters`.

Every call is bounded by its adapter's own time-out, and what fails raises a `PortError` that says
what failed, where, and what to do. Nothing behind a port decides anything.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from bot.contract.color import Color
from infra.outputs import StackOutputs
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
)


class PortError(RuntimeError):
    """Something outside did not do what was asked; the text is for a person."""


class UpFailedError(PortError):
    """An `up` ended without success. What it had applied by then stays applied."""


class UpEndedError(UpFailedError):
    """An `up` was ended by `end_up`."""


class LostLockError(PortError):
    """Another process holds the release lock of this stack."""


class Config(Protocol):
    """`Pulumi.<stack>.yaml`, the one lever."""

    def read(self) -> Mapping[str, object]:
        """Return plain values by full key (`trading-bot:blue`); encrypted ones are left out.

        Values are as YAML has them, nested ones are mappings and lists.
        """
        ...

    def write(self, changes: Mapping[str, Scalar]) -> bool:
        """Set these keys (dotted, without the project: `blue.image`), all or none.

        Everything else in the file stays byte for byte. Returns whether anything had to change.
        """
        ...


class Stack(Protocol):
    """The engine of Pulumi, for one stack."""

    async def up(self, progress: Callable[[str], None], *, returns: bool) -> None:
        """Apply what the config file says; each line of progress is one finished resource or event.

        Our own `up` says who it is to the guard, which refuses others while a release is under way;
        and whether it rolls a version back: then one ready pod of the old color is enough.

        Raises:
            UpFailedError: it ended without success, or was refused, or another one is running; a
                state lock is cleared first when its owner, a process of this machine, is dead.
            UpEndedError: `end_up` ended it.
        """
        ...

    async def end_up(self) -> None:
        """End the `up` that this process or a dead one of this machine began; wait for it.

        Does nothing when there is none. Never touches one of somebody else.
        """
        ...

    async def outputs(self) -> StackOutputs | None:
        """Return what the last complete `up` left behind; None when there was none."""
        ...


class Cluster(Protocol):
    """What runs, asked from the cluster and the pods themselves."""

    async def pods(self, color: Color) -> Sequence[Pod]:
        """Return all pods of a color, terminating ones too; unfit ones with their last lines."""
        ...

    async def migrations(self, color: Color) -> Sequence[Pod]:
        """Return the pods of migrations, told as this color's."""
        ...

    async def smoke(self, color: Color) -> Sequence[str]:
        """Ask the color through its preview Service; return what is wrong."""
        ...

    async def live_color(self) -> Color:
        """Return the color that answers a new request to the live Service."""
        ...

    async def shards(self) -> Mapping[Color, int]:
        """Return how many shards the pods of each color hold now, each counted once per color."""
        ...


class Metrics(Protocol):
    """Counters of a color's pods."""

    async def snapshot(self, color: Color) -> Snapshot:
        """Scrape every pod of a color. A pod that does not answer is a failure in the snapshot."""
        ...


class Judge(Protocol):
    """Says whether the new color is worse. Pure: the same looks give the same judgement."""

    def __call__(
        self, looks: Sequence[Look], thresholds: Mapping[str, float], *, concurrent: bool
    ) -> Judgement:
        """Judge what was seen since the canary, or the bake, began, oldest look first.

        Args:
            looks: at least one; counters are cumulative since each pod's process began.
            thresholds: by the names in `release.spec.Thresholds`.
            concurrent: whether both colors trade (a canary), or the new one does after the old one
                did (a bake): then the totals of the old one at the first look are the comparison.
        """
        ...


class Quarantine(Protocol):
    """The digests that may not become active, kept in the cluster where the guard reads them."""

    async def entries(self) -> Sequence[Quarantined]:
        """Return all, oldest first."""
        ...

    async def add(self, entry: Quarantined) -> None:
        """Add one; one that is there already stays as it is."""
        ...

    async def clear(self, digest: str) -> None:
        """Take one out; does nothing when it is not there."""
        ...


class UnderWay(Protocol):
    """The mark in the cluster by which the guard refuses a plain `up` during a release."""

    async def announce(self, release: str, holder: str, since: datetime, old: Color) -> None:
        """Say who runs a release since when, from which color; replaces what was said before."""
        ...

    async def comes_from(self) -> Color | None:
        """Return the color that the marked release comes from; None when none is marked."""
        ...

    async def withdraw(self, release: str) -> None:
        """Take the mark of this release away; does nothing when it is another's or none."""
        ...


class Journal(Protocol):
    """The append-only list of what happened on one stack, and the lock of who drives its release.

    A record is written only while its writer holds the lock.
    """

    async def read(self, after: int) -> Sequence[StoredRecord]:
        """Return every record of this stack with a higher sequence, oldest first."""
        ...

    async def append(
        self, release: str, at: datetime, kind: str, data: Mapping[str, Json], holder: str | None
    ) -> StoredRecord:
        """Write one record durably and return it with its sequence.

        Args:
            release: id of the release that it belongs to.
            at: when it happened.
            kind: name of the event.
            data: what it carries.
            holder: who must hold the lock, or None for a command that anyone may give.

        Raises:
            LostLockError: another one holds the lock.
            PortError: the store is away.
        """
        ...

    async def lock(self, holder: str, now: datetime, stale_seconds: float) -> Lock:
        """Take or renew the lock, unless another's is younger; return the one that stands then.

        A lock that was not renewed for `stale_seconds` is taken over.
        """
        ...

    async def unlock(self, holder: str) -> None:
        """Give the lock back; does nothing when this holder has none."""
        ...

    async def held(self) -> Lock | None:
        """Return the lock that stands, without taking it; None when nobody has it."""
        ...


class Git(Protocol):
    """The repository that the stack config is in."""

    async def head(self) -> str:
        """Return the full commit id of what is checked out."""
        ...

    async def is_ancestor(self, older: str, newer: str) -> bool:
        """Tell whether `older` is in the history of `newer`; an unknown commit is not."""
        ...

    async def tagged(self, tag: str) -> str:
        """Return the commit that a tag names; empty when there is no such tag."""
        ...

    async def require_clean(self) -> None:
        """Return when our commit would take nobody's uncommitted change along; else raise."""
        ...

    async def commit(self, message: str, *, push: bool) -> str | None:
        """Commit the stack config file alone; return the commit, None when nothing had changed."""
        ...


class Images(Protocol):
    """The registries that images are pulled from."""

    async def labels(self, reference: str) -> Mapping[str, str]:
        """Return the labels of a pinned image."""
        ...

    async def digest(self, reference: str, tag: str) -> str:
        """Return what the reference's repository has under a tag now; empty when nothing."""
        ...


class Notifier(Protocol):
    """Tells people. Retries by itself; its failure never delays a release."""

    @property
    def places(self) -> Sequence[str]:
        """Names of where messages go, for the journal."""
        ...

    async def send(self, message: Message, place: str) -> None:
        """Send one message there; its key keeps a repeated try from being a second message."""
        ...


class Clock(Protocol):
    """Time, so that tests need none."""

    def now(self) -> datetime:
        """Return the time in UTC."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        ...


@dataclass(frozen=True, slots=True)
class Ports:
    """The ports of one stack."""

    config: Config
    stack: Stack
    cluster: Cluster
    metrics: Metrics
    judge: Judge
    quarantine: Quarantine
    under_way: UnderWay
    journal: Journal
    git: Git
    images: Images
    notifier: Notifier
    clock: Clock
