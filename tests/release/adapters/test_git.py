"""Real git in throw-away repositories: one file is committed, everybody else's work stays."""

import os
import subprocess
from pathlib import Path

import pytest

from release.adapters.git import Ancestry, GitError, Repository, StackRepository

STACK = "Pulumi.staging.yaml"
ENV = {
    "PATH": os.environ["PATH"],
    "HOME": "/nonexistent",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_AUTHOR_NAME": "Night Operator",
    "GIT_AUTHOR_EMAIL": "night@example.com",
    "GIT_COMMITTER_NAME": "Night Operator",
    "GIT_COMMITTER_EMAIL": "night@example.com",
}


def git(folder: Path, *words: str) -> str:
    done = subprocess.run(  # noqa: S603 - the tests' own words
        ["git", *words],  # noqa: S607 - as the shell finds it
        cwd=folder,
        env=ENV,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    folder = tmp_path / "clone"
    folder.mkdir()
    git(folder, "init", "--quiet", "--initial-branch=main")
    (folder / STACK).write_text("config: 1\n")
    (folder / "code.py").write_text("old\n")
    git(folder, "add", ".")
    git(folder, "commit", "--quiet", "--message=first")
    return folder


def adapter(folder: Path, **more: float) -> Repository:
    return Repository(folder, ENV, **more)


def test_only_the_stack_file_is_committed_and_staged_work_stays_staged(clone: Path) -> None:
    (clone / "code.py").write_text("staged\n")
    git(clone, "add", "code.py")
    (clone / "code.py").write_text("staged, then edited\n")
    (clone / "untracked").write_text("")
    (clone / STACK).write_text("config: 2\n")
    made = adapter(clone).commit(clone / STACK, "chore(release): green is live\n\nby hand")
    assert made == git(clone, "rev-parse", "HEAD")
    assert git(clone, "show", "--name-only", "--format=%B", "HEAD").split()[-1] == STACK
    assert git(clone, "log", "-1", "--format=%s") == "chore(release): green is live"
    assert git(clone, "diff", "--cached", "--name-only") == "code.py"
    assert git(clone, "status", "--porcelain").splitlines() == ["MM code.py", "?? untracked"]


def test_a_file_as_committed_makes_no_commit(clone: Path) -> None:
    before = git(clone, "rev-parse", "HEAD")
    assert adapter(clone).commit(clone / STACK, "nothing") is None
    assert git(clone, "rev-parse", "HEAD") == before


def test_a_stack_file_that_git_does_not_know_yet_is_committed(clone: Path) -> None:
    new = clone / "Pulumi.new.yaml"
    new.write_text("config: 1\n")
    assert adapter(clone).commit(new, "new") is not None
    assert git(clone, "status", "--porcelain") == ""


def test_a_file_with_uncommitted_changes_is_refused_with_what_to_do(clone: Path) -> None:
    repository = adapter(clone)
    repository.require_clean(clone / STACK)
    (clone / STACK).write_text("config: by a person\n")
    with pytest.raises(GitError, match=rf"`git commit -- {STACK}` or `git checkout"):
        repository.require_clean(clone / STACK)


def test_a_detached_head_is_refused_with_what_to_do(clone: Path) -> None:
    git(clone, "checkout", "--quiet", "--detach")
    (clone / STACK).write_text("config: 2\n")
    for attempt in (
        lambda: adapter(clone).commit(clone / STACK, "x"),
        lambda: adapter(clone).require_clean(clone / STACK),
        lambda: adapter(clone).push("origin"),
    ):
        with pytest.raises(GitError, match=r"HEAD is detached.*`git switch BRANCH`"):
            attempt()


def test_a_folder_outside_of_git_is_refused_with_what_to_do(tmp_path: Path) -> None:
    outside = adapter(tmp_path)
    for attempt in (outside.revision, outside.branch, lambda: outside.ancestry("HEAD", "HEAD")):
        with pytest.raises(GitError, match="is in no git repository"):
            attempt()
    with pytest.raises(GitError, match="cannot be run"):
        adapter(tmp_path / "missing").revision()


async def test_a_tag_names_its_commit_whatever_else_has_its_name(clone: Path) -> None:
    port = StackRepository(adapter(clone), clone / STACK)
    git(clone, "tag", "-a", "v1.5.0", "-m", "words")
    git(clone, "branch", "v1.6.0")
    assert await port.tagged("v1.5.0") == git(clone, "rev-parse", "HEAD")
    assert await port.tagged("v1.6.0") == ""


def test_ancestry_is_told_and_what_is_not_known_is_not_guessed(clone: Path) -> None:
    repository = adapter(clone)
    old = repository.revision()
    (clone / STACK).write_text("config: 2\n")
    new = repository.commit(clone / STACK, "second")
    assert new is not None
    assert repository.ancestry(old, new) is Ancestry.YES
    assert repository.ancestry(old, "HEAD") is Ancestry.YES
    assert repository.ancestry(new, new) is Ancestry.YES
    assert repository.ancestry(new[:7], old) is Ancestry.NO
    for unknown in ("unknown", "", "f" * 40, "--help", "main"):
        assert repository.ancestry(unknown, "HEAD") is Ancestry.UNKNOWN


def test_a_push_arrives_at_the_branch_of_the_same_name(clone: Path, tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet", "--bare", "remote")
    git(clone, "remote", "add", "origin", str(tmp_path / "remote"))
    adapter(clone).push("origin")
    assert git(tmp_path / "remote", "rev-parse", "main") == git(clone, "rev-parse", "HEAD")


def test_a_push_that_others_overtook_says_so_and_changes_nothing(
    clone: Path, tmp_path: Path
) -> None:
    git(tmp_path, "init", "--quiet", "--bare", "remote")
    git(clone, "remote", "add", "origin", str(tmp_path / "remote"))
    git(clone, "commit", "--quiet", "--allow-empty", "--message=theirs")
    adapter(clone).push("origin")
    git(clone, "reset", "--quiet", "--soft", "HEAD~1")
    git(clone, "commit", "--quiet", "--allow-empty", "--message=ours")
    with pytest.raises(GitError, match=r"the commit is here; others pushed meanwhile"):
        adapter(clone).push("origin")
    assert git(clone, "log", "-1", "--format=%s") == "ours"


def test_credentials_of_a_remote_are_never_shown(clone: Path) -> None:
    with pytest.raises(GitError) as caught:
        adapter(clone).push("ftp-none://bot:hush@host.invalid/x.git")
    assert "hush" not in str(caught.value)
    assert "hush" not in repr(Repository(clone, {**ENV, "TOKEN": "hush"}))


def test_a_hook_that_hangs_is_ended_at_the_deadline(clone: Path) -> None:
    hook = clone / ".git" / "hooks" / "pre-commit"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\nsleep 60\n")
    hook.chmod(0o755)
    (clone / STACK).write_text("config: 2\n")
    with pytest.raises(GitError, match=r"could not commit .* did not end within 1 s"):
        adapter(clone, deadline_seconds=1).commit(clone / STACK, "x")
    hook.unlink()
    assert adapter(clone).commit(clone / STACK, "no lock of the killed one is left")


def test_a_refused_commit_carries_what_git_said(clone: Path) -> None:
    hook = clone / ".git" / "hooks" / "pre-commit"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\necho 'policy: no commits on friday' >&2\nexit 1\n")
    hook.chmod(0o755)
    (clone / STACK).write_text("config: 2\n")
    with pytest.raises(GitError, match="no commits on friday"):
        adapter(clone).commit(clone / STACK, "x")
    assert (clone / STACK).read_text() == "config: 2\n"


def test_variables_of_a_hook_around_us_do_not_lead_elsewhere(clone: Path, tmp_path: Path) -> None:
    led = Repository(clone, {**ENV, "GIT_DIR": str(tmp_path / "elsewhere")})
    assert led.revision() == git(clone, "rev-parse", "HEAD")


async def test_the_port_commits_and_pushes_in_one_call(clone: Path, tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet", "--bare", "remote")
    git(clone, "remote", "add", "origin", str(tmp_path / "remote"))
    port = StackRepository(adapter(clone), clone / STACK)
    first = await port.head()
    assert await port.commit("nothing", push=False) is None
    (clone / STACK).write_text("config: 2\n")
    made = await port.commit("chore(release): swap", push=True)
    await port.require_clean()
    assert made == git(tmp_path / "remote", "rev-parse", "main")
    assert await port.is_ancestor(first, "HEAD")
    assert not await port.is_ancestor("f" * 40, "HEAD")
