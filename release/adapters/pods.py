"""Translates what the API server says of a pod into what a release talks about. Pure."""

from dataclasses import dataclass

from lightkube.models.core_v1 import ContainerStatus, PodStatus
from lightkube.resources.core_v1 import Pod as KubePod

from bot.contract.color import Color
from bot.contract.release import digest_of
from release.decide.model import Pod


@dataclass(frozen=True, slots=True)
class Seen:
    """A pod, and what must be asked of it next."""

    pod: Pod
    running: bool
    """Whether its container runs, so that it may answer."""
    crashed: bool
    """Whether its container ended before: the log to read is the one of that time."""


def read_pod(kube_pod: KubePod, color: Color) -> Seen | None:
    """Translate one pod; None when it is no whole object."""
    metadata, spec, status = kube_pod.metadata, kube_pod.spec, kube_pod.status
    if metadata is None or spec is None or status is None or not spec.containers:
        return None
    container = spec.containers[0]
    own = next((s for s in status.containerStatuses or [] if s.name == container.name), None)
    state = own.state if own else None
    running = state is not None and state.running is not None
    reason = _reason(own, status)
    pod = Pod(
        name=metadata.name or "",
        color=color,
        ready=_condition(status, "Ready") == "True",
        terminating=metadata.deletionTimestamp is not None,
        image=container.image or "",
        digest=_digest(container.image or "", own) if running else "",
        restarts=own.restartCount if own else 0,
        reason=reason,
    )
    crashed = own is not None and own.lastState is not None and own.lastState.terminated is not None
    return Seen(pod, running, crashed)


def selector_labels(selector: str) -> dict[str, str]:
    """Return the labels of a selector as `kubectl -l` takes it.

    >>> selector_labels("a=1,b=2")
    {'a': '1', 'b': '2'}
    """
    pairs = (part.partition("=") for part in selector.split(",") if part)
    return {key: value for key, _, value in pairs}


def _digest(reference: str, status: ContainerStatus | None) -> str:
    """Return the digest that runs.

    The kubelet runs no other content than a pinned reference names. What it reports may be another
    digest of the same content, so it is asked only when nothing was pinned.
    """
    return digest_of(reference) or digest_of(status.imageID if status else "")


def _condition(status: PodStatus, kind: str) -> str:
    return next((each.status for each in status.conditions or [] if each.type == kind), "")


def _reason(own: ContainerStatus | None, status: PodStatus) -> str:
    """Return why the container does not run, in the cluster's words."""
    state = own.state if own else None
    if state and state.waiting:
        return _sentence(state.waiting.reason, _ended(own) or state.waiting.message)
    if state and state.terminated:
        ended = state.terminated
        return _sentence(ended.reason or "Terminated", f"exit code {ended.exitCode}")
    for each in status.conditions or []:
        if each.type == "PodScheduled" and each.status != "True":
            return _sentence(each.reason, each.message)
    return _sentence(status.reason, status.message)


def _ended(own: ContainerStatus | None) -> str:
    last = own.lastState.terminated if own and own.lastState else None
    if own is None or last is None:
        return ""
    why = f"{last.reason}, " if last.reason and last.reason != "Error" else ""
    return f"{why}exit code {last.exitCode}; {own.restartCount} restarts"


def _sentence(reason: str | None, detail: str | None) -> str:
    return ": ".join(part for part in (reason, detail) if part)
