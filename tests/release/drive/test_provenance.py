"""Where an image comes from: what registry and git are asked, and which builds a stack takes."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import pytest

from bot.contract import labels
from bot.contract.provenance import Builds, Running, disagreements
from release.drive.provenance import claims

REVISION = "a" * 40
DIGEST = "sha256:" + "1" * 64
IMAGE = f"registry.example/bot@{DIGEST}"
MOVED = "sha256:" + "2" * 64


@dataclass
class Witnesses:
    """A registry and a repository."""

    version: str = "1.5.0-rc.2"
    revision: str = REVISION
    tags: Mapping[str, str] = field(default_factory=lambda: {"v1.5.0-rc.2": REVISION})
    pushed: Mapping[str, str] = field(
        default_factory=lambda: {"1.5.0-rc.2": DIGEST, "1.5.0-rc.2.dev.4-gaaaaaaa": DIGEST}
    )

    async def labels(self, reference: str) -> Mapping[str, str]:
        assert reference == IMAGE
        return {labels.VERSION: self.version, labels.REVISION: self.revision}

    async def digest(self, reference: str, tag: str) -> str:
        assert reference == IMAGE
        return self.pushed.get(tag, "")

    async def tagged(self, tag: str) -> str:
        return self.tags.get(tag, "")

    async def judged(self, builds: Builds) -> list[str]:
        image_claims = await claims(self, self, IMAGE, builds)  # pyright: ignore[reportArgumentType] -- what it asks of both is here
        pod = Running(self.version, self.revision, DIGEST)
        return disagreements(replace(image_claims, pods={"a": pod}))


DEV = "1.5.0-rc.2.dev.4+gaaaaaaa"
TABLE: dict[str, tuple[Witnesses, dict[Builds, str]]] = {
    # words of the refusal, by what the stack takes; empty: let through
    "a tag's": (Witnesses(), {Builds.ANY: "", Builds.CLEAN: "", Builds.TAGGED: ""}),
    "a commit's after a tag": (
        Witnesses(DEV),
        {Builds.ANY: "", Builds.CLEAN: "", Builds.TAGGED: f"{DEV} is no tag's"},
    ),
    "one of uncommitted changes": (
        Witnesses(f"{DEV}.dirty", pushed={"1.5.0-rc.2.dev.4-gaaaaaaa.dirty": DIGEST}),
        {Builds.ANY: "", Builds.CLEAN: "nobody committed", Builds.TAGGED: "is no tag's"},
    ),
    "one whose commit is another than its version says": (
        Witnesses(DEV, "b" * 40),
        {Builds.ANY: "", Builds.CLEAN: "its version says gaaaaaaa", Builds.TAGGED: "is no tag's"},
    ),
    "one that nobody stamped": (
        Witnesses("0.0.0-dev"),
        {Builds.ANY: "", Builds.CLEAN: "'0.0.0-dev' is not like", Builds.TAGGED: "is not like"},
    ),
    "one without labels": (Witnesses(""), dict.fromkeys(Builds, "label: version nothing")),
    "one whose tag is not here": (
        Witnesses(tags={}),
        {Builds.ANY: "", Builds.CLEAN: "names no commit", Builds.TAGGED: "names no commit"},
    ),
    "one whose tag was moved to another commit": (
        Witnesses(tags={"v1.5.0-rc.2": "c" * 40}),
        {Builds.ANY: "", Builds.CLEAN: "label: revision", Builds.TAGGED: "label: revision"},
    ),
    "one whose image tag was moved": (
        Witnesses(pushed={"1.5.0-rc.2": MOVED}),
        {Builds.ANY: "", Builds.CLEAN: f"is {MOVED}", Builds.TAGGED: f"is {MOVED}"},
    ),
    "one whose dev tag was moved": (
        Witnesses(DEV, pushed={}),
        {Builds.ANY: "", Builds.CLEAN: "is nothing", Builds.TAGGED: "is no tag's"},
    ),
}


@pytest.mark.parametrize("builds", Builds)
@pytest.mark.parametrize("name", TABLE)
async def test_a_build_is_let_through_where_it_is_taken(name: str, builds: Builds) -> None:
    witnesses, words = TABLE[name]
    problems = await witnesses.judged(builds)
    assert bool(problems) is bool(words[builds])
    assert not words[builds] or any(words[builds] in each for each in problems)


@pytest.mark.parametrize("builds", Builds)
async def test_no_stack_takes_pods_that_say_something_else(builds: Builds) -> None:
    image_claims = await claims(Witnesses(), Witnesses(), IMAGE, builds)  # pyright: ignore[reportArgumentType] -- as above
    right = Running("1.5.0-rc.2", REVISION, DIGEST)
    for wrong in (
        replace(right, version="1.4.0"),
        replace(right, revision="b" * 40),
        replace(right, digest=MOVED),
    ):
        assert disagreements(replace(image_claims, pods={"a": right, "b": wrong}))
