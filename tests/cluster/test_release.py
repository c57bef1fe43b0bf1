"""`python -m release` on the real cluster, under signals and load: promoted, and sent back."""

from pathlib import Path

import pytest

from bot.contract.color import Color
from release.exits import Exit
from tests.cluster.conftest import Build
from tests.harness.images import push_unpullable
from tests.harness.releasing import Releases, ended, pressure
from tests.harness.sent_back import as_before, bad, killed, let_in_again, rolled_back

pytestmark = pytest.mark.cluster


def test_a_good_version_is_promoted_and_a_command_brings_the_old_one_back(
    releases: Releases, build: Build, tmp_path: Path
) -> None:
    outcome = rolled_back(releases, build(""), tmp_path)
    _say(outcome.said, releases.run("history").output, outcome)
    assert not outcome.broken
    _is_refused(releases, build(""))


def test_a_version_that_is_killed_after_the_swap_is_sent_back(
    releases: Releases, build: Build, tmp_path: Path
) -> None:
    let_in_again(releases, build(""))
    outcome = killed(releases, build(""), tmp_path)
    _say(outcome.said, outcome)
    assert not outcome.broken


def test_a_version_whose_requests_fail_is_sent_back(
    releases: Releases, build: Build, tmp_path: Path
) -> None:
    releases.configure(bakeSeconds=150)
    outcome = bad(releases, build("errors"), tmp_path, "errors")
    _say(outcome.said, outcome)
    assert not outcome.broken
    assert outcome.void or not outcome.lost  # the load asks for what this version answers well


@pytest.mark.parametrize(
    ("fault", "code"),
    [("never-ready", Exit.SENT_BACK), ("unpullable", Exit.SENT_BACK), ("missing", Exit.REFUSED)],
)
def test_a_version_that_does_not_come_is_never_swapped_to(
    releases: Releases, build: Build, tmp_path: Path, fault: str, code: Exit
) -> None:
    if fault == "missing":
        image = build("").partition("@")[0] + "@sha256:" + "0" * 64
    else:
        image = push_unpullable(build("")) if fault == "unpullable" else build(fault)
    with pressure(releases.market, tmp_path, fault) as load:
        told = ended(releases.start("deploy", "--image", image), code)
    _say(told.output, f"{told.seconds:.0f} s")
    assert load.void or not load.lost
    assert not as_before(releases, load)
    assert {row.color for row in load.rows} == {Color.BLUE}


def _is_refused(releases: Releases, image: str) -> None:
    """A plain `up` does not bring the digest back."""
    digest = image.partition("@")[2]
    assert [each["digest"] for each in releases.json("quarantine")] == [digest]
    stack = releases.market.stack
    content = stack.file.read_text()
    stack.set("green.replicas", 2)
    stack.set("activeColor", Color.GREEN)
    refused = stack.up(check=False)
    stack.file.write_text(content)
    assert refused.code != 0
    assert f"{digest} is in quarantine" in refused.text
    assert stack.outputs()["activeColor"] == Color.BLUE
    stack.up()  # the refused one has made the Job of the migration


def _say(*parts: object) -> None:
    print(*parts, sep="\n")  # noqa: T201 -- figures and transcripts, for who runs it with `-s`
