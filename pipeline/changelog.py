"""The changelog of a release: what people wrote for users, and what the commits say. Pure.

People write under `Unreleased` in the same commit as the change; a release gives that section its
version and date and adds the commits, as the tool that computes versions lists them.
"""

import re

UNRELEASED = "## Unreleased"
_SECTION = re.compile(r"^## .*$", re.MULTILINE)


class ChangelogError(ValueError):
    """The changelog is not one that a release can be written into."""


def released(changelog: str, version: str, date: str, computed: str) -> str:
    """Return the changelog with a section of this version.

    Args:
        changelog: the file's text; has the heading `## Unreleased`.
        version: without `v`.
        date: of the release, YYYY-MM-DD.
        computed: what the tool lists, its newest section first.

    Raises:
        ChangelogError: there is no such heading, or the version has a section already.
    """
    if f"\n## {version} " in changelog:
        raise ChangelogError(f"{version} has a section already")
    head, heading, rest = changelog.partition(f"{UNRELEASED}\n")
    if not heading:
        raise ChangelogError(f"the changelog has no heading {UNRELEASED!r}")
    later = _SECTION.search(rest)
    written = rest[: later.start()] if later else rest
    older = rest[later.start() :] if later else ""
    section = f"## {version} ({date})\n\n{written.strip()}\n\n{_commits(computed)}".rstrip()
    tail = f"\n{older}" if older else ""
    return f"{head}{UNRELEASED}\n\n{section}\n{tail}"


def _commits(computed: str) -> str:
    """Return the newest section, one level deeper."""
    _, _, body = computed.partition("## ")
    _, _, body = body.partition("\n")
    newest = _SECTION.split(body)[0].strip()
    deeper = re.sub(r"^### ", "#### ", newest, flags=re.MULTILINE)
    return f"### Commits\n\n{deeper}\n" if deeper else ""
