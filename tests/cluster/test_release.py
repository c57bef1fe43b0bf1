"""`release` on the real cluster, under signals and load: promoted, and rolled back."""

from pathlib import Path

import pytest

from bot.contract.color import Color
from tests.support.kube import Kube, wait_until
from tests.support.node import bot_pids, stopped
from tests.support.platform import Platform
from tests.support.releasing import SHORT, Releases, pressure
from tests.support.rolled_back import as_before, let_in_again
from tests.support.stack import Stack
from tests.support.versions import NIGHTLY, VERSIONS

pytestmark = pytest.mark.cluster

GOOD = "by command"
BAD = [
    pytest.param(name, marks=pytest.mark.soak if name in NIGHTLY else ())
    for name in sorted(set(VERSIONS) - {GOOD})
]


def test_a_good_version_is_promoted_step_by_step_and_a_command_brings_the_old_one_back(
    releases: Releases, stack: Stack, platform: Platform, tmp_path: Path
) -> None:
    image = VERSIONS[GOOD].image(stack.image(Color.BLUE), platform)
    releases.configure(strategy="canary")
    try:
        outcome = VERSIONS[GOOD].released(releases, image, tmp_path)
    finally:
        releases.configure(strategy="blue-green")
    _say(outcome.transcript, releases.run("history").output, outcome)
    assert not outcome.broken
    # Placed, as many as move the first symbol, then half of them, swapped; returned, tidied up.
    assert _shares(releases) == [0, 36, 56, 0, 0, 0]
    _is_refused(releases, image)
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


@pytest.mark.parametrize("name", BAD)
def test_a_bad_version_is_rolled_back_by_itself(
    releases: Releases, stack: Stack, platform: Platform, tmp_path: Path, name: str
) -> None:
    image = VERSIONS[name].image(stack.image(Color.BLUE), platform)
    outcome = VERSIONS[name].released(releases, image, tmp_path)
    _say(outcome.transcript, outcome)
    assert not outcome.broken


def _shares(releases: Releases) -> list[int]:
    """Return which percentage each `up` of the last release gave to the new color before all."""
    changes = [each.data.get("changes", {}) for each in releases.journal() if each.kind == "trying"]
    return [each["canaryPercent"] for each in changes if "canaryPercent" in each]


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
