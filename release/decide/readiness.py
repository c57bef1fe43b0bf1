"""What the pods of a color say about it. Pure judgements of what was seen."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from bot.contract.container_reasons import FAILED, NOT_CONFIGURED, NOT_PULLED
from bot.contract.provenance import Claims, Running, disagreements
from release.decide.model import Pod

_NOT_STARTED = frozenset(
    {"ContainerCreating", "Evicted", "NodeLost", "PodInitializing", "SchedulingGated"}
    | {"Unschedulable"}
)
"""The platform has not started the container, or has taken it away."""
_PLATFORM = NOT_PULLED | NOT_CONFIGURED | _NOT_STARTED


@dataclass(frozen=True, slots=True)
class LostCause:
    """Why a color will not come."""

    text: str
    blame: bool
    """Whether the image is at fault."""


def serving(pods: Sequence[Pod] | None) -> bool:
    """Return whether any pod is ready and stays; what was not seen is not taken for ready."""
    return any(pod.serves for pod in pods or ())


def lost_cause(pods: Sequence[Pod], image: str, restarts: int) -> LostCause | None:
    """Return why a color on this image will not come to be ready, or None.

    Pods of another image are the former ones on their way out. While a build runs the reference is
    not known, and nothing is judged.
    """
    for pod in pods:
        if pod.terminating or not image or pod.image != image:
            continue
        cause = _cause(pod)
        if cause in FAILED:
            return LostCause(_pod_problem(pod, pod.reason), blame=cause not in _PLATFORM)
        if pod.restarts > restarts:
            return LostCause(_pod_problem(pod, f"restarted {pod.restarts} times"), blame=True)
    return None


def has_run(pods: Sequence[Pod], image: str) -> bool:
    """Return whether the image itself was seen to run, or to end: then it is to blame for silence.

    Pods that were never started, or that nobody sees any more, say nothing of the image.
    """
    mine = [pod for pod in pods if pod.image == image and not pod.terminating]
    return any(
        pod.digest or pod.restarts or (pod.reason and _cause(pod) not in _PLATFORM) for pod in mine
    )


def unproven(
    pods: Sequence[Pod] | None, image: str, replicas: int, claims: Claims | None
) -> list[str]:
    """Return what keeps a color from being proven.

    Args:
        pods: of the color; None when they could not be asked. Every one of them must be ready.
        image: pinned reference that they must run.
        replicas: how many they must be.
        claims: what registry and git say about the image, and every pod must say; None: nobody
            compares, but the pods must say the same.
    """
    if pods is None:
        return ["its pods could not be asked"]
    staying = [pod for pod in pods if not pod.terminating]
    fit = [pod for pod in staying if pod.serves and pod.image == image]
    digest = image.partition("@")[2]
    problems: list[str] = []
    if len(fit) < replicas:
        problems.append(f"{len(fit)} of {replicas} pods are ready on {image}")
    problems += [_pod_problem(pod, f"runs {pod.image}") for pod in staying if pod.image != image]
    running = {pod.name: Running(pod.version, pod.revision, pod.digest) for pod in fit}
    if claims is not None:
        return problems + disagreements(replace(claims, pods=running))
    for pod in fit:
        if pod.digest != digest:
            problems.append(f"{pod.name}: runs {pod.digest or 'an unknown digest'}, not {digest}")
        if not pod.version:
            problems.append(f"{pod.name}: does not say its version")
    versions = {pod.version for pod in fit if pod.version}
    if len(versions) > 1:
        problems.append(f"its pods say different versions: {', '.join(sorted(versions))}")
    return problems


def _cause(pod: Pod) -> str:
    """Return the cluster's word for why it is not ready; its sentence follows a colon."""
    return pod.reason.partition(":")[0]


def _pod_problem(pod: Pod, why: str) -> str:
    last = f"; last line: {pod.last_lines[-1]}" if pod.last_lines else ""
    return f"{pod.name}: {why}{last}"
