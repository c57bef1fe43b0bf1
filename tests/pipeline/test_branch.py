"""Who pushes meanwhile: nothing is lost, and nothing is deployed that was not tested."""

from pathlib import Path

import pytest

from tests.pipeline.clone import WHO, Clone, begin


@pytest.fixture(name="clone")
def _clone(tmp_path: Path) -> Clone:
    return begin(tmp_path)


@pytest.mark.pipeline
def test_a_branch_that_has_moved_meanwhile_keeps_both_and_its_tags(clone: Clone) -> None:
    clone.make("push", "BRANCH=main")
    tested = clone.git("rev-parse", "HEAD")
    other = _other(clone, "docs: words of somebody else")
    clone.make("candidate")
    clone.runs("staging")
    clone.make("push", "BRANCH=main")
    assert clone.git("rev-parse", "v0.1.0-rc.0^{commit}") == tested
    kept = clone.git("log", "--format=%h", "origin/main").split()
    assert other in kept
    assert f"{clone.git('rev-parse', 'HEAD')}\trefs/heads/main" in clone.git("ls-remote", "origin")
    assert "refs/tags/v0.1.0-rc.0" in clone.git("ls-remote", "origin")

    moved = clone.tries("tested", f"TESTED={tested}")
    assert moved.code != 0
    assert "docs: words of somebody else" in moved.text


@pytest.mark.pipeline
def test_what_cannot_be_merged_is_said_and_left_to_a_person(clone: Clone) -> None:
    clone.make("push", "BRANCH=main")
    _other(clone, "docs: a line", "some-file")
    clone.make("candidate")
    clone.commit("chore(release): the same line")
    done = clone.tries("push", "BRANCH=main")
    assert done.code != 0
    assert "main does not take these commits: merge them by hand" in done.text
    assert "chore(release): the same line" in done.text
    assert not clone.git("status", "--porcelain")
    assert "refs/tags/v0.1.0-rc.0" in clone.git("ls-remote", "origin"), "no other one gets its name"


@pytest.mark.pipeline
def test_the_pipelines_own_commits_do_not_undo_what_was_tested(clone: Clone) -> None:
    tested = clone.git("rev-parse", "HEAD")
    robot = dict.fromkeys(WHO, "pipeline@users.noreply.invalid")
    Clone(clone.folder, {**clone.env, **robot}).commit("chore(release): staging runs it")
    clone.make("tested", f"TESTED={tested}")
    clone.git("reset", "-q", "--hard", "HEAD~1")
    clone.commit("fix: a mistake")
    clone.git("tag", "elsewhere")
    clone.git("reset", "-q", "--hard", tested)
    assert "is not in this branch" in clone.tries("tested", "TESTED=elsewhere").text


def _other(clone: Clone, message: str, file: str = "other-file") -> str:
    """Somebody else pushes meanwhile; return their commit."""
    folder = clone.folder.parent / "other"
    clone.git("clone", "-q", "-b", "main", clone.git("remote", "get-url", "origin"), str(folder))
    theirs = Clone(folder, clone.env)
    (folder / file).write_text(message)
    theirs.git("add", "-A")
    theirs.git("commit", "-qm", message)
    theirs.git("push", "-q", "origin", "main")
    return theirs.git("rev-parse", "--short", "HEAD")
