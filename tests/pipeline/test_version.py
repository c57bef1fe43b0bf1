"""One version, four spellings; and the twelve ways in which its witnesses can disagree."""

import re
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.version import Version as Pep440

from bot.contract.provenance import Claims, Running, disagreements
from bot.contract.version import Version, VersionError
from infra.image import Source, version_of
from tests.support.checkout import ROOT

NUMBERS = st.integers(0, 30)
BUILDS = st.from_regex(r"g[0-9a-f]{7}(\.dirty)?", fullmatch=True)
TAGS = st.builds(Version, NUMBERS, NUMBERS, NUMBERS, st.none() | NUMBERS)
BETWEEN = st.builds(Version, NUMBERS, NUMBERS, NUMBERS, st.none() | NUMBERS, NUMBERS, BUILDS)
VERSIONS = TAGS | BETWEEN
IMAGE_TAG = re.compile(r"\w[\w.-]{0,127}")


@pytest.mark.parametrize(
    ("semver", "pep440", "image_tag"),
    [
        ("1.5.0", "1.5.0", "1.5.0"),
        ("1.5.0-rc.2", "1.5.0rc2", "1.5.0-rc.2"),
        ("1.5.1-dev.4+gabc1234", "1.5.1.dev4+gabc1234", "1.5.1-dev.4-gabc1234"),
        ("1.5.0-rc.2.dev.4+gabc1234", "1.5.0rc3.dev4+gabc1234", "1.5.0-rc.2.dev.4-gabc1234"),
        ("0.0.0-dev.7+gabc1234.dirty", "0.0.0.dev7+gabc1234.dirty", "0.0.0-dev.7-gabc1234.dirty"),
    ],
)
def test_a_version_is_spelt_as_each_reader_wants_it(
    semver: str, pep440: str, image_tag: str
) -> None:
    version = Version.from_semver(semver)
    assert (version.pep440, version.image_tag) == (pep440, image_tag)


@given(VERSIONS)
def test_every_spelling_reads_back_as_the_same_version(version: Version) -> None:
    assert Version.from_semver(version.semver) == version
    assert Version.from_pep440(version.pep440) == version
    assert Version.from_image_tag(version.image_tag) == version
    if version.released:
        assert Version.from_tag(version.tag) == version


@given(VERSIONS)
def test_python_and_registries_accept_the_spellings(version: Version) -> None:
    assert str(Pep440(version.pep440)) == version.pep440
    assert IMAGE_TAG.fullmatch(version.image_tag)


@given(VERSIONS, VERSIONS)
def test_both_worlds_agree_on_what_is_newer(one: Version, other: Version) -> None:
    ours = replace(one, build=""), replace(other, build="")
    theirs = Pep440(ours[0].pep440), Pep440(ours[1].pep440)
    assert (ours[0] < ours[1]) == (theirs[0] < theirs[1])


@pytest.mark.parametrize(
    "text", ["1.5", "v1.5.0", "1.5.0-beta", "01.5.0", "1.5.0-rc2", "1.5.0+g1", "1.5.0.dev.1", ""]
)
def test_what_is_spelt_otherwise_is_refused(text: str) -> None:
    with pytest.raises(VersionError):
        Version.from_semver(text)


@pytest.mark.parametrize("tag", ["1.5.0", "v1.5", "v1.5.0-dev.1+gabc1234", "v1.5.0-rc2", "latest"])
def test_only_a_version_is_a_tag(tag: str) -> None:
    with pytest.raises(VersionError):
        Version.from_tag(tag)


@given(
    patch=st.integers(0, 9),
    candidate=st.none() | st.integers(0, 9),
    distance=st.integers(0, 9),
    dirty=st.booleans(),
)
def test_what_the_image_is_stamped_with_is_a_version_of_ours(
    patch: int, candidate: int | None, distance: int, *, dirty: bool
) -> None:
    suffix = "" if candidate is None else f"-rc.{candidate}"
    described = f"v1.5.{patch}{suffix}-{distance}-gabc1234"
    stamped = version_of(described, "12", "abc1234" + "0" * 33, dirty=dirty)
    version = Version.from_semver(stamped)
    assert version.semver == stamped
    assert Source(stamped, "", "").tag == version.image_tag
    assert version.released is (distance == 0 and not dirty)


def test_no_file_says_a_version_of_its_own() -> None:
    assert 'version = "0.0.0"' in (ROOT / "pyproject.toml").read_text()


REVISION = "a" * 40
DIGEST = "sha256:" + "1" * 64
OTHER = "sha256:" + "2" * 64
POD = Running("1.5.0-rc.2", REVISION, DIGEST)
RIGHT = Claims(
    tag="v1.5.0-rc.2",
    tag_revision=REVISION,
    label_version="1.5.0-rc.2",
    label_revision=REVISION,
    reference=f"registry.example/trading-bot:1.5.0-rc.2@{DIGEST}",
    registry_digest=DIGEST,
    pods={"bot-green-a": POD, "bot-green-b": POD},
    promoted_as="v1.5.0",
)
Edit = Callable[[Claims], Claims]
WRONG: dict[str, tuple[Edit, str]] = {
    "the tag is no version": (
        lambda witness: replace(witness, tag="nightly"),
        "git tag: 'nightly'",
    ),
    "the tag names no commit": (
        lambda witness: replace(witness, tag_revision=""),
        "git tag: v1.5.0-rc.2 names no commit",
    ),
    "the label says another version": (
        lambda witness: replace(witness, label_version="1.4.0"),
        "label: version 1.4.0, but the tag says 1.5.0-rc.2",
    ),
    "the image has no label": (
        lambda witness: replace(witness, label_version=""),
        "label: version nothing",
    ),
    "the label names another commit": (
        lambda witness: replace(witness, label_revision="b" * 40),
        "label: revision bbbb",
    ),
    "the build was of a changed checkout": (
        lambda witness: replace(witness, label_version="1.5.0-rc.2.dev.0+gaaaaaaa.dirty"),
        "label: version 1.5.0-rc.2.dev.0+gaaaaaaa.dirty",
    ),
    "the config pins no digest": (
        lambda witness: replace(witness, reference="registry.example/trading-bot:1.5.0-rc.2"),
        "config: 'registry.example/trading-bot:1.5.0-rc.2' is not pinned",
    ),
    "the registry has another digest": (
        lambda witness: replace(witness, registry_digest=OTHER),
        f"registry: 1.5.0-rc.2 is {OTHER}",
    ),
    "the registry has nothing": (
        lambda witness: replace(witness, registry_digest=""),
        "registry: 1.5.0-rc.2 is nothing",
    ),
    "the reference's tag is another version": (
        lambda witness: replace(witness, reference=f"registry.example/trading-bot:1.4.0@{DIGEST}"),
        "config: image tag 1.4.0",
    ),
    "a pod runs another digest": (
        lambda witness: replace(witness, pods={"a": replace(POD, digest=OTHER)}),
        f"a: runs {OTHER}",
    ),
    "/version says another version": (
        lambda witness: replace(witness, pods={"a": replace(POD, version="1.4.0")}),
        "a: /version says 1.4.0",
    ),
    "/version says another commit": (
        lambda witness: replace(witness, pods={"a": replace(POD, revision="b" * 40)}),
        "a: /version says revision bbbb",
    ),
    "two pods differ": (
        lambda witness: replace(witness, pods={"a": POD, "b": replace(POD, version="1.4.0")}),
        "pods: they do not all run the same",
    ),
    "no pod answers": (lambda witness: replace(witness, pods={}), "pods: none answered"),
    "the release has other numbers": (
        lambda witness: replace(witness, promoted_as="v1.6.0"),
        "release tag: v1.6.0 is no release of v1.5.0-rc.2",
    ),
    "the release is a candidate": (
        lambda witness: replace(witness, promoted_as="v1.5.0-rc.3"),
        "release tag: v1.5.0-rc.3 is a candidate's",
    ),
}


def test_witnesses_that_agree_are_let_through() -> None:
    assert disagreements(RIGHT) == []
    assert disagreements(replace(RIGHT, promoted_as="")) == []
    without_tag = f"registry.example:5000/trading-bot@{DIGEST}"
    assert disagreements(replace(RIGHT, reference=without_tag)) == []


@pytest.mark.parametrize("name", WRONG)
def test_a_disagreement_is_refused_in_words(name: str) -> None:
    edit, words = WRONG[name]
    assert any(words in problem for problem in disagreements(edit(RIGHT)))


def test_all_disagreements_come_at_once() -> None:
    witness = replace(RIGHT, label_version="", registry_digest=OTHER, pods={})
    assert len(disagreements(witness)) == 3
