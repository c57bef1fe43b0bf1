"""Why this `up` may not go on, by the pods that the cluster reports. Pure; `watch` asks and waits.

The provider's await proves none of this, and a terminating pod still says that it is Ready.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from bot.contract.color import Color
from bot.contract.container_reasons import FAILED, RETRIED

STUCK = FAILED - RETRIED
"""Reasons of a container that waiting does not fix."""


@dataclass(frozen=True, slots=True)
class Pod:
    """What matters of one pod."""

    name: str
    color: Color
    image: str
    ready: bool
    terminating: bool
    reason: str = ""
    """Why it is not ready, in the cluster's words; empty when it does not say."""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Rollout:
    """How far the Deployment controller has come."""

    observed: bool
    """Whether the controller has seen the newest template."""
    updated_replicas: int
    """Pods of the newest template."""


@dataclass(frozen=True, slots=True)
class Expected:
    """What the color that takes over must show."""

    color: Color
    image: str
    replicas: int
    namespace: str


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why not, in words, and whether waiting can help."""

    text: str
    stuck: bool


def refuse_takeover(expected: Expected, pods: Sequence[Pod], rollout: Rollout) -> Refusal | None:
    """Return why this color may not take over now, or None.

    It may when as many pods as configured are ready, not terminating, on the expected image and of
    the newest template. One is enough when the other color has none: better than nothing.
    """
    fit = _fit(expected, pods)
    alone = not any(_serves(pod) for pod in pods if pod.color is not expected.color)
    if alone and fit:
        return None
    return refuse_rollout(expected, pods, rollout)


def refuse_rollback(expected: Expected, pods: Sequence[Pod], rollout: Rollout) -> Refusal | None:
    """Return why this color may not take back what a worse one has, or None.

    One pod that serves is enough: the others must not keep a bad version in charge.
    """
    return None if _fit(expected, pods) else refuse_rollout(expected, pods, rollout)


def refuse_rollout(expected: Expected, pods: Sequence[Pod], rollout: Rollout) -> Refusal | None:
    """Return what is missing until all configured pods of a color run what they should, or None."""
    own = [pod for pod in pods if pod.color is expected.color]
    fit = _fit(expected, pods)
    newest = rollout.updated_replicas if rollout.observed else 0
    if len(fit) >= expected.replicas and newest >= expected.replicas:
        return None
    current = [pod for pod in own if not pod.terminating and pod.image == expected.image]
    lines = [
        f"{expected.color}: {len(fit)} of {expected.replicas} pods are ready on {expected.image}",
        *(f"  {line}" for line in _faults(expected, own)),
    ]
    if len(fit) >= expected.replicas:
        lines.append(f"  {newest} of {expected.replicas} pods have the newest template")
    if not own:
        lines.append("  there are no pods")
    if 0 < len(fit) < expected.replicas:
        enough = f"`pulumi config set --path {expected.color}.replicas {len(fit)}`"
        lines.append(f"  if {len(fit)} of them are enough: {enough}")
    return Refusal("\n".join(lines), stuck=any(pod.reason in STUCK for pod in current))


def refusal_text(expected: Expected, refusal: Refusal) -> str:
    """Return the message of a refused swap: what is wrong, and what to do."""
    color, other = expected.color, expected.color.other
    return (
        f"{color} cannot take over, so nothing was moved.\n{refusal.text}\n"
        f"Look: kubectl -n {expected.namespace} describe pods -l bot.handover/color={color}\n"
        f"Then fix {color} and run `pulumi up` again (`pulumi up --refresh` if it was changed by "
        f"hand), or keep {other} live: `pulumi config set activeColor {other}` (a canary: "
        "`pulumi config set canaryPercent 0`)."
    )


def _fit(expected: Expected, pods: Sequence[Pod]) -> list[Pod]:
    return [
        pod
        for pod in pods
        if pod.color is expected.color and _serves(pod) and pod.image == expected.image
    ]


def _serves(pod: Pod) -> bool:
    return pod.ready and not pod.terminating


def _faults(expected: Expected, own: Sequence[Pod]) -> list[str]:
    lines: list[str] = []
    for pod in own:
        if pod.terminating:
            lines.append(f"{pod.name}: is terminating")
        elif pod.image != expected.image:
            lines.append(f"{pod.name}: runs {pod.image}")
        elif not pod.ready:
            why = f" ({pod.reason})" if pod.reason else ""
            lines.append(f"{pod.name}: is not ready{why}{': ' if pod.detail else ''}{pod.detail}")
    return lines
