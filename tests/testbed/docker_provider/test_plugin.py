"""The plugin as a process: the protocol as Pulumi speaks it, against a scripted Docker engine."""

import os
import subprocess
import sys
import time
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf.empty_pb2 import Empty
from google.protobuf.struct_pb2 import Struct
from pulumi.runtime.proto import engine_pb2, engine_pb2_grpc, plugin_pb2, provider_pb2
from pulumi.runtime.proto.provider_pb2_grpc import ResourceProviderStub
from typing_extensions import override

from testbed.docker_provider.values import UNKNOWN, Properties, from_struct, secret, to_struct
from tests.testbed.docker_provider.fake_engine import Script, serving
from tests.testbed.docker_provider.test_engine import BUILT, DIGEST, FAILED, output

pytestmark = pytest.mark.slow

URN = "urn:pulumi:dev::project::docker:index/image:Image::app"
NAME = "127.0.0.1:5000/app:v1"
PUSHED = {"aux": {"Digest": DIGEST}}
DEADLINE_SECONDS = 20


@dataclass
class FakePulumi(engine_pb2_grpc.EngineServicer):
    """Collects what would be shown to the user."""

    shown: list[engine_pb2.LogRequest] = field(default_factory=list[engine_pb2.LogRequest])

    @override
    def Log(self, request: engine_pb2.LogRequest, context: grpc.ServicerContext) -> Empty:
        self.shown.append(request)
        return Empty()


class Plugin:
    """A running plugin and its client."""

    def __init__(self, process: subprocess.Popen[str], port: int, pulumi: FakePulumi) -> None:
        self.process = process
        self.pulumi = pulumi
        self.channel = grpc.insecure_channel(f"127.0.0.1:{port}")
        self._stub = ResourceProviderStub(self.channel)

    def call(self, method: str, request: Any) -> Any:  # noqa: ANN401 - the stubs name no types
        return getattr(self._stub, method)(request, timeout=DEADLINE_SECONDS)

    def check(self, **news: object) -> Struct:
        request = provider_pb2.CheckRequest(urn=URN, news=to_struct({"imageName": NAME, **news}))
        return self.call("Check", request).inputs

    def create(self, inputs: Struct, *, preview: bool = False) -> Properties:
        request = provider_pb2.CreateRequest(urn=URN, properties=inputs, preview=preview)
        return from_struct(self.call("Create", request).properties)


@contextmanager
def plugin(folder: Path, docker: str) -> Generator[Plugin]:
    pulumi = FakePulumi()
    server = grpc.server(ThreadPoolExecutor(4))
    engine_pb2_grpc.add_EngineServicer_to_server(pulumi, server)
    address = f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
    server.start()
    command = [sys.executable, "-P", "-m", "testbed.docker_provider", "-v=1", address]
    environment = os.environ | {"DOCKER_HOST": docker}
    with subprocess.Popen(  # noqa: S603 - this interpreter
        command, cwd=folder, env=environment, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        running = Plugin(process, int(process.stdout.readline()), pulumi)
        try:
            yield running
        finally:
            running.channel.close()
            process.terminate()
            process.wait(DEADLINE_SECONDS)
            server.stop(0)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    tmp_path.joinpath("Dockerfile").write_text("FROM scratch\nCOPY Dockerfile /\n")
    return tmp_path


@contextmanager
def configured(folder: Path, streams: dict[str, list[dict[str, Any]]]) -> Generator[Plugin]:
    with serving(folder, Script(streams)) as docker, plugin(folder, docker) as running:
        answer = running.call("Configure", provider_pb2.ConfigureRequest())
        assert answer.supportsPreview
        yield running


def test_it_tells_what_it_is_and_serves(folder: Path) -> None:
    with plugin(folder, "unix:///nowhere") as running:
        assert running.call("GetPluginInfo", Empty()).version == "5.2.0"
        schema = running.call("GetSchema", provider_pb2.GetSchemaRequest()).schema
        assert '"docker:index/image:Image"' in schema
        running.call("Attach", plugin_pb2.PluginAttach(address="127.0.0.1:1"))
        running.call("Cancel", Empty())


def test_config_that_is_not_served_is_refused_by_its_key(folder: Path) -> None:
    with plugin(folder, "unix:///nowhere") as running:
        news = to_struct({"host": "unix:///a", "registryAuth": "[]", "certPath": "/b"})
        answer = running.call("CheckConfig", provider_pb2.CheckRequest(news=news))
        assert [failure.property for failure in answer.failures] == ["certPath"]


def test_an_engine_that_is_down_is_told_when_configured(folder: Path) -> None:
    with plugin(folder, "unix:///nowhere") as running:
        with pytest.raises(grpc.RpcError, match="no Docker engine answers at unix:///nowhere"):
            running.call("Configure", provider_pb2.ConfigureRequest())
        config = {"docker:config:host": "unix:///configured"}
        with pytest.raises(grpc.RpcError, match="no Docker engine answers at unix:///configured"):
            running.call("Configure", provider_pb2.ConfigureRequest(variables=config))


def test_a_build_returns_the_outputs_of_the_official_provider(folder: Path) -> None:
    with configured(folder, {"build": [output("compiling"), BUILT], "push": [PUSHED]}) as running:
        asked = running.check(registry={"server": "127.0.0.1:5000", "password": "word"})
        state = running.create(asked)
    assert state.pop("__inputs") == from_struct(asked)
    assert state == {
        "baseImageName": NAME,
        "context": ".",
        "dockerfile": "Dockerfile",
        "imageName": NAME,
        "platform": state["platform"],
        "registryServer": "127.0.0.1:5000",
        "repoDigest": f"127.0.0.1:5000/app@{DIGEST}",
    }
    lines = [(line.message, line.ephemeral) for line in running.pulumi.shown]
    assert ("compiling", True) in lines
    assert ("Pushing image to the registry", True) in lines
    assert {line.urn for line in running.pulumi.shown} == {URN}
    assert {line.severity for line in running.pulumi.shown} == {engine_pb2.INFO}


def test_the_inputs_in_the_state_are_secret(folder: Path) -> None:
    with configured(folder, {"build": [BUILT], "push": [PUSHED]}) as running:
        request = provider_pb2.CreateRequest(urn=URN, properties=running.check())
        state = running.call("Create", request).properties
    assert set(state["__inputs"].keys()) == set(secret(""))


def test_what_is_not_pushed_is_known_by_its_local_id(folder: Path) -> None:
    with configured(folder, {"build": [BUILT], "json": [{"Id": DIGEST}]}) as running:
        state = running.create(running.check(imageName="app", skipPush=True))
    assert state["repoDigest"] == DIGEST


def test_a_preview_returns_the_inputs_and_builds_nothing(folder: Path) -> None:
    with configured(folder, {}) as running:
        inputs = running.check(build={"args": {"A": UNKNOWN}})
        assert running.create(inputs, preview=True) == from_struct(inputs)
        update = provider_pb2.UpdateRequest(urn=URN, news=inputs, preview=True)
        assert running.call("Update", update).properties == inputs


def test_a_preview_that_shall_build_does_it_without_a_push(folder: Path) -> None:
    with configured(folder, {"build": [BUILT], "json": [{"Id": DIGEST}]}) as running:
        state = running.create(running.check(buildOnPreview=True), preview=True)
    assert state["repoDigest"] == DIGEST


def test_a_changed_byte_is_an_update_of_build_and_nothing_else_is(folder: Path) -> None:
    with configured(folder, {}) as running:
        old = running.check()
        olds = to_struct({"__inputs": from_struct(old)})
        request = provider_pb2.DiffRequest(urn=URN, olds=olds, news=running.check())
        assert running.call("Diff", request).changes == provider_pb2.DiffResponse.DIFF_NONE
        folder.joinpath("Dockerfile").write_text("FROM scratch\n")
        request = provider_pb2.DiffRequest(urn=URN, olds=olds, news=running.check())
        answer = running.call("Diff", request)
    assert answer.changes == provider_pb2.DiffResponse.DIFF_SOME
    assert dict(answer.detailedDiff) == {
        "build": provider_pb2.PropertyDiff(kind=provider_pb2.PropertyDiff.UPDATE)
    }
    assert not answer.replaces


def test_a_failing_build_is_told_with_its_last_lines(folder: Path) -> None:
    with configured(folder, {"build": [output("no such header"), FAILED]}) as running:
        inputs = running.check()
        with pytest.raises(
            grpc.RpcError, match=r"exit code: 3\nThe build's last lines:\n  no such"
        ):
            running.create(inputs)


def test_reading_and_deleting_change_nothing(folder: Path) -> None:
    properties = to_struct({"imageName": NAME})
    with configured(folder, {}) as running:
        read = provider_pb2.ReadRequest(id=NAME, urn=URN, properties=properties, inputs=properties)
        answer = running.call("Read", read)
        assert (answer.id, answer.properties, answer.inputs) == (NAME, properties, properties)
        running.call("Delete", provider_pb2.DeleteRequest(id=NAME, urn=URN, properties=properties))


def test_another_resource_is_refused_with_where_to_get_it(folder: Path) -> None:
    urn = URN.replace("image:Image", "container:Container")
    with configured(folder, {}) as running:
        request = provider_pb2.CheckRequest(urn=urn, news=Struct())
        with pytest.raises(grpc.RpcError, match=r"plugin install resource docker 5\.2\.0"):
            running.call("Check", request)


def test_it_ends_when_its_parent_is_gone(folder: Path) -> None:
    # A shell in between is the parent; it ends at once and leaves the plugin behind.
    command = [sys.executable, "-P", "-m", "testbed.docker_provider"]
    script = '"$@" & echo $!; read -r _; exit 0'
    with subprocess.Popen(  # noqa: S603 - this interpreter
        ["/bin/sh", "-c", script, "sh", *command],
        cwd=folder,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as shell:
        assert shell.stdout is not None
        pid = int(shell.stdout.readline())
        assert int(shell.stdout.readline()) > 0
        shell.communicate("\n", DEADLINE_SECONDS)
    assert _ends(pid, DEADLINE_SECONDS)


def _ends(pid: int, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        status = Path(f"/proc/{pid}/stat")
        if not status.exists() or status.read_text().rpartition(")")[2].split()[0] == "Z":
            return True
        time.sleep(0.05)
    return False
