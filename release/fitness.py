"""What the pods of a color say about it. Pure judgements of what was seen."""

from collections.abc import Sequence

from release.model import Pod

LOST_CAUSES = frozenset(
    {
        "CrashLoopBackOff",
        "CreateContainerConfigError",
        "CreateContainerError",
        "ErrImageNeverPull",
        "ErrImagePull",
        "ImageInspectError",
        "ImagePullBackOff",
        "InvalidImageName",
        "RunContainerError",
    }
)
"""Reasons of a container that waiting does not mend."""


def serving(pods: Sequence[Pod] | None) -> bool:
    """Return whether any pod is ready and stays; what was not seen is not taken for ready."""
    return any(pod.serves for pod in pods or ())


def lost_cause(pods: Sequence[Pod] | None, image: str, restarts: int) -> str | None:
    """Return why a color on this image will not come to be ready, or None.

    Pods of another image are the former ones on their way out. While a build runs the reference is
    not known, and nothing is judged.
    """
    for pod in pods or ():
        if pod.terminating or not image or pod.image != image:
            continue
        if pod.reason in LOST_CAUSES:
            return _told(pod, pod.reason)
        if pod.restarts > restarts:
            return _told(pod, f"restarted {pod.restarts} times")
    return None


def unproven(pods: Sequence[Pod] | None, image: str, replicas: int, label: str | None) -> list[str]:
    """Return what keeps a color from being proven.

    Args:
        pods: of the color; None when they could not be asked. Every one of them must be ready.
        image: pinned reference that they must run.
        replicas: how many they must be.
        label: version that the image's label names, and every pod must say; None: nobody compares.
    """
    if pods is None:
        return ["its pods could not be asked"]
    staying = [pod for pod in pods if not pod.terminating]
    fit = [pod for pod in staying if pod.serves and pod.image == image]
    digest = image.partition("@")[2]
    problems: list[str] = []
    if len(fit) < replicas:
        problems.append(f"{len(fit)} of {replicas} pods are ready on {image}")
    problems += [_told(pod, f"runs {pod.image}") for pod in staying if pod.image != image]
    for pod in fit:
        if pod.digest != digest:
            problems.append(f"{pod.name}: runs {pod.digest or 'an unknown digest'}, not {digest}")
        if not pod.version:
            problems.append(f"{pod.name}: does not say its version")
        elif label is not None and pod.version != label:
            says = label or "nothing"
            problems.append(f"{pod.name}: says {pod.version}, its image's label says {says}")
    versions = {pod.version for pod in fit if pod.version}
    if len(versions) > 1:
        problems.append(f"its pods say different versions: {', '.join(sorted(versions))}")
    return problems


def _told(pod: Pod, why: str) -> str:
    last = f"; last line: {pod.last_lines[-1]}" if pod.last_lines else ""
    return f"{pod.name}: {why}{last}"
