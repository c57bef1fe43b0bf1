"""A stack for as long as a `with` block lasts."""

import fcntl
import tempfile
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.support.kube import Kube
from tests.support.stack import Config, Stack


@contextmanager
def deployed(
    stack: Stack, config: Config, secrets: Mapping[str, str] | None = None
) -> Generator[Stack]:
    """Deploy a stack and take it away again. What a killed run left under its name goes first.

    Its pods are not waited for, nor its state emptied: nobody looks at either any more.
    """
    stack.configure(config)
    for key, value in (secrets or {}).items():
        stack.set_secret(f"secrets.{key}", value)
    with _turn(stack.namespace):
        Kube.of(stack).delete_namespace()
        try:
            stack.up()
            yield stack
        finally:
            Kube.of(stack).delete_namespace(wait=False)


@contextmanager
def _turn(namespace: str) -> Generator[None]:
    """Let two runs on this machine use a namespace one after the other, not both at once."""
    lock = Path(tempfile.gettempdir()) / f"{namespace}.lock"
    with lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
