"""The image itself, built and run by a real engine."""

import json
import os
import shutil
import subprocess
import tempfile
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.contract import labels
from testbed.docker_provider.context import BuildContext, write_tar
from testbed.docker_provider.engine import Engine
from testbed.docker_provider.inputs import Image, Registry
from tests.support.checkout import ROOT

pytestmark = pytest.mark.cluster

ROOM_OVER_BASE_BYTES = 60_000_000
REBUILD_SECONDS = 5
HARDENED = ("--read-only", "--cap-drop", "ALL", "--security-opt", "no-new-privileges")
STAMP = {"VERSION": "1.2.3", "REVISION": "abc", "CREATED": "2026-01-01T00:00:00Z"}


def docker(*arguments: str) -> str:
    run = ["docker", *arguments]
    return subprocess.run(run, check=True, capture_output=True, text=True, timeout=120).stdout  # noqa: S603 - our own words


def build(context: Path, name: str) -> list[str]:
    """Build through the Engine API, as Pulumi's provider does; return what the engine said."""
    output = list[str]()
    base = {"BASE_IMAGE": os.environ["BASE_IMAGE"]} if "BASE_IMAGE" in os.environ else {}
    with tempfile.TemporaryFile() as tar:
        dockerfile = write_tar(BuildContext(context, context / "bot" / "Dockerfile"), tar)
        tar.seek(0)
        image = Image(
            name=name,
            context=str(context),
            dockerfile=dockerfile,
            platform="linux/amd64",
            target="",
            network="",
            builder="2",
            args=STAMP | base,
            extra_hosts=(),
            cache_from=(),
            skip_push=True,
            registry=Registry(),
        )
        engine = Engine(None)
        engine.build(image, tar, dockerfile, output.append)
        engine.close()
    return output


@pytest.fixture(scope="module")
def context(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of what goes into the image."""
    folder = tmp_path_factory.mktemp("context")
    shutil.copytree(ROOT / "bot", folder / "bot")
    shutil.copytree(ROOT / "requirements", folder / "requirements")
    shutil.copy(ROOT / ".dockerignore", folder)
    return folder


@pytest.fixture(scope="module")
def image(context: Path) -> Iterator[str]:
    name = f"bot-image-test:{uuid.uuid4().hex[:8]}"
    build(context, name)
    yield name
    docker("image", "rm", "--force", name)


@pytest.fixture(scope="module")
def container(image: str) -> Iterator[str]:
    name = docker("run", "--detach", *HARDENED, "--env", "BOT_DRAIN_SECONDS=1", image).strip()
    deadline = time.monotonic() + 40
    while inspect(name, ".State.Health.Status") != "healthy":
        assert time.monotonic() < deadline, docker("logs", name)
        time.sleep(0.5)
    yield name
    docker("rm", "--force", name)


def inspect(name: str, field: str) -> str:
    return docker("inspect", "--format", f"{{{{{field}}}}}", name).strip()


def test_it_is_small(image: str) -> None:
    # The engine knows no size of the base alone; its layers come first in the history.
    sizes = docker("history", "--human=false", "--format", "{{.Size}} {{.CreatedBy}}", image)
    ours = [line for line in sizes.splitlines() if "/opt/venv" in line or "/app" in line]
    assert 0 < sum(int(line.split()[0]) for line in ours) <= ROOM_OVER_BASE_BYTES


def test_its_labels_say_what_version_tells(image: str, container: str) -> None:
    asked = "import urllib.request as u;print(u.urlopen('http://127.0.0.1:8080/version').read().decode())"
    version = json.loads(docker("exec", container, "python", "-c", asked))
    stamped = json.loads(docker("inspect", "--format", "{{json .Config.Labels}}", image))
    for label, key in (
        (labels.VERSION, "version"),
        (labels.REVISION, "revision"),
        (labels.CREATED, "created"),
    ):
        assert stamped[label] == version[key] == STAMP[key.upper()]


def test_it_brings_no_pip_and_no_compiler(container: str) -> None:
    look = "for tool in pip pip3 gcc cc make; do command -v $tool; done; true"
    assert docker("exec", container, "sh", "-c", look) == ""
    for module in ("pip", "ensurepip"):
        find = f"import importlib.util as u; print(u.find_spec('{module}'))"
        for python in ("python", "python3"):
            assert docker("exec", container, python, "-c", find) == "None\n"


def test_it_runs_as_nobody_on_a_read_only_root_and_ends_with_0(container: str) -> None:
    assert docker("exec", container, "id", "-u").strip() == "65532"
    docker("kill", "--signal", "TERM", container)
    assert docker("wait", container).strip() == "0"


@pytest.mark.usefixtures("image")
def test_a_change_of_code_reinstalls_nothing_and_is_quick(context: Path) -> None:
    code = context / "bot" / "app.py"
    code.write_text(f"{code.read_text()}# {uuid.uuid4()}\n")
    name, started = f"bot-image-test:{uuid.uuid4().hex[:8]}", time.monotonic()
    output = build(context, name)
    seconds = time.monotonic() - started
    docker("image", "rm", "--force", name)
    assert not [line for line in output if "Collecting" in line]
    assert seconds < REBUILD_SECONDS
