from pathlib import Path

import pytest

from testbed.cli import main
from testbed.paths import Paths


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    return Paths(tmp_path / "cache", tmp_path / "state")


def test_help_names_every_command_and_the_exit_codes(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["--help"])
    assert caught.value.code == 0
    shown = capsys.readouterr().out
    for word in ("up", "down", "status", "doctor", "env", "logs", "exit codes", "130"):
        assert word in shown


@pytest.mark.parametrize("words", [[], ["start"], ["up", "--fast"]])
def test_a_wrong_command_line_ends_with_2(words: list[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(words)
    assert caught.value.code == 2


def test_status_of_a_platform_that_does_not_run_ends_with_1_and_says_how_to_start(
    paths: Paths, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["status"], paths) == 1
    assert ".venv/bin/testbed up" in capsys.readouterr().out


def test_logs_of_an_unknown_daemon_name_those_that_there_are(
    paths: Paths, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["logs", "etc"], paths) == 1
    assert "no daemon 'etc'; there are registry, containerd" in capsys.readouterr().err


def test_logs_show_the_end(paths: Paths, capsys: pytest.CaptureFixture[str]) -> None:
    paths.logs.mkdir(parents=True)
    (paths.logs / "etcd.log").write_text("one\ntwo\nthree\n")
    assert main(["logs", "-n", "2", "etcd"], paths) == 0
    assert capsys.readouterr().out == "two\nthree\n"


def test_env_needs_nothing_that_runs(paths: Paths, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["env"], paths) == 0
    assert f"export KUBECONFIG={paths.kubeconfig}" in capsys.readouterr().out.splitlines()
