"""Where a reference points to, and the login that the user's Docker has for that registry."""

import asyncio
import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from bot.contract.addresses import is_loopback

_HUB = "registry-1.docker.io"
_HUB_LOGIN = "https://index.docker.io/v1/"
_HELPER_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Logins:
    """`config.json` of Docker, and the credential helpers that it names."""

    env: Mapping[str, str]

    async def basic(self, host: str) -> str:
        """Return the header `Authorization` for a registry; empty when there is no login.

        Raises:
            OSError, ValueError: there is one that cannot be read.
        """
        config = self._config()
        name = _HUB_LOGIN if host == _HUB else host
        helper = _object(config.get("credHelpers")).get(name) or config.get("credsStore")
        login = _object(_object(config.get("auths")).get(name)).get("auth")
        if login:
            return f"Basic {login}"
        return await self._helped(str(helper), name) if helper else ""

    def _config(self) -> Mapping[str, object]:
        folder = self.env.get("DOCKER_CONFIG") or f"{self.env.get('HOME', '~')}/.docker"
        file = Path(folder).expanduser() / "config.json"
        return _object(json.loads(file.read_text())) if file.is_file() else {}

    async def _helped(self, helper: str, name: str) -> str:
        process = await asyncio.create_subprocess_exec(
            f"docker-credential-{helper}",
            "get",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            env=dict(self.env),
        )
        try:
            async with asyncio.timeout(_HELPER_SECONDS):
                output, _ = await process.communicate(name.encode())
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        if process.returncode:  # its word for "no login here"
            return ""
        payload = _object(json.loads(output))
        login = f"{payload['Username']}:{payload['Secret']}".encode()
        return f"Basic {base64.b64encode(login).decode()}"


def split(reference: str) -> tuple[str, str]:
    """Return the registry's host and the repository of a reference.

    >>> split("registry.example:5000/team/bot@sha256:00ff")
    ('registry.example:5000', 'team/bot')
    >>> split("python@sha256:00ff")
    ('registry-1.docker.io', 'library/python')
    """
    name = reference.partition("@")[0]
    host, slash, path = name.partition("/")
    if slash and (host == "localhost" or "." in host or ":" in host):
        last = path.rpartition("/")[2]
        return host, path.removesuffix(f":{last.partition(':')[2]}") if ":" in last else path
    name = name.partition(":")[0]
    return _HUB, name if slash else f"library/{name}"


def is_here(host: str) -> bool:
    """Tell whether a registry is on this machine."""
    return is_loopback(host.rpartition(":")[0] or host)


def _object(payload: object) -> Mapping[str, object]:
    return cast("Mapping[str, object]", payload if isinstance(payload, dict) else {})
