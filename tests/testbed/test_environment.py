import shlex
import subprocess
import sys
from pathlib import Path

from testbed.environment import as_exports, variables
from testbed.paths import Paths

PATHS = Paths(Path("/a cache"), Path("/a state"))
BASE = "127.0.0.1:5000/python-base@sha256:0"


def test_a_shell_takes_over_what_is_printed() -> None:
    exports = as_exports(variables(PATHS, BASE, "/usr/bin:/bin"))
    shown = subprocess.run(  # noqa: S603  # our own exports are what is under test
        ["/bin/sh", "-c", f'{exports}\nprintf %s "$KUBECONFIG|$DOCKER_HOST|$BASE_IMAGE"'],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert shown == f"/a state/kubeconfig|unix:///a state/run/docker.sock|{BASE}"


def test_each_line_is_one_export() -> None:
    for line in as_exports(variables(PATHS, BASE, "/bin")).splitlines():
        words = shlex.split(line)
        assert words[0] == "export"
        assert len(words) == 2


def test_our_commands_come_first_and_asking_twice_does_not_lengthen_the_path() -> None:
    once = variables(PATHS, BASE, "/usr/bin:/bin")["PATH"]
    assert once.split(":")[:2] == ["/a state/bin", str(Path(sys.executable).parent)]
    assert once.endswith("/usr/bin:/bin")
    assert variables(PATHS, BASE, once)["PATH"] == once


def test_pulumis_state_and_passphrase_are_those_of_the_local_stack() -> None:
    settings = variables(PATHS, BASE, "/bin")
    assert settings["PULUMI_BACKEND_URL"] == "file:///a%20state/pulumi"
    assert settings["PULUMI_CONFIG_PASSPHRASE"] == ""
    assert settings["PULUMI_STACK"] == "local"
