"""Puts a stack's session together from what is on this machine: folder, environment, kubeconfig."""

import asyncio
import getpass
import os
import sys
import time
import uuid
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol, cast

import psutil
import yaml
from typing_extensions import override

from bot.contract.environment import DeployEnv
from infra.outputs import StackOutputs
from release.adapters.cluster import KubernetesCluster
from release.adapters.deferred import Connected, Deferred
from release.adapters.git import Repository, StackRepository
from release.adapters.journal_sqlite import SqliteJournal
from release.adapters.kube import Kube
from release.adapters.message_sinks import Sink, sinks_of
from release.adapters.messages import Messages
from release.adapters.metrics import PodMetrics
from release.adapters.quarantine import QuarantineMap, UnderWayMap
from release.adapters.registry import Registries
from release.adapters.registry_login import Logins
from release.adapters.stack import PulumiStack
from release.adapters.stack_file import StackFile
from release.analysis import judge
from release.decide.phases import Phase
from release.decide.state import State, last_outputs
from release.drive.journal import Log
from release.drive.lock import holder_name, is_dead
from release.drive.ports import Clock, Journal, Metrics, Ports
from release.drive.session import CannotBeginError, ReleaseSession
from release.drive.spool import Spool

JOURNAL_URL = "RELEASE_JOURNAL_URL"
"""Environment variable: the Postgres that the journals of shared stacks are in."""
PROMETHEUS_URL = "RELEASE_PROMETHEUS_URL"
"""Environment variable: a Prometheus to ask for the counters, instead of the pods themselves."""
PROMETHEUS_TOKEN = "RELEASE_PROMETHEUS_TOKEN"  # noqa: S105 -- the name of a variable, not a secret
FOLDER = ".release"
"""Where a local stack's journal is, and what could not be written to a shared one."""


class SystemClock(Clock):
    """The machine's time."""

    @override
    def now(self) -> datetime:
        return datetime.now(UTC)

    @override
    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


class _Closing(Protocol):
    async def close(self) -> None: ...


@dataclass
class Assembly:
    """One project folder and environment."""

    folder: Path
    env: Mapping[str, str]
    _connections: list["_Closing"] = field(default_factory=list["_Closing"])

    @asynccontextmanager
    async def session(self, stack: str, begins: bool) -> AsyncGenerator[ReleaseSession]:  # noqa: FBT001 -- the shape that the command line calls
        """Open the session of a stack, and close what it opened.

        Raises:
            CannotBeginError: this folder or environment is not enough.
            PortError: the stack config cannot be read.
        """
        project = self._project()
        file = StackFile(self._config_of(stack), project)
        config = file.read()
        local = config.get(f"{project}:deployEnv") == DeployEnv.LOCAL
        ours = holder_name(getpass.getuser(), os.getpid(), uuid.uuid4().hex[:4])
        journal = self._journal(stack, local=local)
        log = Log(journal, ours, Spool(self.folder / FOLDER, stack, ours, _is_dead))
        clock = SystemClock()
        await log.refresh(clock.now())
        release = _release(log.state, begins=begins)
        messages = Messages(self._sinks())
        engine = PulumiStack(stack, self.folder, release, self.env)
        deferred = self._deferred(engine, log, str(config.get(f"{project}:context", "")))
        ports = Ports(
            config=file,
            stack=engine,
            cluster=deferred,
            metrics=deferred,
            judge=judge,
            quarantine=deferred,
            under_way=deferred,
            journal=journal,
            images=Registries(Logins(self.env)),
            git=StackRepository(Repository(self.folder, self.env), file.path),
            notifier=messages,
            clock=clock,
        )
        try:
            yield ReleaseSession(
                stack, local, ports, log, release, ours, getpass.getuser(), _is_dead
            )
        finally:
            await messages.close()
            for connection in self._connections:
                await connection.close()

    def _project(self) -> str:
        path = self.folder / "Pulumi.yaml"
        try:
            content = cast("Mapping[str, object]", yaml.safe_load(path.read_text()))
        except (OSError, yaml.YAMLError) as error:
            raise CannotBeginError(f"{path} cannot be read; run this beside it: {error}") from error
        return str(content["name"])

    def _config_of(self, stack: str) -> Path:
        path = self.folder / f"Pulumi.{stack}.yaml"
        if not path.exists():
            files = sorted(self.folder.glob("Pulumi.*.yaml"))
            known = ", ".join(file.name[len("Pulumi.") : -len(".yaml")] for file in files) or "none"
            raise CannotBeginError(
                f"--stack {stack}: {path} does not exist; stacks with a config: {known}; "
                f"`pulumi stack init {stack}` makes a new one"
            )
        return path

    def _journal(self, stack: str, *, local: bool) -> Journal:
        if url := self.env.get(JOURNAL_URL):
            # Imported late, as Prometheus below: a rollback need not wait for what it does not use.
            from release.adapters.journal_postgres import PostgresJournal  # noqa: PLC0415 -- above

            self._connections.append(journal := PostgresJournal(url, stack))
            return journal
        if local:
            return SqliteJournal(self.folder / FOLDER / "journal.sqlite", stack)
        raise CannotBeginError(
            f"{JOURNAL_URL} is not set: laptops and CI share the journal of {stack} in a Postgres; "
            "set it to postgresql://USER:PASSWORD@HOST:PORT/DATABASE"
        )

    def _sinks(self) -> list[Sink]:
        try:
            return sinks_of(self.env)
        except ValueError as error:
            _aloud(f"nobody will be told: {error}")  # a rollback is not held up by that
            return []

    def _deferred(self, engine: PulumiStack, log: Log, context: str) -> Deferred:
        async def connect() -> Connected:
            outputs = last_outputs(log.records) or await engine.outputs()
            if outputs is None:
                raise CannotBeginError(
                    "this stack was never deployed: `pulumi up --stack STACK` once"
                )
            kube = Kube.connect(context, outputs.namespace, self.env)
            self._connections.append(kube)
            return Connected(
                KubernetesCluster(kube, outputs),
                self._metrics(kube, outputs),
                QuarantineMap(kube),
                UnderWayMap(kube),
            )

        return Deferred(connect)

    def _metrics(self, kube: Kube, outputs: StackOutputs) -> Metrics:
        if url := self.env.get(PROMETHEUS_URL):
            from release.adapters.prometheus import (  # noqa: PLC0415 -- see the journal
                Prometheus,
                PrometheusMetrics,
            )

            where = Prometheus(url, outputs.namespace, token=self.env.get(PROMETHEUS_TOKEN, ""))
            self._connections.append(prometheus := PrometheusMetrics(where, time.time))
            return prometheus
        return PodMetrics(kube, outputs, time.time)


def _is_dead(name: str) -> bool:
    return is_dead(name, psutil.pid_exists)


def _aloud(text: str) -> None:
    sys.stderr.write(f"{text}\n")


def _release(state: State | None, *, begins: bool) -> str:
    """Return the id that the guard shall let through: a new one, or the last release's."""
    if begins or state is None or state.phase is Phase.REFUSED:
        return uuid.uuid4().hex[:12]
    return state.release
