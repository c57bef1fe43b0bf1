"""`python -m release` on the real cluster, under signals and load: promoted, and sent back.

Every test begins and ends with blue trading and green empty.
"""

import time
from collections.abc import Callable, Generator
from pathlib import Path

import pytest

from bot.contract.color import Color
from release.exits import Exit
from tests.harness.faults import end
from tests.harness.images import build_faulty
from tests.harness.market import trading_stack
from tests.harness.platform import Platform
from tests.harness.releasing import SHORT, Pressure, Releases, ended, pressure, split
from tests.harness.stack import Stack

pytestmark = pytest.mark.cluster
AFTER_SECONDS = 1.0
"""How long the load goes on when a command has ended."""

Build = Callable[[str], str]
"""Makes an image with this fault built in; returns its reference."""


@pytest.fixture(scope="module")
def releases(
    stack: Stack, platform: Platform, tmp_path_factory: pytest.TempPathFactory
) -> Generator[Releases]:
    folder = tmp_path_factory.mktemp("release") / "test"
    with trading_stack("test-release", stack.image(Color.BLUE), folder, platform) as market:
        made = Releases(market)
        made.configure(**SHORT)
        yield made


@pytest.fixture(scope="module")
def build(stack: Stack, platform: Platform) -> Build:
    return lambda fault: build_faulty(stack.image(Color.BLUE), platform, fault)


@pytest.fixture(scope="module")
def good(build: Build) -> str:
    """Another digest, with nothing wrong until a test switches it on."""
    return build("")


def test_a_good_version_is_promoted_and_a_command_brings_the_old_one_back(
    releases: Releases, good: str, tmp_path: Path
) -> None:
    market = releases.market
    with pressure(market, tmp_path, "good") as load:
        _say(releases.run("deploy", "--image", good, "--detach").output)
        assert market.stack.outputs()["activeColor"] == Color.GREEN
        assert _nothing_to_do(releases)
        _say(releases.run("status").output)
        commanded = time.time()
        _say(releases.run("rollback", "--reason", "a test").output)
        time.sleep(AFTER_SECONDS)
    _say(releases.run("history").output)
    _say(split(releases.journal(), commanded, load.moved(Color.BLUE, commanded)))
    assert not load.lost
    _all_is_as_before(releases, load)
    _is_refused(releases, good)


def test_a_version_that_is_killed_after_the_swap_is_sent_back(
    releases: Releases, good: str, tmp_path: Path
) -> None:
    _let_in_again(releases, good)
    market = releases.market
    with pressure(market, tmp_path, "killed") as load:
        deploy = releases.start("deploy", "--image", good)
        releases.wait_phase("baking")
        killed = time.time()
        end(market.kube, Color.GREEN)
        told = ended(deploy, Exit.SENT_BACK)
        time.sleep(AFTER_SECONDS)
    _say(told.output)
    bad, back = _bad_window(load, since=killed)
    _say(split(releases.journal(), bad, back))
    traded = market.trades_since(Color.BLUE, killed)
    assert traded is not None
    _say(f"the old version decides {traded - bad:.2f} s after the death")
    _all_is_as_before(releases, load)


def _bad_window(load: Pressure, since: float) -> tuple[float, float]:
    """Return the first bad second, and when the traffic was back; nothing is lost outside."""
    back = load.moved(Color.BLUE, since)
    assert load.lost
    bad = min(row.due for row in load.lost)
    assert not load.lost_outside(since, back)
    _say(f"{len(load.lost)} of {len(load.rows)} requests were lost, all of them while it was bad")
    return bad, back


def _all_is_as_before(releases: Releases, load: Pressure) -> None:
    """Every signal had its one fate, blue has everything, and a plain `up` is a no-op."""
    market, sent = releases.market, load.senders.sent
    assert not market.judge(sent.accepted)
    assert not sent.given_up
    assert market.stack.outputs()["activeColor"] == Color.BLUE
    assert _nothing_to_do(releases)


def _nothing_to_do(releases: Releases) -> bool:
    words = ("preview", "--expect-no-changes")
    return releases.market.stack.pulumi(*words, check=False).code == 0


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


def _let_in_again(releases: Releases, image: str) -> None:
    releases.run("quarantine", "clear", image.partition("@")[2], "--reason", "a test")


def _say(text: object) -> None:
    print(text)  # noqa: T201 -- figures and transcripts, for who runs it with `-s`
