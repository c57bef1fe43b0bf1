"""Images through the real Pulumi engine, Docker engine and registry of the local platform."""

import json
import os
import time
import urllib.request
from pathlib import Path

import pytest

from testbed import net
from tests.testbed.docker_provider.pulumi_project import Preview, Project

pytestmark = [pytest.mark.engine, pytest.mark.cluster]

REGISTRY = os.environ.get("TESTBED_REGISTRY", net.REGISTRY)
UPDATE_OF_BUILD = Preview("update", ["build"], None)
DOCKERFILE = "FROM scratch\nARG WHO=nobody\nLABEL who=$WHO\nCOPY . /app/\n"
FAILING = """\
ARG BASE
FROM ${BASE}
RUN echo "compiling the strategy" && echo "strategy.c:7: no such header" >&2 && exit 3
"""


@pytest.fixture
def project(tmp_path: Path) -> Project:
    app = tmp_path / "app"
    app.mkdir()
    app.joinpath("Dockerfile").write_text(DOCKERFILE)
    app.joinpath("main.py").write_text("print(1)\n")
    app.joinpath("main.py").chmod(0o644)
    app.joinpath(".dockerignore").write_text("*.log\n!kept.log\n**/cache\n")
    image = {
        "image_name": f"{REGISTRY}/provider-test:v1",
        "build": {"context": "app", "args": {"WHO": "me"}},
        "registry": {"username": "me", "password": "planted-password"},
    }
    made = Project(tmp_path, image)
    made.init()
    return made


def is_unchanged(project: Project, outputs: dict[str, object]) -> bool:
    expected = Preview("same", [], str(outputs["repo_digest"]))
    return project.preview() == expected and project.up() == outputs


def labels(reference: str) -> dict[str, str]:
    """Return the labels of what the registry holds under a digest."""
    repository, digest = reference.removeprefix(f"{REGISTRY}/").split("@")
    base = f"http://{REGISTRY}/v2/{repository}"
    accept = {"Accept": "application/vnd.docker.distribution.manifest.v2+json"}
    manifest = fetch(f"{base}/manifests/{digest}", accept)
    return fetch(f"{base}/blobs/{manifest['config']['digest']}", {})["config"]["Labels"]


def test_an_unchanged_context_is_no_change(project: Project) -> None:
    assert project.preview() == Preview("create", [], None)
    outputs = project.up()
    assert outputs["repo_digest"].startswith(f"{REGISTRY}/provider-test@sha256:")
    assert outputs["base_image_name"] == outputs["image_name"] == project.image["image_name"]
    assert (outputs["context"], outputs["dockerfile"]) == ("app", "Dockerfile")
    os.utime(project.folder / "app/main.py", (1, 1))
    assert is_unchanged(project, outputs)
    refresh = project.pulumi("refresh", "--yes", "--expect-no-changes")
    assert refresh.returncode == 0, refresh.stdout + refresh.stderr


def test_a_changed_byte_is_an_update_with_a_new_digest(project: Project) -> None:
    before = project.up()
    project.folder.joinpath("app/main.py").write_text("print(2)\n")
    assert project.preview() == UPDATE_OF_BUILD
    assert project.up()["repo_digest"] != before["repo_digest"]


def test_a_changed_mode_is_an_update_with_a_new_digest(project: Project) -> None:
    before = project.up()
    project.folder.joinpath("app/main.py").chmod(0o755)
    assert project.preview() == UPDATE_OF_BUILD
    assert project.up()["repo_digest"] != before["repo_digest"]


def test_what_dockerignore_names_does_not_count(project: Project) -> None:
    outputs = project.up()
    app = project.folder / "app"
    app.joinpath("sub/cache").mkdir(parents=True)
    app.joinpath("sub/cache/file").write_text("ignored")
    app.joinpath("run.log").write_text("ignored")
    assert is_unchanged(project, outputs)
    app.joinpath("kept.log").write_text("an exception")
    assert project.preview() == UPDATE_OF_BUILD


def test_a_build_argument_reaches_the_image_and_its_change_is_an_update(project: Project) -> None:
    outputs = project.up()
    assert labels(outputs["repo_digest"]) == {"who": "me"}
    project.image["build"]["args"] = {"WHO": "you"}
    assert project.preview() == UPDATE_OF_BUILD
    changed = project.up()
    assert labels(changed["repo_digest"]) == {"who": "you"}


def test_a_failing_dockerfile_is_told_with_the_builds_own_last_lines(project: Project) -> None:
    outputs = project.up()
    project.folder.joinpath("app/Dockerfile").write_text(FAILING)
    project.image["build"] |= {"args": {"BASE": os.environ["BASE_IMAGE"]}, "network": "none"}
    printed = project.failing_up()
    error = printed[printed.index("error: ") :]
    assert "from app/Dockerfile failed" in error
    assert "  compiling the strategy" in error
    assert "  strategy.c:7: no such header" in error
    # Nothing was taken away: with the old Dockerfile all is as before.
    project.folder.joinpath("app/Dockerfile").write_text(DOCKERFILE)
    project.image["build"] = {"context": "app", "args": {"WHO": "me"}}
    assert is_unchanged(project, outputs)


def test_a_registry_that_is_down_is_told_by_its_address(project: Project) -> None:
    project.image["image_name"] = "127.0.0.1:1/provider-test:v1"
    began = time.monotonic()
    printed = project.failing_up()
    assert time.monotonic() - began < 60
    assert "pushing 127.0.0.1:1/provider-test:v1 to the registry 127.0.0.1:1 failed" in printed
    assert "See that it runs" in printed


def test_an_engine_that_is_down_is_told_by_its_address(project: Project) -> None:
    address = f"unix://{project.folder}/nobody.sock"
    project.environment["DOCKER_HOST"] = address
    began = time.monotonic()
    printed = project.failing_up()
    assert time.monotonic() - began < 60
    assert f"no Docker engine answers at {address}: No such file or directory" in printed
    assert ".venv/bin/testbed up" in printed


def test_a_password_is_nowhere_in_clear(project: Project) -> None:
    printed = project.pulumi("up", "--yes", "--diff").stdout
    printed += project.pulumi("stack", "export").stdout
    printed += project.pulumi("preview", "--json").stdout
    assert "sha256:" in printed
    assert "planted-password" not in printed


def fetch(url: str, headers: dict[str, str]) -> dict[str, dict[str, dict[str, str]]]:
    request = urllib.request.Request(url, headers=headers)  # noqa: S310 - http, written here
    with urllib.request.urlopen(request, timeout=10) as response:  # noqa: S310 - the request above
        return json.load(response)
