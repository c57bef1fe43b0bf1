"""Which kubeconfig file has a context; how files are read is the business of who asks."""

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar

DEFAULT_PATHS = "~/.kube/config"
"""What holds when KUBECONFIG is not set."""

Context = TypeVar("Context")


class UnknownContextError(ValueError):
    """No file has the context; the text names those that there are."""


def find_context(
    name: str, paths: str, contexts: Callable[[Path], Mapping[str, Context | None]]
) -> Context:
    """Find a context in one or several kubeconfig files.

    Args:
        name: the context; the files' own current context does not count.
        paths: as in KUBECONFIG.
        contexts: returns the contexts of a file by name; None for one that is not usable.

    Raises:
        UnknownContextError: no file has it.
    """
    known: list[str] = []
    for path in paths.split(os.pathsep):
        file = Path(path).expanduser()
        if not file.is_file():
            continue
        there = contexts(file)
        if context := there.get(name):
            return context
        known += there
    raise UnknownContextError(
        f"context: {name!r} is not in the kubeconfig ({paths}), which knows: "
        f"{', '.join(known) or 'none'}; set KUBECONFIG, or "
        "`pulumi config set --stack STACK context NAME`"
    )
