"""What Prometheus scrapes, served as its HTTP discovery: pods annotated `prometheus.io/scrape`.

Debian builds Prometheus without Kubernetes discovery. Each question is one list of pods; the labels
are those that its own discovery is commonly set to give.
"""

import json
import sys
from collections.abc import Iterable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, cast

import httpx2
from lightkube import Client, KubeConfig
from lightkube.core.exceptions import ApiError
from lightkube.resources.core_v1 import Pod

from testbed import net

_ANNOTATION = "prometheus.io"
_LABELS = {"bot.handover/color": "color", "app.kubernetes.io/instance": "stack"}
"""Label of the pod → label of its series."""
_ENDED = {"Succeeded", "Failed"}


def targets(pods: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the addresses of pods (as the API shows them) as Prometheus' HTTP discovery wants."""
    return [target for pod in pods if (target := _target(pod)) is not None]


def _target(pod: Mapping[str, Any]) -> dict[str, Any] | None:
    metadata, status = pod.get("metadata", {}), pod.get("status", {})
    notes: dict[str, str] = metadata.get("annotations") or {}
    port = notes.get(f"{_ANNOTATION}/port", "")
    if notes.get(f"{_ANNOTATION}/scrape") != "true" or not port.isdigit():
        return None
    if not status.get("podIP") or status.get("phase") in _ENDED:
        return None
    labels = {
        "namespace": metadata["namespace"],
        "pod": metadata["name"],
        "__metrics_path__": notes.get(f"{_ANNOTATION}/path", "/metrics"),
    }
    own: dict[str, str] = metadata.get("labels") or {}
    labels |= {name: own[label] for label, name in _LABELS.items() if label in own}
    return {"targets": [f"{status['podIP']}:{port}"], "labels": labels}


def _pods(client: Client) -> list[dict[str, Any]]:
    listed = cast("Any", client).list(Pod, namespace="*")  # Its types are only partly known.
    return [pod.to_dict() for pod in listed]


class Handler(BaseHTTPRequestHandler):
    """Answers each GET with the targets of now."""

    client: Client

    def do_GET(self) -> None:
        """Ask the API server; an error keeps Prometheus on the last targets that it knows."""
        try:
            groups = targets(_pods(self.client))
        except (ApiError, httpx2.HTTPError) as error:
            self.send_error(503, str(error))
            return
        body = json.dumps(groups).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base's signature
        """Say nothing of what goes well."""


def main(kubeconfig: Path) -> None:
    """Serve until the process is ended."""
    Handler.client = Client(config=KubeConfig.from_file(kubeconfig), trust_env=False)
    ThreadingHTTPServer(("127.0.0.1", net.TARGETS_PORT), Handler).serve_forever()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
