"""An Engine API on a Unix socket that answers as told and remembers what it was asked."""

import json
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from socketserver import ThreadingMixIn, UnixStreamServer
from threading import Event, Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit


@dataclass
class Asked:
    """One request."""

    path: str
    query: dict[str, list[str]]
    headers: dict[str, str]
    body: bytes


@dataclass
class Script:
    """What to answer, by the last part of the path; a `hold` waits for `/build/cancel`."""

    streams: dict[str, list[dict[str, Any]]]
    status: int = 200
    hold: bool = False
    hangs_up: bool = False
    building: Event = field(default_factory=Event)
    cancelled: Event = field(default_factory=Event)
    asked: list[Asked] = field(default_factory=list[Asked])

    def request(self, ending: str) -> Asked:
        [request] = [asked for asked in self.asked if asked.path.endswith(ending)]
        return request


class _Server(ThreadingMixIn, UnixStreamServer):
    daemon_threads = True


@contextmanager
def serving(folder: Path, script: Script) -> Generator[str]:
    """Serve the script; yield the address, as DOCKER_HOST has it."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer()

        def do_POST(self) -> None:
            self._answer()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's name
            del format, args

        def _answer(self) -> None:
            url = urlsplit(self.path)
            body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            headers = dict(self.headers.items())
            script.asked.append(Asked(url.path, parse_qs(url.query), headers, body))
            if url.path.endswith("/version"):
                self._send(200, [{"ApiVersion": "1.41"}])
            elif url.path.endswith("/build/cancel"):
                script.cancelled.set()
                self._send(200, [])
            elif not script.hangs_up:
                ending = url.path.rpartition("/")[2]
                if ending == "build" and script.hold:
                    script.building.set()
                    script.cancelled.wait(10)
                self._send(script.status, script.streams.get(ending, []))

        def _send(self, status: int, messages: list[dict[str, Any]]) -> None:
            self.send_response(status)
            self.end_headers()
            self.wfile.write("".join(json.dumps(m) + "\r\n" for m in messages).encode())

    path = folder / "engine.sock"
    with _Server(str(path), Handler) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"unix://{path}"
        finally:
            server.shutdown()
            thread.join()
