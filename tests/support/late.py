"""The live Service as a node sees it that learns of every change some seconds late.

On one node with a quick proxy a pod that leaves is out of the tables before its process has ended.
Elsewhere that takes seconds, and this is what the drain is for. So a Service without a selector
gets the live one's endpoints, each change `LATE_SECONDS` after it happened.
"""

import json
import subprocess
import threading
import time
from types import TracebackType
from typing import Self

from bot.contract import http
from infra import names
from tests.support.kube import Kube

LATE_SECONDS = 2.0
_NAME = "bot-late"
_PATIENCE_SECONDS = 10.0
_POLL_SECONDS = 0.05
# No jsonpath: in a watch, kubectl prints a `range` once only.
_FORM = (
    'go-template={{range .endpoints}}{{index .addresses 0}}={{.conditions.ready}} {{end}}{{"\\n"}}'
)


class LateService:
    """A second way to the bot, for as long as the `with` block lasts."""

    def __init__(self, kube: Kube) -> None:
        self._kube = kube
        self._watch: subprocess.Popen[str] | None = None
        self._lines: list[tuple[float, str]] = []
        self._published = threading.Event()
        self._ending = threading.Event()
        self._workers = [threading.Thread(target=self._publish)]

    @property
    def address(self) -> tuple[str, int]:
        """Return where it listens."""
        return self._kube.address(_NAME)

    def __enter__(self) -> Self:
        """Begin to follow, and wait for the first endpoints."""
        service = self._kube.get("service", names.LIVE_SERVICE)
        ports = service["spec"]["ports"]
        self._apply("v1", "Service", {"spec": {"ports": ports}})
        slices = f"kubernetes.io/service-name={names.LIVE_SERVICE}"
        words = ("get", "endpointslices", "-l", slices, "--watch", "-o", _FORM)
        self._watch = self._kube.shell.start(*self._kube.command(*words)).process
        self._workers.append(threading.Thread(target=self._follow, args=[self._watch]))
        for worker in self._workers:
            worker.start()
        assert self._published.wait(_PATIENCE_SECONDS), "the late Service has no endpoints"
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End."""
        assert self._watch is not None
        self._ending.set()
        self._watch.terminate()
        self._watch.wait()
        for worker in self._workers:
            worker.join()
        for stream in (self._watch.stdin, self._watch.stderr):
            assert stream is not None
            stream.close()
        self._kube.kubectl("delete", "service,endpointslice", _NAME, "--ignore-not-found")

    def _follow(self, watch: subprocess.Popen[str]) -> None:
        assert watch.stdout is not None
        with watch.stdout:
            for line in watch.stdout:
                # The first line tells how things are, not that they changed.
                late = LATE_SECONDS if self._lines else 0.0
                self._lines.append((time.monotonic() + late, line))

    def _publish(self) -> None:
        published = ""
        while not self._ending.wait(_POLL_SECONDS):
            now = time.monotonic()
            # Only the newest that is due: `kubectl` is slower than changes come.
            newest = [line for due, line in list(self._lines) if due <= now][-1:]
            if newest and newest != [published]:
                (published,) = newest
                self._apply("discovery.k8s.io/v1", "EndpointSlice", _slice(published))
                self._published.set()

    def _apply(self, version: str, kind: str, content: dict[str, object]) -> None:
        labels = {"kubernetes.io/service-name": _NAME}
        head = {"apiVersion": version, "kind": kind, "metadata": {"name": _NAME, "labels": labels}}
        self._kube.shell.run(
            *self._kube.command("apply", "--server-side", "--filename", "-"),
            stdin=json.dumps({**head, **content}),
        )


def _slice(line: str) -> dict[str, object]:
    pairs = (word.partition("=") for word in line.split())
    endpoints = [
        {"addresses": [address], "conditions": {"ready": True}}
        for address, _, ready in pairs
        if ready == "true"
    ]
    port = {"name": names.PORT_NAME, "port": http.PORT, "protocol": "TCP"}
    return {"addressType": "IPv4", "ports": [port], "endpoints": endpoints}
