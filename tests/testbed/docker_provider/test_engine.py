"""What is asked of the Engine API, and what the user hears when it goes wrong."""

import base64
import io
import json
import time
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from testbed.docker_provider import ProviderError
from testbed.docker_provider.engine import TAIL_LINES, Engine
from testbed.docker_provider.inputs import Image, Registry
from tests.testbed.docker_provider.fake_engine import Script, serving
from tests.testbed.docker_provider.test_trace import field, record

DIGEST = "sha256:" + "a" * 64
BUILT = {"id": "moby.image.id", "aux": {"ID": DIGEST}}
FAILED = {"errorDetail": {"message": "executor failed running [make]: exit code: 3"}}

IMAGE = Image(
    name="127.0.0.1:5000/app:v1",
    context="app",
    dockerfile="app/Dockerfile",
    platform="linux/amd64",
    target="",
    network="",
    builder="2",
    args={"A": "1"},
    extra_hosts=("a:1.2.3.4", "b:1.2.3.4"),
    cache_from=(),
    skip_push=False,
    registry=Registry(username="me", password="word"),  # noqa: S106 - planted
)


def output(line: str) -> dict[str, str]:
    return {"id": "moby.buildkit.trace", "aux": record(field(3, field(4, line.encode())))}


@contextmanager
def served(folder: Path, script: Script) -> Generator[Engine]:
    with serving(folder, script) as address, closing(Engine(address)) as engine:
        yield engine


def build(engine: Engine, image: Image = IMAGE) -> list[str]:
    lines: list[str] = []
    engine.build(image, io.BytesIO(b"tar"), "Dockerfile", lines.append)
    return lines


def test_a_build_sends_the_tar_and_says_how(tmp_path: Path) -> None:
    script = Script({"build": [output("compiling"), BUILT]})
    with served(tmp_path, script) as engine:
        assert build(engine) == ["compiling"]
    asked = script.request("/build")
    assert asked.body == b"tar"
    assert asked.headers["Content-Type"] == "application/x-tar"
    assert asked.query.pop("buildid")
    assert json.loads(asked.query.pop("buildargs")[0]) == {"A": "1"}
    assert asked.query == {
        "version": ["2"],
        "t": [IMAGE.name],
        "dockerfile": ["Dockerfile"],
        "platform": ["linux/amd64"],
        "extrahosts": ["a:1.2.3.4", "b:1.2.3.4"],
        "rm": ["1"],
    }


def test_a_failed_build_is_told_with_its_last_lines(tmp_path: Path) -> None:
    lines = [f"line {number}" for number in range(100)]
    script = Script({"build": [*map(output, lines), FAILED]})
    with served(tmp_path, script) as engine, pytest.raises(ProviderError) as caught:
        build(engine)
    text = str(caught.value)
    assert "building 127.0.0.1:5000/app:v1 from app/Dockerfile failed" in text
    assert "exit code: 3" in text
    shown = [line.strip() for line in text.splitlines() if line.startswith("  ")]
    assert shown == lines[-TAIL_LINES:]


def test_a_build_that_breaks_off_is_no_success(tmp_path: Path) -> None:
    with (
        served(tmp_path, Script({"build": [output("compiling")]})) as engine,
        pytest.raises(ProviderError, match=rf"{engine.address} broke off"),
    ):
        build(engine)


def test_a_refusal_is_told_in_the_engines_words(tmp_path: Path) -> None:
    script = Script({"build": [{"message": "invalid platform"}]}, status=400)
    with (
        served(tmp_path, script) as engine,
        pytest.raises(ProviderError, match="refused: invalid platform"),
    ):
        build(engine)


def test_an_engine_that_is_down_is_told_with_its_address_and_what_to_do(tmp_path: Path) -> None:
    address = f"unix://{tmp_path}/nobody.sock"
    began = time.monotonic()
    with pytest.raises(ProviderError, match=rf"no Docker engine answers at {address}.*DOCKER_HOST"):
        Engine(address)
    with pytest.raises(ProviderError, match=r"no Docker engine answers at tcp://127.0.0.1:1"):
        Engine("tcp://127.0.0.1:1")
    assert time.monotonic() - began < 5


def test_an_engine_that_hangs_up_is_told(tmp_path: Path) -> None:
    with (
        served(tmp_path, Script({}, hangs_up=True)) as engine,
        pytest.raises(ProviderError, match=rf"{engine.address} stopped answering"),
    ):
        engine.image_id("app")


def test_a_push_logs_in_and_returns_the_registrys_digest(tmp_path: Path) -> None:
    ticks = {"status": "Pushing", "progressDetail": {"current": 1}, "id": "abc"}
    script = Script(
        {"push": [ticks, {"status": "Pushed", "id": "abc"}, {"aux": {"Digest": DIGEST}}]}
    )
    lines: list[str] = []
    with served(tmp_path, script) as engine:
        assert engine.push(IMAGE, lines.append) == f"127.0.0.1:5000/app@{DIGEST}"
    assert lines == ["Pushed abc"]
    asked = script.request("/push")
    assert asked.path.endswith("/images/127.0.0.1:5000/app/push")
    assert asked.query == {"tag": ["v1"]}
    login = json.loads(base64.urlsafe_b64decode(asked.headers["X-Registry-Auth"]))
    expected = {"username": "me", "password": "word", "serveraddress": "127.0.0.1:5000"}
    assert login == expected


def test_without_the_registrys_word_the_local_record_tells_the_digest(tmp_path: Path) -> None:
    records = {"RepoDigests": ["other@sha256:1", f"127.0.0.1:5000/app@{DIGEST}"]}
    script = Script({"push": [{"status": "Pushed"}], "json": [records]})
    with served(tmp_path, script) as engine:
        digest = engine.push(IMAGE, print)
    assert digest == f"127.0.0.1:5000/app@{DIGEST}"


def test_a_registry_that_is_down_is_told_with_its_address_and_without_the_password(
    tmp_path: Path,
) -> None:
    refused = {"errorDetail": {"message": "dial tcp 127.0.0.1:5000: connect: connection refused"}}
    with served(tmp_path, Script({"push": [refused]})) as engine:
        with pytest.raises(ProviderError, match=r"registry 127.0.0.1:5000 failed: dial") as caught:
            engine.push(IMAGE, print)
        assert "word " not in str(caught.value)


def test_the_classic_builder_is_asked_for_and_understood(tmp_path: Path) -> None:
    script = Script({"build": [{"stream": "Step 1/1\n"}, {"aux": {"ID": DIGEST}}]})
    with served(tmp_path, script) as engine:
        assert build(engine, replace(IMAGE, builder="1")) == ["Step 1/1"]
    assert script.request("/build").query["version"] == ["1"]


def test_cancel_ends_a_running_build(tmp_path: Path) -> None:
    script = Script({"build": [{"errorDetail": {"message": "context canceled"}}]}, hold=True)
    with served(tmp_path, script) as engine, ThreadPoolExecutor() as pool:
        running = pool.submit(engine.build, IMAGE, io.BytesIO(b"tar"), "Dockerfile", print)
        assert script.building.wait(5)
        engine.cancel()
        with pytest.raises(ProviderError, match="cancel"):
            running.result(5)
    assert script.request("/build/cancel").query["id"] == script.request("/build").query["buildid"]


def test_nothing_is_pushed_after_cancel(tmp_path: Path) -> None:
    script = Script({"push": [{"aux": {"Digest": DIGEST}}]})
    with served(tmp_path, script) as engine:
        engine.cancel()
        with pytest.raises(ProviderError, match="cancelled"):
            engine.push(IMAGE, print)
    assert not [asked for asked in script.asked if asked.path.endswith("/push")]
