"""The same under the real engine, with a program whose hook waits or refuses; no cluster."""

import asyncio
import contextlib
import time
from collections.abc import Generator
from pathlib import Path

import psutil
import pytest

from release.adapters.pulumi_command import Patience
from release.adapters.stack import PulumiStack
from release.drive.ports import UpEndedError, UpFailedError
from tests.infra.engine import without_cluster_and_daemon
from tests.support.stack import Stack

pytestmark = pytest.mark.engine

PROGRAM = """\
import asyncio
from pathlib import Path
import pulumi
from pulumi import ResourceHook, ResourceHookBinding, ResourceOptions
from pulumi_kubernetes import Provider
from pulumi_kubernetes.core.v1 import ConfigMap

config = pulumi.Config()

async def ask(args):
    Path(config.require("renderTo")).with_name("project").joinpath("in-the-hook").touch()
    await asyncio.sleep(float(config.get("wait") or 0))
    if config.get("refuse"):
        raise RuntimeError(config.require("refuse"))

provider = Provider("p", render_yaml_to_directory=config.require("renderTo"))
hook = ResourceHook("ask", ask)
hooks = ResourceHookBinding(before_create=[hook], before_update=[hook])
data = {"value": config.get("value") or "1"}
ConfigMap("map", data=data, opts=ResourceOptions(provider=provider, hooks=hooks))
pulumi.export("activeColor", "blue")
"""


@pytest.fixture
def made(tmp_path: Path) -> Stack:
    program = tmp_path / "program"
    program.mkdir()
    (program / "__main__.py").write_text(PROGRAM)
    folder = tmp_path / "project"
    stack = Stack.create("dev", folder, without_cluster_and_daemon(tmp_path), program)
    stack.configure({"renderTo": str(tmp_path / "rendered")})
    return stack


def adapter(stack: Stack, grace: float = 10.0) -> PulumiStack:
    # A provider that renders refuses a kubeconfig; where the file would be, nothing is.
    env = {key: value for key, value in stack.shell.env.items() if key != "KUBECONFIG"}
    return PulumiStack(stack.name, stack.folder, "r-1", env, Patience(grace=grace))


def locks(stack: Stack) -> list[Path]:
    return list(stack.folder.glob("state/.pulumi/locks/**/*.json"))


async def running(stack: Stack, ours: PulumiStack) -> asyncio.Task[None]:
    """An `up` that hangs in its hook."""
    task = asyncio.create_task(ours.up(print))
    async with asyncio.timeout(60):
        while not (stack.folder / "in-the-hook").exists():  # noqa: ASYNC110 - another process
            await asyncio.sleep(0.1)
    return task


async def test_an_up_tells_what_it_did_and_what_it_left(made: Stack) -> None:
    ours, lines = adapter(made), list[str]()
    assert await ours.outputs() is None
    await ours.up(lines.append)
    assert lines == ["ConfigMap map created"]
    outputs = await ours.outputs()
    assert outputs is not None
    made.set("refuse", "green cannot take over, so nothing was moved")
    made.set("value", "2")
    with pytest.raises(UpFailedError, match="green cannot take over, so nothing was moved"):
        await ours.up(lines.append)


async def test_an_up_whose_hook_waits_is_ended_and_leaves_no_lock(made: Stack) -> None:
    made.set("wait", "60")
    ours = adapter(made)
    task = await running(made, ours)
    began = time.monotonic()
    await ours.end_up()
    with pytest.raises(UpEndedError):
        await task
    assert time.monotonic() - began < 5
    assert locks(made) == []


def engine_processes() -> list[psutil.Process]:
    """The Pulumi CLI that this process has started."""
    ours = psutil.Process().children(recursive=True)
    return [each for each in ours if each.name() == "pulumi"]


@contextlib.contextmanager
def orphaned(engines: list[psutil.Process]) -> Generator[None]:
    """Kill them; what they leave running ends when the block does."""
    left = [child for engine in engines for child in engine.children(recursive=True)]
    for engine in engines:
        engine.kill()
    try:
        yield
    finally:
        for child in left:
            with contextlib.suppress(psutil.NoSuchProcess):
                child.kill()


async def test_what_a_killed_engine_left_does_not_stop_the_next_up(made: Stack) -> None:
    made.set("wait", "60")
    ours = adapter(made)
    task = await running(made, ours)
    with orphaned(engine_processes()):
        with pytest.raises(UpFailedError):
            await task
        await _up_clears_the_lock(made)


async def _up_clears_the_lock(made: Stack) -> None:
    assert len(locks(made)) == 1
    made.set("wait", "0")
    lines: list[str] = []
    await adapter(made).up(lines.append)
    assert "clearing the lock of a dead run" in lines[0]
    assert locks(made) == []
