from pathlib import Path

import pytest

from testbed.daemons import Daemon
from testbed.doctor import Finding, as_line
from testbed.pulumi_home import place
from testbed.shell import PlatformError, run, succeeds
from testbed.status import daemon_fault


def daemon(wrong: str | None) -> Daemon:
    return Daemon("etcd", ("/usr/bin/etcd",), lambda: wrong)


@pytest.mark.parametrize(
    ("state", "wrong", "fault"),
    [
        ("RUNNING", None, ""),
        ("RUNNING", "connection refused", "connection refused"),
        ("FATAL", None, "FATAL: .venv/bin/testbed logs etcd"),
        ("STOPPED", "refused", "STOPPED: .venv/bin/testbed logs etcd"),
    ],
)
def test_a_daemon_is_well_when_it_runs_and_is_ready(
    state: str, wrong: str | None, fault: str
) -> None:
    assert daemon_fault(daemon(wrong), {"etcd": state}) == fault


def test_a_daemon_that_the_supervisor_does_not_know_is_not_well() -> None:
    assert daemon_fault(daemon(None), {}).startswith("unknown to the supervisor")


@pytest.mark.parametrize(
    ("finding", "line", "blocks"),
    [
        (Finding("root", well=True, remedy="sudo"), "ok    root", False),
        (Finding("root", well=False, remedy="sudo"), "FAIL  root: sudo", True),
        (
            Finding("packages", well=False, remedy="`up` does it", fixed_by_up=True),
            "up    packages: `up` does it",
            False,
        ),
    ],
)
def test_only_what_up_cannot_fix_blocks(finding: Finding, line: str, *, blocks: bool) -> None:
    assert as_line(finding) == line
    assert finding.blocks is blocks


def test_a_failed_command_tells_its_code_and_last_words() -> None:
    with pytest.raises(PlatformError, match=r"exit code 3: sh -c .*\nout\nwords"):
        run(["sh", "-c", "echo out; echo words >&2; exit 3"])


def test_a_missing_command_points_to_the_doctor() -> None:
    with pytest.raises(
        PlatformError, match=r"not found: no-such-command; `\.venv/bin/testbed doctor`"
    ):
        run(["no-such-command"])


def test_a_command_without_end_is_ended() -> None:
    with pytest.raises(PlatformError, match=r"no end after 0 s: sleep 60"):
        run(["sleep", "60"], timeout_seconds=0.1)


def test_success_is_exit_code_0() -> None:
    assert succeeds(["true"])
    assert not succeeds(["false"])


def test_a_placed_file_is_replaced_when_its_source_is_another(tmp_path: Path) -> None:
    source, target = tmp_path / "source", tmp_path / "bin" / "command"
    source.write_text("one")
    place(source, target)
    assert not target.is_symlink()
    other = tmp_path / "other"
    other.write_text("another")
    place(other, target)
    assert target.read_text() == "another"
    assert source.read_text() == "one"
