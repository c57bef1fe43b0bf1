"""Candidate, release, push: the workflows' own commands, on a clone and a bare repository."""

import re
from pathlib import Path

import pytest

from bot.contract.version import Version
from infra.image import version_of
from pipeline.changelog import ChangelogError, released
from tests.pipeline.clone import DIGEST, Clone, begin


@pytest.fixture(name="clone")
def _clone(tmp_path: Path) -> Clone:
    return begin(tmp_path)


@pytest.mark.pipeline
def test_candidates_become_a_release_and_nothing_else_makes_a_version(clone: Clone) -> None:
    clone.make("candidate")
    clone.commit("fix(bot): a mistake")
    clone.make("candidate")
    assert clone.tags() == ["v0.1.0-rc.0", "v0.1.0-rc.1"]
    described = clone.git("describe", "--tags", "--long", "--match", "v*")
    stamped = version_of(described, "2", clone.git("rev-parse", "HEAD"), dirty=False)
    assert stamped == Version.from_tag("v0.1.0-rc.1").semver

    clone.runs("staging")
    clone.runs("production")
    clone.make("release", "STACK=production")
    assert clone.tags()[-1] == "v0.1.0"
    assert DIGEST in clone.git("tag", "-l", "--format=%(contents)", "v0.1.0")
    log = (clone.folder / "CHANGELOG.md").read_text()
    assert re.search(r"^## Unreleased\n\n## 0\.1\.0 \(\d{4}-\d\d-\d\d\)$", log, re.MULTILINE)
    assert "- **bot**: a mistake" in log
    assert "- A local platform (`make up`)" in log

    clone.commit("docs: words")
    clone.make("candidate")
    clone.make("release", "STACK=production")
    assert clone.tags()[-1] == "v0.1.0"

    clone.git("switch", "-qc", "develop", "v0.1.0-rc.1")
    clone.commit("feat(bot): a thing")
    behind = clone.tries("candidate")
    assert behind.code != 0
    assert "0.1.0-rc.2 does not come after v0.1.0" in behind.text
    clone.git("merge", "-qm", "chore: merge main", "-X", "ours", "main")
    clone.make("candidate")
    assert clone.tags()[-1] == "v0.2.0-rc.0"
    clone.git("switch", "-q", "main")
    clone.git("tag", "-d", "v0.2.0-rc.0")  # it is not what main has

    clone.make("push", "BRANCH=main")
    references = clone.git("ls-remote", "origin")
    assert all(f"refs/tags/{tag}" in references for tag in clone.tags())
    assert f"{clone.git('rev-parse', 'HEAD')}\trefs/heads/main" in references


@pytest.mark.pipeline
def test_what_staging_runs_goes_to_production_when_it_is_what_the_commits_release(
    clone: Clone,
) -> None:
    promote = ("deploy", "STACK=production", "FROM=staging")
    nothing = clone.tries(*promote)
    assert nothing.code != 0, "production would build"
    assert "nothing was deployed yet" in nothing.text

    clone.runs("staging")
    nameless = clone.tries(*promote)
    assert nameless.code != 0
    assert "is no candidate's" in nameless.text

    clone.commit("fix: a mistake")
    clone.make("candidate")
    second = "sha256:" + "2" * 64
    clone.runs("staging", second)
    result = clone.make(*promote)
    assert (
        result == f"release deploy --stack production --image registry.example/trading-bot@{second}"
    )
    clone.runs("production", second)
    clone.make("release", "STACK=production")
    assert clone.tags()[-1] == "v0.1.0"

    clone.commit("docs: words")
    assert clone.make(*promote) == "no commit asks for a version: nothing to do"

    clone.commit("feat: a thing that is rolled back from staging")
    clone.make("candidate")
    clone.commit("docs: unrelated")
    for words in (promote, ("release", "STACK=production")):
        other = clone.tries(*words)
        assert other.code != 0
        assert "v0.2.0 is no release of v0.1.0-rc.0, which" in other.text
        assert "release deploy" not in other.text
    assert clone.tags()[-2:] == ["v0.1.0", "v0.2.0-rc.0"]
    assert not clone.git("status", "--porcelain")


@pytest.mark.pipeline
def test_staging_keeps_its_candidate_when_nothing_asks_for_another(clone: Clone) -> None:
    stage = ("deploy", "STACK=staging", "ONLY=candidates")
    clone.make("candidate")
    assert clone.make(*stage) == "release deploy --stack staging"
    clone.make("candidate")
    assert clone.make(*stage) == "release deploy --stack staging", "the run was started again"
    clone.commit("release: it was rolled back")
    clone.make("candidate")
    assert clone.make(*stage) == "HEAD has no candidate's tag: staging stays as it is"
    clone.commit("docs: words")
    clone.make("candidate")
    assert clone.make(*stage) == "HEAD has no candidate's tag: staging stays as it is"
    assert clone.tags() == ["v0.1.0-rc.0"]

    clone.commit("fix: a mistake")
    clone.make("candidate")
    assert clone.make(*stage) == "release deploy --stack staging"
    clone.runs("staging")
    clone.runs("production")
    clone.make("release", "STACK=production")
    clone.commit("docs: words")
    clone.make("candidate")
    assert clone.make(*stage) == "HEAD has no candidate's tag: staging stays as it is"
    clone.commit("fix: another mistake")
    clone.make("candidate")
    assert clone.make(*stage) == "release deploy --stack staging"


@pytest.mark.pipeline
def test_a_deploy_takes_an_image_that_is_named_and_builds_without_one(clone: Clone) -> None:
    assert clone.make("deploy", "STACK=staging") == "release deploy --stack staging"
    result = clone.make("deploy", "STACK=staging", "IMAGE=r.example/bot@sha256:1")
    assert result == "release deploy --stack staging --image r.example/bot@sha256:1"


@pytest.mark.pipeline
@pytest.mark.parametrize(
    ("message", "taken"),
    [
        ("feat(bot): a thing", True),
        ("fix!: what breaks", True),
        ("update stuff", False),
        ("Feature: a thing", False),
    ],
)
def test_only_conventional_commits_are_merged(message: str, taken: bool, clone: Clone) -> None:  # noqa: FBT001 -- a table's column
    clone.commit(message)
    done = clone.tries("commits", "BASE=HEAD~1")
    assert (done.code == 0) is taken


@pytest.mark.pipeline
def test_what_asks_for_a_version_is_what_cz_takes_for_it(clone: Clone) -> None:
    clone.git("tag", "-a", "v0.1.0", "-m", "Release")
    messages = [f"{kind}: words" for kind in ("feat", "fix(bot)", "perf", "refactor", "release")]
    messages += ["docs: words", "build(bot)!: words", "docs: words\n\nBREAKING CHANGE: words"]
    for message in messages:
        clone.git("commit", "-q", "--allow-empty", "-m", message)
        taken = clone.run(".venv/bin/cz", "bump", "--yes", "--get-next", check=False).code == 0
        asked = clone.run(".venv/bin/python", "-m", "pipeline", "asked").output.strip()
        assert asked == ("yes" if taken else "no"), message
        clone.git("reset", "-q", "--hard", "v0.1.0")


OLDER = "## 0.1.0 (2026-01-01)\n\n- Old.\n"
CHANGELOG = f"# Changelog\n\n## Unreleased\n\n### Added\n- A thing.\n\n{OLDER}"
COMPUTED = f"## v0.2.0 (2026-02-02)\n\n### Feat\n\n- **bot**: a thing\n\n{OLDER}"


def test_a_release_keeps_what_people_wrote_and_adds_the_commits() -> None:
    assert released(CHANGELOG, "0.2.0", "2026-02-02", COMPUTED) == (
        "# Changelog\n\n## Unreleased\n\n## 0.2.0 (2026-02-02)\n\n### Added\n- A thing.\n\n"
        "### Commits\n\n#### Feat\n\n- **bot**: a thing\n\n## 0.1.0 (2026-01-01)\n\n- Old.\n"
    )


@pytest.mark.parametrize(("text", "version"), [("# Changelog\n", "0.2.0"), (CHANGELOG, "0.1.0")])
def test_a_changelog_that_does_not_fit_is_left_alone(text: str, version: str) -> None:
    with pytest.raises(ChangelogError):
        released(text, version, "2026-02-02", COMPUTED)
