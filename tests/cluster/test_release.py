"""`python -m release` on the real cluster, under signals and load: promoted, and sent back."""

import time
from collections.abc import Generator
from pathlib import Path

import pytest

from bot.contract.color import Color
from tests.harness.images import build_faulty
from tests.harness.market import trading_stack
from tests.harness.platform import Platform
from tests.harness.releasing import SHORT, Releases, pressure, split
from tests.harness.stack import Stack

pytestmark = pytest.mark.cluster


@pytest.fixture(scope="module")
def releases(
    stack: Stack, platform: Platform, tmp_path_factory: pytest.TempPathFactory
) -> Generator[Releases]:
    """Blue trades; each test leaves it so."""
    folder = tmp_path_factory.mktemp("release") / "test"
    with trading_stack("test-release", stack.image(Color.BLUE), folder, platform) as market:
        made = Releases(market)
        made.configure(**SHORT)
        yield made


@pytest.fixture(scope="module")
def good(stack: Stack, platform: Platform) -> str:
    """Another digest, with nothing wrong until a test switches it on."""
    return build_faulty(stack.image(Color.BLUE), platform)


def _say(text: object) -> None:
    print(text)  # noqa: T201 -- figures and transcripts, for who runs it with `-s`


def _nothing_to_do(releases: Releases) -> bool:
    words = ("preview", "--expect-no-changes")
    return releases.market.stack.pulumi(*words, check=False).code == 0


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
        time.sleep(1)
    _say(releases.run("history").output)
    back = load.moved(Color.BLUE, commanded)
    _say(split(releases.journal(), commanded, back))
    assert not load.lost
    assert not market.judge(load.senders.sent.accepted)
    assert not load.senders.sent.given_up
    assert market.stack.outputs()["activeColor"] == Color.BLUE
    assert _nothing_to_do(releases)
    _is_refused(releases, good)


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
