"""Image names: `registry/repository:tag`, as the Docker tools read them."""

import re
from dataclasses import dataclass

from testbed.docker_provider import ProviderError

DOCKER_HUB = "docker.io"
_COMPONENT = r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*"
_NAME = re.compile(
    rf"(?P<registry>[A-Za-z0-9.-]+(?::[0-9]+)?|\[[0-9a-fA-F:]+\](?::[0-9]+)?)"
    rf"/(?P<path>{_COMPONENT}(?:/{_COMPONENT})*)(?::(?P<tag>\w[\w.-]{{0,127}}))?"
)


@dataclass(frozen=True, slots=True)
class ImageName:
    """A name with its registry."""

    registry: str
    repository: str
    """With the registry, without the tag."""
    tag: str


def parse(text: str) -> ImageName:
    """Read a full name.

    Raises:
        ProviderError: no registry in front, or not a name at all.
    """
    match = _NAME.fullmatch(text)
    if match is None or not _is_registry(match["registry"]) or _is_short_hub_name(match):
        raise ProviderError(
            f"imageName: {text!r} must be fully qualified when it is pushed: "
            "`registry/repository:tag`, "
            "for example `127.0.0.1:5000/bot:v1` or `docker.io/someone/bot:v1`"
        )
    return ImageName(
        match["registry"], f"{match['registry']}/{match['path']}", match["tag"] or "latest"
    )


def _is_registry(first: str) -> bool:
    return "." in first or ":" in first or first == "localhost" or first != first.lower()


def _is_short_hub_name(match: re.Match[str]) -> bool:
    hub = match["registry"] == DOCKER_HUB
    return match["registry"] == f"index.{DOCKER_HUB}" or (hub and "/" not in match["path"])


def registry_host(server: str) -> str:
    """Return the host of a registry that may be written as a URL."""
    return re.sub(r"^[a-z]+://", "", server).partition("/")[0]
