"""The engine of Pulumi for one stack, through the Automation API: the port `Stack`.

The user's selected stack is never changed, secrets are never decrypted, the cluster is the one that
the stack config names, and a state lock goes only when its owner is dead.
"""

import asyncio
import json
import warnings
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

from pulumi.automation import (
    CommandError,
    ConcurrentUpdateError,
    LocalWorkspace,
    OutputMap,
    OutputValue,
    Stack,
    StackNotFoundError,
    UpdateSummary,
    Workspace,
)
from semver import VersionInfo
from typing_extensions import override

from bot.contract.release import RELEASE_ENV, RELEASE_RETURNS_ENV
from infra.outputs import StackOutputs
from release.adapters import pulumi_lock
from release.adapters.pulumi_command import Command, Patience, end_engine
from release.adapters.pulumi_words import Listener, words_of
from release.drive import ports
from release.drive.ports import PortError, UpEndedError, UpFailedError

_VERSION = VersionInfo(3, 259, 0)
"""The pinned SDK's; the CLI is the same one, and asking it for its version would cost time."""

# An engine that is ended cuts its stream of events; that is no news.
warnings.filterwarnings("ignore", "Error in event stream", UserWarning, r"pulumi\.automation")


class PulumiStack(ports.Stack):
    """One stack of the project in a folder."""

    def __init__(
        self,
        name: str,
        folder: Path,
        release: str,
        env: Mapping[str, str],
        patience: Patience | None = None,
    ) -> None:
        """Prepare; nothing is run yet.

        Args:
            name: the stack.
            folder: where the project is.
            release: id of the release; the guard lets its `up` through.
            env: of every command: PATH, KUBECONFIG, the backend, the key of the secrets.
            patience: how long things may take.
        """
        self._patience = patience or Patience()
        self._identity = f"{folder.resolve()}/{name}"
        marks = {
            RELEASE_ENV: release,
            pulumi_lock.OUR_STACK: self._identity,
            pulumi_lock.OUR_PROCESS: pulumi_lock.mark(),
        }
        self._command = Command({**env, **marks}, self._patience, _VERSION)
        self._workspace = _Workspace(str(folder), pulumi_command=self._command)
        self._stack = _Stack(name, self._workspace)

    @override
    async def up(self, progress: Callable[[str], None], *, returns: bool = False) -> None:
        """Apply what the config file says; each line is one finished resource or event.

        Args:
            progress: gets the lines.
            returns: whether this rolls a version back; told to the guard.

        Raises:
            UpFailedError: it ended without success, or another one is running.
            UpEndedError: `end_up` ended it.
        """
        loop = asyncio.get_running_loop()
        listener = Listener(lambda line: loop.call_soon_threadsafe(progress, line))
        self._workspace.env_vars = {RELEASE_RETURNS_ENV: "1" if returns else ""}
        await asyncio.to_thread(self._up, listener)

    @override
    async def end_up(self) -> None:
        await asyncio.to_thread(self._end_up)

    @override
    async def outputs(self) -> StackOutputs | None:
        try:
            outputs = await asyncio.to_thread(self._workspace.stack_outputs, self._stack.name)
        except StackNotFoundError as error:
            raise PortError(f"there is no stack {self._stack.name}; {words_of(error)}") from error
        except (CommandError, OSError, ValueError) as error:
            raise PortError(
                f"the outputs of {self._stack.name} cannot be read: {words_of(error)}"
            ) from error
        return StackOutputs.from_mapping({key: each.value for key, each in outputs.items()})

    def _up(self, listener: Listener) -> None:
        try:
            try:
                self._apply(listener)
            except ConcurrentUpdateError as error:
                self._clear_lock(error, listener)
                self._apply(listener)
        except (CommandError, OSError) as error:
            if self._command.up_was_ended:
                raise UpEndedError(f"`up` of {self._stack.name} was ended by us") from error
            text = listener.errors() or words_of(error)
            raise UpFailedError(f"`up` of {self._stack.name} failed: {text}") from error

    def _apply(self, listener: Listener) -> None:
        self._stack.up(
            color="never", show_secrets=False, suppress_outputs=True, on_event=listener.hear
        )

    def _clear_lock(self, error: ConcurrentUpdateError, listener: Listener) -> None:
        """Take away what dead runs left; an engine of ours may have outlived who began it.

        Raises:
            UpFailedError: somebody lives, or it cannot be told from here.
        """
        self._end_left_over(listener.say)
        owners = pulumi_lock.owners(str(error))
        host = pulumi_lock.this_host()
        alive = [
            owner for owner in owners if not pulumi_lock.is_dead(owner, host, pulumi_lock.started)
        ]
        if alive or not owners:
            who = ", ".join(owner.text for owner in alive) or "the backend does not say who"
            raise UpFailedError(
                f"another run holds the state of {self._stack.name}: {who}. Wait for it; "
                "only when it is surely dead: `pulumi cancel --stack STACK`"
            ) from error
        listener.say(f"clearing the lock of a dead run: {', '.join(o.text for o in owners)}")
        self._stack.cancel()

    def _end_up(self) -> None:
        self._command.end_up()
        self._end_left_over(lambda _: None)

    def _end_left_over(self, say: Callable[[str], object]) -> None:
        for engine in pulumi_lock.left_over(self._identity):
            say(f"ending the `up` that a dead release left (pid {engine.pid})")
            end_engine(engine, engine.wait, self._patience.grace)


class _Stack(Stack):
    """Does not ask twice after each `up` what nobody reads: in a rollback that is half a second."""

    def __init__(self, name: str, workspace: Workspace) -> None:
        # Not the parent's: it selects, and the user's next plain `up` would go to our stack.
        self.name = name
        self.workspace = workspace

    def __repr__(self) -> str:
        """Name the stack; the parent's names what was not set."""
        return f"_Stack({self.name!r})"

    def outputs(self) -> OutputMap:
        """Return none; `PulumiStack.outputs` asks the workspace."""
        return {}

    def info(self, show_secrets: bool = False) -> UpdateSummary:  # noqa: FBT001, FBT002 -- the SDK's
        """Return what the SDK wants to hear after an `up` that did not fail."""
        del show_secrets
        now = datetime.now(UTC)
        return UpdateSummary(
            kind="update", start_time=now, message="", environment={}, config={}, result="succeeded"
        )


class _Workspace(LocalWorkspace):
    """The project folder as it is."""

    def stack_outputs(self, stack_name: str) -> OutputMap:
        """Return the outputs with secrets masked: none of ours is one, and none is decrypted."""
        done = self._run_pulumi_cmd_sync(["stack", "output", "--json", "--stack", stack_name])
        outputs = cast("dict[str, object]", json.loads(done.stdout))
        return {key: OutputValue(value, secret=False) for key, value in outputs.items()}
