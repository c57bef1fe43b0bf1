"""Bad versions that take their time, and a release whose own process is killed; for `make soak`."""

import time
from pathlib import Path

import pytest

from bot.contract.color import Color
from tests.cluster.conftest import Build
from tests.harness.releasing import Releases, pressure
from tests.harness.sent_back import as_before, bad, let_in_again

pytestmark = [pytest.mark.cluster, pytest.mark.soak]


@pytest.mark.parametrize("fault", ["crash", "load", "leak", "slow"])
def test_a_version_that_is_worse_is_sent_back(
    releases: Releases, build: Build, tmp_path: Path, fault: str
) -> None:
    releases.configure(bakeSeconds=200)
    outcome = bad(releases, build(fault), tmp_path, fault)
    _say(outcome.said, outcome)
    assert not outcome.broken


def test_a_release_whose_process_is_killed_goes_on_to_one_version(
    releases: Releases, build: Build, tmp_path: Path
) -> None:
    releases.configure(bakeSeconds=12)
    stack = releases.market.stack
    with pressure(releases.market, tmp_path, "resumed") as load:
        placing = releases.start("deploy", "--image", build(""), "--detach")
        releases.wait_phase("placing")
        time.sleep(5)  # in the midst of its `up`
        placing.process.kill()
        placing.finish(check=False)
        baking = releases.start("resume")
        releases.wait_phase("baking")
        baking.process.kill()
        _say(baking.finish(check=False).output)
        _say(releases.run("resume").output)
        assert stack.outputs()["activeColor"] == Color.GREEN
        _say(releases.run("rollback", "--reason", "the end of a test").output)
    assert load.void or not load.lost
    assert not as_before(releases, load)
    let_in_again(releases, build(""))


def _say(*parts: object) -> None:
    print(*parts, sep="\n")  # noqa: T201 -- figures and transcripts, for who runs it with `-s`
