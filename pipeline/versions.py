"""The version that git's tag says, in the spellings of those who ask."""

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from pathlib import Path

from bot.contract.version import Version, VersionError
from pipeline.tools import ROOT, run

SPELLINGS: Mapping[str, Callable[[str], str]] = {
    "semver": lambda tag: Version.from_tag(tag).semver,
    "pep440": lambda tag: Version.from_tag(tag).pep440,
    "image": lambda tag: Version.from_tag(tag).image_tag,
}


ASKS = r"^(feat|fix|perf|refactor)(\(.+\))?!?:|^\w+(\(.+\))?!:|^BREAKING[ -]CHANGE:"
"""What asks for a version: as cz has it, which after a candidate asks for one come what may."""


class BehindError(ValueError):
    """A candidate would come before what is released already."""


def require_newest(version: str, tags: Iterable[str]) -> None:
    """Return when a version comes after all that has a tag, wherever in the history that is.

    Raises:
        BehindError: it does not.
        VersionError: it is no version.
    """
    desired = Version.from_semver(version)
    for tag in tags:
        with suppress(VersionError):
            if Version.from_tag(tag) >= desired:
                raise BehindError(
                    f"{version} does not come after {tag}, which is a tag already; merge the branch"
                    " that has it into this one (after a release: main into develop), then again"
                )


def asked_since_the_last_tag(root: Path = ROOT) -> bool:
    """Tell whether a commit since the newest tag below HEAD asks for a version.

    Raises:
        ToolError: git does not tell.
    """
    tags = run("git", "tag", "--merged", "HEAD", "--list", "v*", folder=root).split()
    begin = [f"^{newest_tag(root)}"] if tags else []
    words = ("git", "log", "--format=%h", "--perl-regexp", f"--grep={ASKS}", "HEAD", *begin)
    return bool(run(*words, folder=root).strip())


def all_tags() -> list[str]:
    """Return every tag of a version that this clone knows.

    Raises:
        ToolError: git does not tell.
    """
    return run("git", "tag", "--list", "v*").split()


def newest_tag(root: Path = ROOT) -> str:
    """Return the tag that the commit was made after.

    Raises:
        ToolError: there is none yet.
    """
    return run("git", "describe", "--tags", "--abbrev=0", "--match", "v*", folder=root).strip()
