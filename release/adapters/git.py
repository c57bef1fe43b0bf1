"""What git knows of a revision, and the commit of the one file that a release changes.

The repository is somebody's workplace: other changes, staged or not, stay as they are, and nothing
is ever pulled, stashed or reset. Everything has a deadline, because hooks, signing and remotes can
wait for ever.
"""

import asyncio
import os
import re
import signal
import subprocess
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from typing_extensions import override

from release.drive.ports import Git, PortError

_DEADLINE_SECONDS = 20.0
_PUSH_DEADLINE_SECONDS = 60.0
_GRACE_SECONDS = 2.0
_ERROR_CHARACTERS = 600
_REVISION = re.compile(r"[0-9a-f]{7,64}")
_CREDENTIALS = re.compile(r"(?<=://)[^/@\s]+@")
_ELSEWHERE = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_PREFIX")
"""Set inside hooks of git: they would point every command at another repository or index."""
_KILLED = -1


class GitError(PortError):
    """Git cannot do it; the text says what to do. Never holds credentials."""


class Ancestry(StrEnum):
    """Whether a revision is in the history of another one."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"
    """One of them is no commit that this clone has."""


@dataclass(frozen=True, slots=True)
class _Done:
    code: int
    output: str
    message: str


@dataclass(frozen=True, slots=True)
class Repository:
    """The repository around a folder."""

    folder: Path
    env: Mapping[str, str] = field(default_factory=lambda: dict(os.environ), repr=False)
    deadline_seconds: float = _DEADLINE_SECONDS
    push_deadline_seconds: float = _PUSH_DEADLINE_SECONDS

    def revision(self) -> str:
        """Return the commit that is checked out.

        Raises:
            GitError: there is no repository, or no commit in it.
        """
        return self._must("tell the revision", "rev-parse", "--verify", "HEAD^{commit}").strip()

    def ancestry(self, older: str, newer: str) -> Ancestry:
        """Tell whether what was deployed (`older`) is in the history of a candidate (`newer`).

        Raises:
            GitError: git itself failed.
        """
        self._must_be_repository()
        if not all(self._knows(revision) for revision in (older, newer)):
            return Ancestry.UNKNOWN
        done = self._git("merge-base", "--is-ancestor", older, newer)
        if done.code not in (0, 1):
            raise _failed(f"compare {older} with {newer}", done)
        return Ancestry.YES if done.code == 0 else Ancestry.NO

    def tagged(self, tag: str) -> str:
        """Return the commit that a tag names; empty when this clone has no such tag."""
        done = self._git("rev-parse", "--quiet", "--verify", f"refs/tags/{tag}^{{commit}}")
        return done.output.strip() if done.code == 0 else ""

    def branch(self) -> str:
        """Return the branch that a commit would go to.

        Raises:
            GitError: there is none.
        """
        self._must_be_repository()
        done = self._git("symbolic-ref", "--quiet", "--short", "HEAD")
        if done.code:
            raise GitError(
                f"{self.folder}: HEAD is detached, so a commit would belong to no branch; "
                "`git switch BRANCH` first, or run without committing"
            )
        return done.output.strip()

    def require_clean(self, file: Path) -> None:
        """Return when the file is as committed, so that the next commit holds our change only.

        Raises:
            GitError: it is not, or nothing can be committed here at all.
        """
        self.branch()
        status = self._must("look at the file", "status", "--porcelain", "--", str(file))
        if status:
            raise GitError(
                f"{file.name} has changes that nobody committed (git status: {status[:2].strip()});"
                f" `git commit -- {file.name}` or `git checkout -- {file.name}` first"
            )

    def commit(self, file: Path, message: str) -> str | None:
        """Commit this one file as it is now; what else is staged stays staged.

        Returns:
            the new commit, or None when the file is as committed.

        Raises:
            GitError: it is not committed; the file itself is as it was.
        """
        self.branch()
        if not self._must("look at the file", "status", "--porcelain", "--", str(file)):
            return None
        what = f"commit {file.name}"
        self._must(what, "add", "--intent-to-add", "--", str(file))  # one that git did not know
        self._must(what, "commit", "--quiet", "--only", f"--message={message}", "--", str(file))
        return self.revision()

    def push(self, remote: str) -> None:
        """Push the checked-out branch to the branch of the same name.

        Raises:
            GitError: it did not arrive; the commit is here all the same.
        """
        branch = self.branch()
        words = ("push", "--quiet", "--end-of-options", remote, f"HEAD:refs/heads/{branch}")
        done = self._git(*words, deadline_seconds=self.push_deadline_seconds)
        if done.code == 0:
            return
        advice = f"`git push {_redacted(remote)} {branch}` when that is fixed"
        if "[rejected]" in done.message or "non-fast-forward" in done.message:
            advice = f"others pushed meanwhile: `git pull --rebase`, then {advice}"
        raise _failed(f"push {branch}", done, f"the commit is here; {advice}")

    def _knows(self, revision: str) -> bool:
        if revision != "HEAD" and not _REVISION.fullmatch(revision):
            return False
        return self._git("rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}").code == 0

    def _must_be_repository(self) -> None:
        done = self._git("rev-parse", "--git-dir")
        if done.code == _KILLED:
            raise _failed("look for the repository", done)
        if done.code:
            raise GitError(
                f"{self.folder} is in no git repository; run inside the clone that holds the "
                "stack config, or run without committing"
            )

    def _must(self, what: str, *words: str) -> str:
        self._must_be_repository()
        done = self._git(*words)
        if done.code:
            raise _failed(what, done)
        return done.output

    def _git(self, *words: str, deadline_seconds: float | None = None) -> _Done:
        """Run git in a process group of its own, so that the deadline ends what it started, too."""
        patience = self.deadline_seconds if deadline_seconds is None else deadline_seconds
        kept = {key: value for key, value in self.env.items() if key not in _ELSEWHERE}
        fixed = {"GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C", "GIT_EDITOR": "false"}
        try:
            process = subprocess.Popen(  # noqa: S603 -- git's own words, options ended before ours
                ["git", *words],  # noqa: S607 -- git is found as the user's shell finds it
                cwd=self.folder,
                env={**kept, **fixed},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                errors="replace",
                start_new_session=True,
            )
        except OSError as error:
            raise GitError(f"git cannot be run in {self.folder}: {error.strerror}") from error
        try:
            output, message = process.communicate(timeout=patience)
        except subprocess.TimeoutExpired:
            _end(process)
            return _Done(_KILLED, "", f"it did not end within {patience:g} s")
        return _Done(process.returncode, output, message)


@dataclass(frozen=True, slots=True)
class StackRepository(Git):
    """The repository that the stack config is in: the port `Git`."""

    repository: Repository
    file: Path
    remote: str = "origin"

    @override
    async def head(self) -> str:
        return await asyncio.to_thread(self.repository.revision)

    @override
    async def is_ancestor(self, older: str, newer: str) -> bool:
        return await asyncio.to_thread(self.repository.ancestry, older, newer) is Ancestry.YES

    @override
    async def tagged(self, tag: str) -> str:
        return await asyncio.to_thread(self.repository.tagged, tag)

    @override
    async def require_clean(self) -> None:
        """Return when nobody's uncommitted change of the file would go into our commit."""
        await asyncio.to_thread(self.repository.require_clean, self.file)

    @override
    async def commit(self, message: str, *, push: bool) -> str | None:
        made = await asyncio.to_thread(self.repository.commit, self.file, message)
        if push:  # also what an earlier try committed and could not push
            await asyncio.to_thread(self.repository.push, self.remote)
        return made


def _end(process: subprocess.Popen[str]) -> None:
    """End git and what it started; asked first, it takes its lock files away."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with suppress(subprocess.TimeoutExpired):
            process.communicate(timeout=_GRACE_SECONDS)
            return


def _failed(what: str, done: _Done, advice: str = "") -> GitError:
    message = _redacted(done.message.strip() or done.output.strip() or f"exit code {done.code}")
    return GitError(
        f"git could not {what}: {message[:_ERROR_CHARACTERS]}{advice and f'; {advice}'}"
    )


def _redacted(text: str) -> str:
    """Take user and password out of addresses."""
    return _CREDENTIALS.sub("", text)
