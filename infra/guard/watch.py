"""The guard before authority moves, and the wait for a color's pods after they were changed.

Knows a port to the cluster and a clock; `infra.guard.readiness` says what is right.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

from bot.contract.color import Color
from infra.guard.readiness import (
    Expected,
    Pod,
    Refusal,
    Rollout,
    refusal_text,
    refuse_rollback,
    refuse_rollout,
    refuse_takeover,
)
from infra.guard.release_mark import Caller, ReleaseMarks, refuse_caller
from infra.names import COLOR_LABEL

POLL_SECONDS = 0.3

Answer = TypeVar("Answer")

Check = Callable[[Expected, Sequence[Pod], Rollout], Refusal | None]
Target = Callable[[], Awaitable[Expected]]
"""What a color is expected to show; awaited late, because a built image is known only then."""


Against = Callable[[], Awaitable[Sequence[str]]]
"""Says why the pods may not be led to their ledger."""


async def nothing_against() -> Sequence[str]:
    """Say nothing: the ledger is the one of the last `up`."""
    return ()


class RefusedError(RuntimeError):
    """The step may not be done; the text is for the person who ran `pulumi up`."""


class Cluster(Protocol):
    """What the guard must know of the cluster. The calls block, so they are made in a thread."""

    def look(self, color: Color) -> tuple[list[Pod], Rollout]:
        """Return the pods of both colors, and how far this color's Deployment has come."""
        ...

    def release_marks(self) -> ReleaseMarks:
        """Return what releases wrote down."""
        ...

    def ledger(self, job: str) -> str:
        """Return the name of the ledger that this migration found; empty when it does not say."""
        ...


class Clock(Protocol):
    """Time, so that tests need none."""

    def now(self) -> float:
        """Return seconds that only rise."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        ...


class LoopClock:
    """The event loop's time."""

    def now(self) -> float:
        """Return the loop's monotonic time."""
        return asyncio.get_running_loop().time()

    async def sleep(self, seconds: float) -> None:
        """Wait without blocking the program."""
        await asyncio.sleep(seconds)


@dataclass(slots=True)
class Watch:
    """Asks until it knows; `connect` is called at the first question, because its imports cost."""

    connect: Callable[[], Cluster]
    clock: Clock = field(default_factory=LoopClock)
    deadline_seconds: float = 0.0
    _cluster: Cluster | None = None
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def once(self, check: Check, expected: Expected) -> Refusal | None:
        """Check what the cluster reports now."""
        pods, rollout = await self._ask(lambda cluster: cluster.look(expected.color))
        return check(expected, pods, rollout)

    async def release_marks(self) -> ReleaseMarks:
        """Return what releases wrote down, as it is now."""
        return await self._ask(lambda cluster: cluster.release_marks())

    async def ledger(self, job: str) -> str:
        """Return the name of the ledger that this migration found; empty when it does not say."""
        return await self._ask(lambda cluster: cluster.ledger(job))

    async def _ask(self, question: Callable[[Cluster], Answer]) -> Answer:
        # The client's decoder crashes when two threads first use it at once.
        async with self._lock:
            if self._cluster is None:
                self._cluster = await asyncio.to_thread(self.connect)
            return await asyncio.to_thread(question, self._cluster)

    async def until(self, check: Check, expected: Expected) -> Refusal | None:
        """Check again and again until it is well, stuck, or too late."""
        end = self.clock.now() + self.deadline_seconds
        while True:
            refusal = await self.once(check, expected)
            if refusal is None or refusal.stuck or self.clock.now() >= end:
                return refusal
            await self.clock.sleep(POLL_SECONDS)


@dataclass(slots=True)
class Guard:
    """One decision for a whole `up`: the Service and the intent move together or not at all."""

    watch: Watch
    targets: Sequence[Target]
    """Every color that will trade."""
    caller: Caller
    patient: bool
    """Whether to wait: nothing trades yet that a delay could hurt."""
    ledger: Against = nothing_against
    _decision: asyncio.Task[None] | None = None

    async def allow(self) -> None:
        """Return when authority may move.

        Raises:
            RefusedError: it may not; says why and what to do.
        """
        if self._decision is None:
            self._decision = asyncio.create_task(self._decide())
        await asyncio.shield(self._decision)

    async def _decide(self) -> None:
        ask = self.watch.until if self.patient else self.watch.once
        expectations = [await target() for target in self.targets]
        if texts := refuse_caller(await self.watch.release_marks(), self.caller, expectations):
            raise RefusedError("\n".join(texts))
        if texts := await self.ledger():
            raise RefusedError("\n".join(texts))
        enough = refuse_rollback if self.caller.rolls_back else refuse_takeover
        results = [(expected, await ask(enough, expected)) for expected in expectations]
        if texts := _texts(results):
            raise RefusedError("\n".join(texts))


def _texts(results: Iterable[tuple[Expected, Refusal | None]]) -> list[str]:
    return [refusal_text(expected, refusal) for expected, refusal in results if refusal]


async def allow_pods_change(
    watch: Watch, caller: Caller, trading: Sequence[Expected], ledger: Against = nothing_against
) -> None:
    """Return when a color's pods may be changed.

    Args:
        watch: asks the cluster.
        caller: who runs the `up`.
        trading: what shall run there, when the color trades; else nothing.
        ledger: whether it may be led to its ledger.

    Raises:
        RefusedError: they may not; says why and what to do.
    """
    if texts := refuse_caller(await watch.release_marks(), caller, trading):
        raise RefusedError("\n".join(texts))
    if texts := await ledger():
        raise RefusedError("\n".join(texts))


async def wait_for_pods(watch: Watch, caller: Caller, expected: Expected) -> None:
    """Return when a color's pods run what they should; on the way back of a release, one of them.

    Raises:
        RefusedError: they will not, or not in time; says why and what to do.
    """
    refusal = await watch.until(refuse_rollback if caller.rolls_back else refuse_rollout, expected)
    if refusal is None:
        return
    why = (
        "will not become ready as they are"
        if refusal.stuck
        else f"were not ready within {watch.deadline_seconds:.0f} s"
    )
    raise RefusedError(
        f"the pods of {expected.color} {why}; the Deployment itself was applied.\n{refusal.text}\n"
        f"Look: kubectl -n {expected.namespace} logs -l {COLOR_LABEL}={expected.color} --tail=20\n"
        f"Then fix {expected.color}'s config and run `pulumi up` again."
    )
