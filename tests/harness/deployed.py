"""A stack for as long as a `with` block lasts."""

from collections.abc import Generator, Mapping
from contextlib import contextmanager

from tests.harness.kube import Kube
from tests.harness.stack import Config, Stack


@contextmanager
def deployed(
    stack: Stack, config: Config, secrets: Mapping[str, str] | None = None
) -> Generator[Stack]:
    """Deploy a stack and take it away again. What a killed run left under its name goes first."""
    stack.configure(config)
    for key, value in (secrets or {}).items():
        stack.set_secret(f"secrets.{key}", value)
    Kube.of(stack).delete_namespace()
    try:
        stack.up()
        yield stack
    finally:
        stack.destroy()
