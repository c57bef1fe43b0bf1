"""The version that git's tag says, in the spellings of those who ask."""

from collections.abc import Callable, Mapping

from bot.contract.version import Version
from pipeline.tools import run

SPELLINGS: Mapping[str, Callable[[str], str]] = {
    "semver": lambda tag: Version.from_tag(tag).semver,
    "pep440": lambda tag: Version.from_tag(tag).pep440,
    "image": lambda tag: Version.from_tag(tag).image_tag,
}


def newest_tag() -> str:
    """Return the tag that the commit was made after.

    Raises:
        ToolError: there is none yet.
    """
    return run("git", "describe", "--tags", "--abbrev=0", "--match", "v*").strip()
