"""`python -m release` on the real cluster, under signals and load: promoted, and sent back."""

from pathlib import Path

import pytest

from bot.contract.color import Color
from tests.harness.kube import Kube, wait_until
from tests.harness.node import bot_pids, stopped
from tests.harness.platform import Platform
from tests.harness.releasing import SHORT, Releases, pressure
from tests.harness.sent_back import as_before, let_in_again
from tests.harness.stack import Stack
from tests.harness.versions import VERSIONS

pytestmark = pytest.mark.cluster

GOOD = "by command"


def test_a_good_version_is_promoted_and_a_command_brings_the_old_one_back(
    releases: Releases, stack: Stack, platform: Platform, tmp_path: Path
) -> None:
    image = VERSIONS[GOOD].image(stack.image(Color.BLUE), platform)
    outcome = VERSIONS[GOOD].released(releases, image, tmp_path)
    _say(outcome.said, releases.run("history").output, outcome)
    assert not outcome.broken
    _is_refused(releases, image)
    let_in_again(releases, image)


def test_a_good_version_gets_its_shards_step_by_step(
    releases: Releases, stack: Stack, platform: Platform, tmp_path: Path
) -> None:
    image = VERSIONS[GOOD].image(stack.image(Color.BLUE), platform)
    releases.configure(**SHORT, strategy="canary")
    try:
        with pressure(releases.market, tmp_path, "canary") as load:
            releases.run("deploy", "--image", image, "--detach")
            releases.run("rollback", "--reason", "a test")
    finally:
        releases.configure(strategy="blue-green")
    shares = [
        each.data["changes"]["canaryPercent"]
        for each in releases.journal()
        if each.kind == "trying" and "canaryPercent" in each.data.get("changes", {})
    ]
    assert shares == [0, 36, 56, 0, 0, 0]  # placed, two steps, swapped; returned, tidied up
    assert load.void or not load.lost
    assert not as_before(releases, load)
    let_in_again(releases, image)


def test_a_hung_pod_of_the_old_color_does_not_keep_the_new_one_in_charge(
    releases: Releases, stack: Stack, platform: Platform, tmp_path: Path
) -> None:
    kube = releases.market.kube
    image = VERSIONS[GOOD].image(stack.image(Color.BLUE), platform)
    releases.configure(**SHORT)
    with pressure(releases.market, tmp_path, "hung") as load:
        releases.run("deploy", "--image", image, "--detach")
        with stopped(list(bot_pids(kube, Color.BLUE).values())[:1]):
            wait_until("one pod of blue is left", lambda: _ready(kube, Color.BLUE) == 1)
            releases.run("rollback", "--reason", "a test")
            assert releases.market.stack.outputs()["activeColor"] == Color.BLUE
        kube.wait_ready(Color.BLUE)
    assert load.void or not load.lost
    assert not as_before(releases, load)
    let_in_again(releases, image)


@pytest.mark.parametrize("name", sorted(set(VERSIONS) - {GOOD}))
def test_a_bad_version_is_sent_back_by_itself(
    releases: Releases, stack: Stack, platform: Platform, tmp_path: Path, name: str
) -> None:
    image = VERSIONS[name].image(stack.image(Color.BLUE), platform)
    outcome = VERSIONS[name].released(releases, image, tmp_path)
    _say(outcome.said, outcome)
    assert not outcome.broken


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


def _ready(kube: Kube, color: Color) -> int:
    return sum(pod.ready for pod in kube.pods(color))


def _say(*parts: object) -> None:
    print(*parts, sep="\n")  # noqa: T201 -- figures and transcripts, for who runs it with `-s`
