"""How readiness shows: an answer, an open port, a command that succeeds. Asked once, no waiting."""

import socket
import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import httpx2

from testbed.shell import succeeds

_SECONDS = 2.0


class Probe(Protocol):
    """One question about readiness."""

    def __call__(self) -> str | None:
        """Return None when ready, else what is still wrong."""
        ...


@dataclass(frozen=True, slots=True)
class Answers:
    """A GET is answered with success."""

    url: str
    authority: Path | None = None
    """Who must have signed the server's certificate; None takes any (on this machine)."""
    socket: Path | None = None

    def __call__(self) -> str | None:
        """Ask."""
        try:
            context = _context(self.authority)
            place = None if self.socket is None else str(self.socket)
            transport = httpx2.HTTPTransport(uds=place, verify=context)
            with httpx2.Client(transport=transport, timeout=_SECONDS, trust_env=False) as client:
                answer = client.get(self.url)
        except (httpx2.HTTPError, OSError) as error:
            return f"{self.url}: {error}"
        return (
            None if answer.is_success else f"{self.url}: {answer.status_code} {answer.text[:300]}"
        )


@dataclass(frozen=True, slots=True)
class Listens:
    """A TCP connection is accepted."""

    host: str
    port: int

    def __call__(self) -> str | None:
        """Ask."""
        try:
            with socket.create_connection((self.host, self.port), timeout=_SECONDS):
                return None
        except OSError as error:
            return f"{self.host}:{self.port}: {error}"


@dataclass(frozen=True, slots=True)
class Succeeds:
    """A command ends with 0."""

    command: tuple[str, ...]

    def __call__(self) -> str | None:
        """Ask."""
        return None if succeeds(self.command) else f"fails: {' '.join(self.command)}"


def _context(authority: Path | None) -> ssl.SSLContext:
    if authority is not None:
        return ssl.create_default_context(cafile=str(authority))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
