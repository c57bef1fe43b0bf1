import configparser
from pathlib import Path

import pytest

from testbed.daemons import Daemon, daemons
from testbed.paths import Paths
from testbed.probes import Listens
from testbed.supervision import MARK, fingerprint, marked, owned, render, root


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    paths = Paths(tmp_path / "cache", tmp_path / "state")
    paths.etc.mkdir(parents=True)
    (paths.etc / "a.json").write_text("{}")
    return paths


def daemon(*command: str, config: tuple[str, ...] = ("a.json",)) -> Daemon:
    return Daemon("a", command or ("/bin/a",), Listens("127.0.0.1", 1), config=config)


def parsed(text: str) -> configparser.RawConfigParser:
    ini = configparser.RawConfigParser()
    ini.read_string(text)
    return ini


def test_every_daemon_is_a_program_that_only_up_starts(paths: Paths) -> None:
    table = daemons(paths)
    ini = parsed(render(table, paths))
    for entry in table:
        program = ini[f"program:{entry.name}"]
        assert program["autostart"] == "false"
        assert program["autorestart"] == "true"
        assert program["stdout_logfile"] == f"{paths.logs}/{entry.name}.log"


def test_a_percent_sign_is_not_taken_for_supervisords_own(paths: Paths) -> None:
    ini = parsed(render([daemon("/bin/a", "--limit=50%")], paths))
    assert ini["program:a"]["command"] == '"/bin/a" "--limit=50%%"'


def test_an_empty_argument_stays_one(paths: Paths) -> None:
    ini = parsed(render([daemon("/bin/a", "--save", "")], paths))
    assert ini["program:a"]["command"] == '"/bin/a" "--save" ""'


def test_a_changed_file_changes_the_program(paths: Paths) -> None:
    before = render([daemon()], paths)
    assert render([daemon()], paths) == before
    (paths.etc / "a.json").write_text('{"a": 1}')
    assert render([daemon()], paths) != before


def test_a_changed_binary_or_command_changes_the_program(paths: Paths) -> None:
    binary = paths.etc / "binary"
    binary.write_text("one")
    before = fingerprint(daemon(str(binary)), paths)
    assert fingerprint(daemon(str(binary), "--flag"), paths) != before
    binary.write_text("another")
    assert fingerprint(daemon(str(binary)), paths) != before


def process(proc: Path, pid: int, *environment: str) -> None:
    (proc / str(pid)).mkdir(parents=True)
    (proc / str(pid) / "environ").write_bytes("\0".join([*environment, ""]).encode())


def test_only_processes_with_our_mark_are_ours(tmp_path: Path) -> None:
    process(tmp_path, 10, "PATH=/bin", f"{MARK}=/state")
    process(tmp_path, 11, f"{MARK}=/state-of-another")
    process(tmp_path, 12, f"OTHER_{MARK}=/state")
    process(tmp_path, 13, f"PATH=/{MARK}=/state")
    (tmp_path / "14").mkdir()  # It has ended since.
    (tmp_path / "self").mkdir()
    assert owned(Path("/state"), tmp_path) == [10]


def test_the_processes_of_another_platform_are_seen_but_not_owned(tmp_path: Path) -> None:
    process(tmp_path, 10, f"{MARK}=/state")
    process(tmp_path, 11, f"{MARK}=/other")
    assert marked(tmp_path) == {10: "/state", 11: "/other"}
    assert owned(Path("/other"), tmp_path) == [11]


def test_all_end_with_the_process_whose_parent_is_none_of_ours(tmp_path: Path) -> None:
    # Process ids wrap around: the first one need not have the lowest.
    for pid, parent in ((900, 1), (20, 900), (21, 20)):
        process(tmp_path, pid, f"{MARK}=/state")
        (tmp_path / str(pid) / "stat").write_text(f"{pid} (a b) S {parent} 1 1")
    assert root(Path("/state"), tmp_path) == 900
    assert root(Path("/other"), tmp_path) is None
