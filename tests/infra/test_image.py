"""Versions from git."""

import re

import pytest

from infra.image import Source, image_args, read_source, version_of

REVISION = "1bccd081e599d2fc4c0a2bb7c9fa4410462f844f"
# The official expression of semver.org, shortened by what we never produce.
SEMVER = re.compile(r"\d+\.\d+\.\d+(-[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*)?(\+[0-9A-Za-z.-]+)?")


@pytest.mark.parametrize(
    ("described", "dirty", "version"),
    [
        ("v1.2.3-0-g1bccd08", False, "1.2.3"),
        ("v1.2.3-rc.1-0-g1bccd08", False, "1.2.3-rc.1"),
        ("v1.2.3-0-g1bccd08", True, "1.2.4-dev.0+g1bccd08.dirty"),
        ("v1.2.3-4-g1bccd08", False, "1.2.4-dev.4+g1bccd08"),
        ("v1.2.3-rc.1-4-g1bccd08", False, "1.2.3-rc.1.dev.4+g1bccd08"),
        ("", False, "0.0.0-dev.42+g1bccd08"),
        ("v-next", True, "0.0.0-dev.42+g1bccd08.dirty"),
    ],
)
def test_a_checkout_has_a_semantic_version(*, described: str, dirty: bool, version: str) -> None:
    assert version_of(described, "42", REVISION, dirty=dirty) == version
    assert SEMVER.fullmatch(version)


def test_a_tag_knows_no_plus() -> None:
    assert Source("1.2.4-dev.4+g1bccd08", REVISION, "").tag == "1.2.4-dev.4-g1bccd08"


def test_the_base_image_is_an_argument_only_when_it_is_given() -> None:
    source = Source("1.2.3", REVISION, "2026-01-02T03:04:05Z")
    given = image_args("r.example/bot", source, "base@sha256:1").build
    default = image_args("r.example/bot", source, "").build
    assert "BASE_IMAGE" in str(vars(given))
    assert "BASE_IMAGE" not in str(vars(default))


def test_git_is_asked_for_the_checkout_itself() -> None:
    source = read_source()
    assert SEMVER.fullmatch(source.version)
    assert re.fullmatch(r"[0-9a-f]{40}", source.revision)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", source.created)
