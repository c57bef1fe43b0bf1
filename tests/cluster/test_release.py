"""`python -m release` on the real cluster, under signals and load: promoted, and sent back."""

from pathlib import Path

import pytest

from bot.contract.color import Color
from tests.harness.platform import Platform
from tests.harness.releasing import Releases
from tests.harness.sent_back import let_in_again
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


def _say(*parts: object) -> None:
    print(*parts, sep="\n")  # noqa: T201 -- figures and transcripts, for who runs it with `-s`
