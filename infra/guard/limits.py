"""Whether every ready pod has the limits that this `up` wrote. Pure, but for the wait.

It is asked after everything else was applied: nothing that moves trading may wait for a pod that
does not answer.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from infra.guard.watch import POLL_SECONDS, Clock, LoopClock, RefusedError


@dataclass(frozen=True, slots=True)
class PodLimits:
    """What one ready pod tells of its limits."""

    name: str
    content_hash: str = ""
    """Of what is in effect there."""
    refused_hash: str = ""
    """Of what it refuses."""
    reason: str = ""
    """Why it refuses that, or why it could not be asked."""
    hopeless: bool = False
    """Whether asking again cannot help."""


class Pods(Protocol):
    """Who can be asked; the call blocks, so it is made in a thread."""

    def limits(self) -> list[PodLimits]:
        """Ask every pod that is ready and not terminating."""
        ...


@dataclass(frozen=True, slots=True)
class Missing:
    """A pod without the limits, why, and whether that can change."""

    name: str
    why: str
    final: bool


def missing(pods: Sequence[PodLimits], content_hash: str) -> list[Missing]:
    """Return the pods that have not taken this content."""
    return [_missing(pod, content_hash) for pod in pods if pod.content_hash != content_hash]


def _missing(pod: PodLimits, content_hash: str) -> Missing:
    if pod.refused_hash == content_hash:
        return Missing(pod.name, f"refuses them: {pod.reason}", final=True)
    if pod.content_hash:
        return Missing(pod.name, f"still has {pod.content_hash}", final=False)
    why = pod.reason or "does not tell which it has"
    return Missing(pod.name, why, final=pod.hopeless)


@dataclass(slots=True)
class LimitsWait:
    """Asks the pods until all have told; `connect` is called at the first question."""

    connect: Callable[[], Pods]
    namespace: str
    deadline_seconds: float
    say: Callable[[str], None]
    """Tells progress to who runs the `up`."""
    warn: Callable[[str], None]
    patient: bool = True
    """False on the way back of a release: it looks once, and no pod can make it fail."""
    clock: Clock = field(default_factory=LoopClock)

    async def until_taken(self, content_hash: str) -> None:
        """Return when every ready pod has these limits.

        Raises:
            RefusedError: one refuses them, or has not taken them in time; names it.
        """
        cluster = await asyncio.to_thread(self.connect)
        began, waited_for = self.clock.now(), ""
        while True:
            pods = await asyncio.to_thread(cluster.limits)
            lacking = missing(pods, content_hash)
            if not lacking:
                self.say(f"limits {content_hash}: in effect in {_count(pods)}")
                return
            elapsed = self.clock.now() - began
            if not self.patient:
                self.warn(self._refusal(content_hash, pods, lacking, elapsed))
                return
            if elapsed >= self.deadline_seconds or all(each.final for each in lacking):
                raise RefusedError(self._refusal(content_hash, pods, lacking, elapsed))
            names = ", ".join(each.name for each in lacking)
            if names != waited_for:
                self.say(f"limits {content_hash}: waiting for {names}")
                waited_for = names
            await self.clock.sleep(POLL_SECONDS)

    def _refusal(
        self,
        content_hash: str,
        pods: Sequence[PodLimits],
        lacking: Sequence[Missing],
        elapsed: float,
    ) -> str:
        lines = "\n".join(f"  {each.name}: {each.why}" for each in lacking)
        return (
            f"{len(lacking)} of {_count(pods)} did not take the limits {content_hash} within "
            f"{elapsed:.0f} s; everything was applied.\n{lines}\n"
            f"Look: kubectl -n {self.namespace} exec {lacking[0].name} -- python -m bot status\n"
            "Then run `pulumi up` again: it asks again."
        )


def _count(pods: Sequence[PodLimits]) -> str:
    return f"{len(pods)} ready pod{'' if len(pods) == 1 else 's'}"
