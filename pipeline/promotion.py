"""Whether what a stack runs may be released under a version: by its candidate's tag, as git tells.

An image is stamped with the tag that lies below it, and no release goes live before label, tag,
digest and `/version` have said the same (`release deploy`). So git's word is the label's here: the
commit that first brought the digest into a stack config lies on top of the candidate.
"""

from pathlib import Path

from bot.contract.version import Version
from pipeline import pinned
from pipeline.compatible import brought
from pipeline.tools import ROOT, ToolError, run


class PromotionError(ValueError):
    """The version is not this image's; nothing may be tagged with it."""


def candidate_of(image: str, root: Path = ROOT) -> str:
    """Return the tag of the candidate that a pinned image was built from.

    Raises:
        PromotionError: it was built before there was a candidate.
        HistoryError, ToolError: git does not tell.
    """
    digest = image.partition("@")[2]
    commit = brought(digest, "HEAD", root)
    words = ("git", "describe", "--tags", "--abbrev=0", "--match", "v*-rc.*", commit)
    try:
        return run(*words, folder=root).strip()
    except ToolError as error:
        raise PromotionError(f"{digest} is no candidate's: no tag below {commit[:12]}") from error


def require_release(version: str, stack: str, root: Path = ROOT) -> None:
    """Return when a version is the release of the candidate that a stack runs.

    Raises:
        PromotionError: the numbers differ.
        NotPinnedError, HistoryError, ToolError: it cannot be told what the stack runs.
        VersionError: it is no version.
    """
    desired = Version.from_semver(version)
    candidate = candidate_of(pinned.pinned_image(root / f"Pulumi.{stack}.yaml"), root)
    if desired.core != Version.from_tag(candidate).core:
        raise PromotionError(
            f"release tag: v{version} is no release of {candidate}, which {stack} runs; the commits"
            f" since then ask for {version}: bring a candidate of it to staging first"
        )
