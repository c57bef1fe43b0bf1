"""Runs the program against Pulumi's mocks; keeps what it declared and the edges between it."""

import asyncio
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, cast

import pulumi
from pulumi.runtime import mocks
from pulumi.runtime.settings import SETTINGS
from pulumi.runtime.stack import run_pulumi_func, wait_for_rpcs

from bot.contract.color import Color
from infra.config import StackConfig
from infra.guard.readiness import Pod, Rollout
from infra.guard.release_mark import ReleaseMarks
from infra.outputs import StackOutputs
from infra.program import declare
from tests.infra.samples import LEDGER, PROJECT

STACK = "staging"
BUILT = "registry.example/bot@sha256:" + "b" * 64


@dataclass
class Declared:
    """One resource as the engine would see it."""

    type: str
    name: str
    inputs: dict[str, Any]
    dependencies: set[str]
    """Logical names of resources that come first, `type::name`."""
    hooks: set[str]


@dataclass
class Recorder(mocks.Mocks):
    """Answers as a cluster would that accepts everything."""

    declared: dict[str, Declared] = field(default_factory=dict[str, Declared])
    inputs: dict[str, Any] = field(default_factory=dict[str, Any])

    def new_resource(self, args: pulumi.runtime.MockResourceArgs) -> tuple[str, dict[str, Any]]:
        inputs: dict[str, Any] = cast("Any", args).inputs
        self.inputs[f"{args.typ}::{args.name}"] = inputs
        if args.typ == "docker:index/image:Image":
            return args.name, {**inputs, "repoDigest": BUILT}
        return f"{args.name}-id", inputs

    def call(
        self, args: pulumi.runtime.MockCallArgs
    ) -> tuple[dict[str, Any], list[tuple[str, str]] | None]:
        raise AssertionError(f"no function of a provider is needed, but {args.token} was called")


class RecordingMonitor(mocks.MockMonitor):
    """Keeps what the mocks are not told: edges and hooks."""

    def __init__(self, recorder: Recorder) -> None:
        super().__init__(recorder)
        self.recorder = recorder

    def RegisterResource(self, request: Any) -> Any:  # noqa: ANN401, N802 - the SDK's own, untyped
        answer = cast("Any", super()).RegisterResource(request)
        bound = [getattr(request.hooks, moment) for moment in ("before_create", "before_update")]
        bound += [getattr(request.hooks, moment) for moment in ("after_create", "after_update")]
        key = f"{request.type.rpartition(':')[2]}::{request.name}"
        self.recorder.declared[key] = Declared(
            request.type,
            request.name,
            self.recorder.inputs.get(f"{request.type}::{request.name}", {}),
            {_key(urn) for urn in request.dependencies},
            {hook for hooks in bound for hook in hooks},
        )
        return answer


class HookRegister:
    """Takes hooks where the engine would; under mocks none is ever called."""

    def register_resource_hook(self, hook: pulumi.ResourceHook) -> None:
        assert hook.name


def _key(urn: str) -> str:
    _, _, rest = urn.partition("::")
    kind, name = rest.split("::")[1:]
    return f"{kind.rpartition(':')[2]}::{name}"


def _run(program: Coroutine[Any, Any, None]) -> None:
    """Run it on a loop of its own. The SDK opens more of them, one a thread, and closes none."""
    loops: list[asyncio.AbstractEventLoop] = []

    def begin_thread() -> None:
        loops.append(asyncio.new_event_loop())
        asyncio.set_event_loop(loops[-1])

    with asyncio.Runner() as runner:
        runner.get_loop().set_default_executor(ThreadPoolExecutor(initializer=begin_thread))
        runner.run(program)
    for loop in loops:
        loop.close()


@dataclass(frozen=True)
class Migrated:
    """A cluster whose migrations have found this ledger; nothing else is asked."""

    reported: str

    def look(self, color: Color) -> tuple[list[Pod], Rollout]:
        raise AssertionError(f"under mocks no hook runs, but {color} was looked at")

    def release_marks(self) -> ReleaseMarks:
        raise AssertionError("under mocks no hook runs, but the marks were looked at")

    def ledger(self, job: str) -> str:
        assert job.startswith("bot-migration-")
        return self.reported


def record(
    config: StackConfig,
    previous: StackOutputs | None = None,
    *,
    reported: str = LEDGER,
    preview: bool = False,
) -> tuple[dict[str, Declared], dict[str, Any]]:
    """Declare the stack; return the resources by `Kind::name`, and the exports."""
    recorder = Recorder()
    monitor = RecordingMonitor(recorder)
    exports: dict[str, Any] = {}

    async def program() -> None:
        pulumi.runtime.set_mocks(
            recorder, project=PROJECT, stack=STACK, preview=preview, monitor=monitor
        )
        cast("Any", SETTINGS).callbacks = HookRegister()
        outputs = declare(config, previous, lambda _, __: Migrated(reported))
        await wait_for_rpcs()
        for key, value in outputs.items():
            exports[key] = await pulumi.Output.from_input(value).future()

    # On a short stack: the SDK looks at every frame of it for each resource that is declared.
    with ThreadPoolExecutor(1) as thread:
        thread.submit(_run, run_pulumi_func(program)).result()
    return recorder.declared, exports
