"""Looks at the cluster and breaks things in it, by `kubectl`."""

import json
import subprocess
import threading
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

from bot.contract.color import Color
from infra import names
from infra.names import Names
from tests.support.process import Done, Shell
from tests.support.stack import Stack

_POLL_SECONDS = 0.2


def wait_until(
    what: str,
    condition: Callable[[], bool],
    *,
    seconds: float = 60,
    look_seconds: float = _POLL_SECONDS,
) -> None:
    """Ask again and again.

    Raises:
        AssertionError: it did not come true in time.
    """
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"not within {seconds:g} s: {what}"
        time.sleep(look_seconds)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What a refused `up` must not have touched."""

    selector: dict[str, str]
    service_version: str
    intent: dict[str, str]
    intent_version: str
    generations: dict[str, int]


@dataclass(frozen=True, slots=True)
class Pod:
    """What tests ask of a pod."""

    name: str
    uid: str
    ready: bool
    terminating: bool
    waiting: str
    """Why its container does not run, as the kubelet says; empty when it does."""


@dataclass(frozen=True, slots=True)
class Kube:
    """One namespace of one cluster."""

    shell: Shell
    context: str
    stack: Names

    @classmethod
    def of(cls, stack: Stack) -> "Kube":
        """Return the namespace of a stack."""
        return cls(stack.shell, stack.platform.context, Names(stack.name, stack.namespace))

    def command(self, *words: str) -> tuple[str, ...]:
        """Return the words of a `kubectl` command in this namespace."""
        return (
            "kubectl",
            f"--context={self.context}",
            f"--namespace={self.stack.namespace}",
            *words,
        )

    def kubectl(self, *words: str, check: bool = True) -> Done:
        """Run a `kubectl` command in this namespace."""
        return self.shell.run(*self.command(*words), check=check)

    def get(self, *words: str) -> Any:  # noqa: ANN401 - an API object
        """Return what `kubectl get` finds."""
        return json.loads(self.kubectl("get", *words, "--output=json").output)

    def snapshot(self) -> Snapshot:
        """Return what decides who is live."""
        service = self.get("service", names.LIVE_SERVICE)
        intent = self.get("configmap", names.INTENT)
        deployments = self.get("deployments")["items"]
        return Snapshot(
            selector=service["spec"]["selector"],
            service_version=service["metadata"]["resourceVersion"],
            intent=intent["data"],
            intent_version=intent["metadata"]["resourceVersion"],
            generations={
                one["metadata"]["name"]: one["metadata"]["generation"] for one in deployments
            },
        )

    def selector(self, color: Color) -> str:
        """Return the label selector of a color's pods."""
        return ",".join(f"{key}={value}" for key, value in self.stack.color_labels(color).items())

    def pods(self, color: Color) -> list[Pod]:
        """Return a color's pods."""
        return [_pod(item) for item in self.get("pods", "-l", self.selector(color))["items"]]

    def delete_pods(self, color: Color) -> None:
        """Delete all of a color's pods at once, in the ordinary way, and do not wait."""
        self.kubectl("delete", "pods", "-l", self.selector(color), "--wait=false")

    def restart(self, color: Color) -> None:
        """Replace a color's pods one after the other, as any update does, and do not wait."""
        self.kubectl("rollout", "restart", f"deployment/{self.stack.deployment(color)}")

    def scale(self, color: Color, replicas: int) -> None:
        """Set the number of pods behind Pulumi's back."""
        name = self.stack.deployment(color)
        self.kubectl("scale", "deployment", name, f"--replicas={replicas}")

    def wait_replaced(self, color: Color, old: Collection[str], *, seconds: float = 90) -> None:
        """Wait until none of these pods is there any more, by their uids."""

        def gone() -> bool:
            return not {pod.uid for pod in self.pods(color)} & set(old)

        wait_until(f"the old pods of {color} are gone", gone, seconds=seconds)

    def wait_ready(self, color: Color, replicas: int = 2, *, seconds: float = 90) -> None:
        """Wait until exactly so many pods are there, all of them ready and none of them leaving."""

        def settled() -> bool:
            pods = self.pods(color)
            fit = [pod for pod in pods if pod.ready and not pod.terminating]
            return len(fit) == len(pods) == replicas

        wait_until(f"{replicas} pods of {color} are ready", settled, seconds=seconds)

    def address(self, service: str = names.LIVE_SERVICE) -> tuple[str, int]:
        """Return where a Service listens."""
        spec = self.get("service", service)["spec"]
        return spec["clusterIP"], spec["ports"][0]["port"]

    def delete_namespace(self, *, wait: bool = True) -> None:
        """Remove everything of a stack, whatever its state says."""
        words = ("delete", "namespace", self.stack.namespace, "--ignore-not-found")
        self.kubectl(*words, f"--wait={str(wait).lower()}")


def _pod(item: dict[str, Any]) -> Pod:
    status = item["status"]
    ready = [one["status"] for one in status.get("conditions", ()) if one["type"] == "Ready"]
    states = [one.get("state", {}) for one in status.get("containerStatuses", ())]
    waiting = [state["waiting"].get("reason", "") for state in states if "waiting" in state]
    return Pod(
        name=item["metadata"]["name"],
        uid=item["metadata"]["uid"],
        ready=ready == ["True"],
        terminating="deletionTimestamp" in item["metadata"],
        waiting="".join(waiting),
    )


class ServiceWatch:
    """Notes when the live Service begins to select a color, as the API server tells it."""

    def __init__(self, kube: Kube) -> None:
        label = names.COLOR_LABEL.replace(".", r"\.")
        path = f'jsonpath={{.spec.selector.{label}}}{{"\\n"}}'
        self._command = kube.command("get", "service", names.LIVE_SERVICE, "--watch", "-o", path)
        self._shell = kube.shell
        self._seen: list[tuple[float, str]] = []
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        """Begin, and wait for the first word."""
        self._process = self._shell.start(*self._command).process
        threading.Thread(target=self._read, args=[self._process], daemon=True).start()
        wait_until("the watch of the Service tells its color", lambda: bool(self._seen))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End."""
        assert self._process is not None
        self._process.terminate()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stderr):
            assert stream is not None
            stream.close()

    def wait(self, color: Color, process: subprocess.Popen[str]) -> float | None:
        """Return when the Service began to select this color; None if `process` ends before."""
        while (moment := self._moment(color)) is None and process.poll() is None:
            time.sleep(0.005)
        return moment

    def _moment(self, color: Color) -> float | None:
        return next((moment for moment, seen in self._seen if seen == color), None)

    def _read(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        with process.stdout:
            for line in process.stdout:
                self._seen.append((time.monotonic(), line.strip()))
