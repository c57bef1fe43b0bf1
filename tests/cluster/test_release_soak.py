"""Releases whose own process is killed, again and again; for `make soak`."""

import time
from pathlib import Path

import pytest

from bot.contract.color import Color
from release.cli.exit_codes import Exit
from tests.cluster.conftest import Build
from tests.support.kube import wait_until
from tests.support.process import Started
from tests.support.releasing import Entry, Releases, pressure
from tests.support.rolled_back import as_before, let_in_again

pytestmark = [pytest.mark.cluster, pytest.mark.soak]

LOOK_SECONDS = 0.01
KILLS_MIN = 12
"""Of a deploy and of a rollback each: so many entries of different kinds they have at least."""
ENDS = (Exit.DONE, Exit.ROLLED_BACK, Exit.REFUSED)
"""Of a `resume`: the last one may find that nothing is left to do."""


def test_a_release_whose_process_is_killed_in_the_midst_of_its_up_goes_on_to_one_version(
    releases: Releases, build: Build, tmp_path: Path
) -> None:
    releases.configure(bakeSeconds=12)
    with pressure(releases.market, tmp_path, "resumed") as load:
        placing = releases.start("deploy", "--image", build(""), "--detach")
        releases.wait_phase("rollout")
        time.sleep(5)  # in the midst of its `up`
        placing.process.kill()
        placing.finish(check=False)
        baking = releases.start("resume")
        releases.wait_phase("bake")
        baking.process.kill()
        baking.finish(check=False)
        releases.run("resume")
        _runs(releases, Color.GREEN)
        releases.run("rollback", "--reason", "the end of a test")
    assert load.void or not load.lost
    assert not as_before(releases, load)
    let_in_again(releases, build(""))


def test_a_release_that_is_killed_after_each_entry_of_its_journal_goes_on_to_one_version(
    releases: Releases, build: Build, tmp_path: Path
) -> None:
    releases.configure(
        **{"bakeSeconds": 6, "deadlines.preflight": 120, "deadlines.verification": 120}
    )
    with pressure(releases.market, tmp_path, "killed-each") as load:
        deployed = _killed_after_each_entry(releases, "deploy", "--image", build(""), "--detach")
        _runs(releases, Color.GREEN)
        back = _killed_after_each_entry(releases, "rollback", "--reason", "the end of a test")
        _runs(releases, Color.BLUE)
    print(f"killed {len(deployed)} times and {len(back)} times: {deployed} {back}")  # noqa: T201 -- for `-s`
    assert min(len(deployed), len(back)) >= KILLS_MIN
    assert load.void or not load.lost
    assert not as_before(releases, load)
    let_in_again(releases, build(""))


def _killed_after_each_entry(releases: Releases, *command: str) -> list[str]:
    """Run a command; kill its process at each entry that is the first of its kind, and resume.

    Returns:
        After which entries it was killed.
    """
    begun_with = len(releases.entries())
    killed: list[str] = []
    running = releases.start(*command)
    while (entry := _next_kind(releases, running, begun_with, killed)) is not None:
        running.process.kill()
        running.finish(check=False)
        killed.append(entry)
        running = releases.start("resume")
    done = running.finish(check=False)
    assert done.code in ENDS, done.text
    return killed


def _next_kind(
    releases: Releases, running: Started, begun_with: int, known: list[str]
) -> str | None:
    """Wait for an entry of a kind that is not known yet; None when the process ended before."""
    new_kinds: list[str] = []

    def seen() -> bool:
        kinds = map(_kind, releases.entries()[begun_with:])
        new_kinds[:] = [kind for kind in kinds if kind not in known]
        return bool(new_kinds) or running.process.poll() is not None

    wait_until("an entry, or the end", seen, seconds=120, look_seconds=LOOK_SECONDS)
    return new_kinds[0] if new_kinds else None


def _kind(entry: Entry) -> str:
    which = entry.data.get("phase") or entry.data.get("text") or ""
    return f"{entry.kind} {which}"


def _runs(releases: Releases, color: Color) -> None:
    assert releases.market.stack.outputs()["activeColor"] == color
