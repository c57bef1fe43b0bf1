"""The forge: pull requests' comments, issues, environments. A port, and `gh` behind it."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Protocol, cast

from typing_extensions import override

from pipeline.tools import run

Item = Mapping[str, Any]


class Forge(Protocol):
    """What is asked of the forge; paths are those of its REST interface, below the repository."""

    def read(self, path: str) -> Item:
        """Return one object."""
        ...

    def pages(self, path: str) -> Sequence[Item]:
        """Return all objects of a list, however many pages."""
        ...

    def write(self, method: str, path: str, fields: Item) -> Item:
        """Make or change one object."""
        ...


class GitHub(Forge):
    """The command `gh`, which finds repository and token by itself."""

    @override
    def read(self, path: str) -> Item:
        return cast("Item", json.loads(run("gh", "api", _url(path))))

    @override
    def pages(self, path: str) -> Sequence[Item]:
        """Return all objects of a list."""
        output = run("gh", "api", "--paginate", "--slurp", _url(path))
        pages = cast("list[list[Item]]", json.loads(output))
        return [item for page in pages for item in page]

    @override
    def write(self, method: str, path: str, fields: Item) -> Item:
        words = ("gh", "api", "--method", method, _url(path), "--input", "-")
        return cast("Item", json.loads(run(*words, stdin=json.dumps(fields))))


def _url(path: str) -> str:
    return f"repos/{{owner}}/{{repo}}/{path}"
