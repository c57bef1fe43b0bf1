"""Worlds for the engine: the ideal one of a rehearsal, with faults that a test switches on."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from bot.contract.color import Color
from bot.contract.provenance import Claims
from release.decide.events import Began, Commanded, Entered, Record, entry
from release.decide.model import (
    Figures,
    Json,
    Judgement,
    Look,
    Message,
    Pod,
    StoredRecord,
    Target,
    Verdict,
)
from release.decide.phases import Trigger
from release.decide.spec import Spec, Strategy
from release.decide.state import State
from release.drive.engine import Engine
from release.drive.executor import Executor
from release.drive.journal import Log
from release.drive.ports import PortError, Ports, UpEndedError, UpFailedError
from release.rehearsal.ideal import (
    REVISION,
    IdealCluster,
    IdealStack,
    InMemoryPorts,
    MemoryJournal,
    StillClock,
)

OLD_IMAGE = "bot@sha256:" + "a" * 64
NEW_IMAGE = "bot@sha256:" + "b" * 64
CONFIG: dict[str, object] = {
    "activeColor": "blue",
    "blue.image": OLD_IMAGE,
    "blue.replicas": 2,
    "green.image": OLD_IMAGE,
    "green.replicas": 2,
}
TARGET = Target(Color.GREEN, NEW_IMAGE, 2, OLD_IMAGE, 2, revision="c" * 40, by="ada")
SHORT = {"commit": True, "stepSeconds": 3, "bakeSeconds": 5}
DEADLINES = {"canaryAnalysis": 120, "bake": 120}
BLUE_GREEN = Spec.model_validate({**SHORT, "deadlines": DEADLINES})
CANARY = BLUE_GREEN.model_copy(update={"strategy": Strategy.CANARY, "canary_steps": (10, 50)})


def claims_of(version: str) -> Claims:
    """Return what registry and git say of the new image, when its label names this version."""
    tag = f"v{version}" if version else ""
    digest = NEW_IMAGE.partition("@")[2]
    return Claims(tag, REVISION if tag else "", version, REVISION, NEW_IMAGE, digest, {})


class Killed(BaseException):
    """The process was killed."""


@dataclass
class FaultyStack(IdealStack):
    """Its `up` may fail, or hang until it is ended."""

    refuse: Callable[["FaultyStack"], str | None] = lambda _: None
    hangs: bool = False
    kill_in_up: int = 0
    """Which `up` the process is killed in, after half of it was done."""
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    idle: asyncio.Event = field(default_factory=asyncio.Event)
    running: bool = False
    returned: list[bool] = field(default_factory=list[bool])
    """Of each `up`: whether it was told to the guard that this is the way back."""

    async def up(self, progress: Callable[[str], None], *, returns: bool) -> None:
        assert not self.running, "two ups at once"
        self.running = True
        self.returned.append(returns)
        self.ended.clear()
        self.idle.clear()
        try:
            await asyncio.sleep(0)
            self.kill_in_up -= 1
            if self.kill_in_up == 0:
                self.deployed |= {key: self.file[key] for key in sorted(self.file)[::2]}
                raise Killed
            if self.hangs:
                self.deployed |= {"green.image": self.file["green.image"]}  # half of it
                await self.ended.wait()
                self.hangs = False
                raise UpEndedError("ended")
            if why := self.refuse(self):
                raise UpFailedError(why)
            await super().up(progress, returns=returns)
        finally:
            self.running = False
            self.idle.set()

    async def end_up(self) -> None:
        self.ended.set()
        if self.running:
            await self.idle.wait()


@dataclass
class FaultyCluster(IdealCluster):
    """Its pods may be bad."""

    spoil: Callable[[Pod], Pod | None] = lambda pod: pod
    migrating: Sequence[Pod] = ()
    """As long as an `up` runs."""

    async def migrations(self, color: Color) -> Sequence[Pod]:
        del color
        assert isinstance(self.stack, FaultyStack)
        return self.migrating if self.stack.running else ()

    async def pods(self, color: Color) -> Sequence[Pod]:
        return [
            spoiled for pod in await super().pods(color) if (spoiled := self.spoil(pod)) is not None
        ]


@dataclass
class FaultyJournal(MemoryJournal):
    """Its process may be killed after any entry; the store may be away."""

    kill_after: int | None = None
    killed: bool = False
    away: Callable[[], bool] = lambda: False

    async def append(
        self, release: str, at: datetime, kind: str, data: Mapping[str, Json], holder: str | None
    ) -> StoredRecord:
        if self.away():
            raise PortError("the store is away")
        record = await super().append(release, at, kind, data, holder)
        if self.kill_after is not None and len(self.records) >= self.kill_after:
            self.killed = True
            raise Killed
        return record

    async def unlock(self, holder: str) -> None:
        if self.killed:
            raise Killed
        await super().unlock(holder)

    async def read(self, after: int) -> Sequence[StoredRecord]:
        if self.away():
            raise PortError("the store is away")
        return await super().read(after)


@dataclass
class FaultyPorts(InMemoryPorts):
    """Its people may not listen."""

    deaf: bool = False
    deaf_place: str = ""
    unmarkable: int = 0
    """How many marks cannot be set."""
    hangs_until_over: bool = False
    push_hangs: Callable[[], Awaitable[None]] | None = None
    """What happens while a push hangs for ever."""

    async def commit(self, message: str, *, push: bool) -> str | None:
        if self.push_hangs is not None:
            meanwhile, self.push_hangs = self.push_hangs, None
            await meanwhile()
            await asyncio.Event().wait()
        return await super().commit(message, push=push)

    async def announce(self, release: str, holder: str, since: datetime, old: Color) -> None:
        self.unmarkable -= 1
        if self.unmarkable >= 0:
            raise PortError("the mark cannot be set")
        await super().announce(release, holder, since, old)

    async def send(self, message: Message, place: str) -> None:
        if self.deaf or place == self.deaf_place:
            raise PortError("nobody listens")
        if self.hangs_until_over and "rolled-back" not in message.title:
            await self.over.wait()
        self.over.set()
        await super().send(message, place)

    over: asyncio.Event = field(default_factory=asyncio.Event)


@dataclass
class Silent:
    """Shows nothing, keeps the lines."""

    lines: list[str] = field(default_factory=list[str])

    def recorded(self, record: Record, state: State) -> None:
        pass

    def waiting(self, state: State, decision: object, seen: object) -> None:
        pass

    def progress(self, line: str) -> None:
        self.lines.append(line)


@dataclass
class Stage:
    """One stack in memory, and engines that come and go."""

    spec: Spec = BLUE_GREEN
    clock: StillClock = field(default_factory=StillClock)
    stack: FaultyStack = field(
        default_factory=lambda: FaultyStack("bot", dict(CONFIG), dict(CONFIG))
    )
    cluster: FaultyCluster = field(init=False)
    journal: FaultyJournal = field(default_factory=FaultyJournal)
    in_memory: FaultyPorts = field(default_factory=FaultyPorts)
    verdict: Callable[[bool], Verdict] = lambda _: Verdict.PASS
    engines: int = 0
    log: Log = field(init=False)

    def __post_init__(self) -> None:
        self.cluster = FaultyCluster(self.stack, self.clock)
        self.log = Log(self.journal, "e0")

    def judge(
        self, looks: Sequence[Look], thresholds: Mapping[str, float], *, concurrent: bool
    ) -> Judgement:
        assert looks
        assert thresholds["alpha"] == (0.025 if self.spec.steps else 0.05)
        verdict = self.verdict(concurrent)
        return Judgement(verdict, (f"judged {verdict}",), Figures(blocks=len(looks)))

    def ports(self) -> Ports:
        return Ports(
            config=self.stack,
            stack=self.stack,
            cluster=self.cluster,
            metrics=self.cluster,
            judge=self.judge,
            quarantine=self.in_memory,
            under_way=self.in_memory,
            journal=self.journal,
            git=self.in_memory,
            images=self.in_memory,
            notifier=self.in_memory,
            clock=self.clock,
        )

    async def begin(self, target: Target = TARGET) -> None:
        record = entry("r1", self.clock.now(), Began(target, self.spec))
        await self.log.append(record, fenced=False)

    async def command(self, command: str) -> None:
        event = Commanded(Trigger(command), "bob", "asked")
        record = entry("r1", self.clock.now(), event)
        await self.log.append(record, fenced=False, buffer=True)

    async def run(self) -> State:
        """Run a new process until it rests or is killed."""
        self.engines += 1
        holder = f"e{self.engines}"
        log = Log(self.journal, holder)
        for record in self.log.unrecorded:
            await log.append(record, fenced=False, buffer=True)
        self.log = log
        ports = self.ports()
        executor = Executor(ports, holder)
        return await Engine("test", ports, log, executor, holder, Silent()).run()

    def phases(self) -> list[str]:
        return [
            record.event.phase.value
            for record in self.log.records
            if isinstance(record.event, Entered)
        ]

    @property
    def trader(self) -> tuple[str, int]:
        return self.stack.active.value, self.stack.canary_percent

    @property
    def consistent(self) -> bool:
        """Whether a plain `up` would change nothing."""
        defaults: dict[str, object] = {"canaryPercent": 0}
        return {**defaults, **self.stack.file} == {**defaults, **self.stack.deployed}


def crashed(pod: Pod) -> Pod:
    """Return the pod as it is in a crash loop when it runs the new image."""
    if pod.image != NEW_IMAGE:
        return pod
    return replace(
        pod, ready=False, restarts=9, reason="CrashLoopBackOff", last_lines=("boom",), version=""
    )
