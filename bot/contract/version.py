"""Versions: one value, the git tag, and how the others spell it. Nobody else makes one up.

`1.5.0` is a release, `1.5.0-rc.2` a candidate for it; a build of a commit that has no tag is
`1.5.1-dev.4+gabc1234` after a release and `1.5.0-rc.2.dev.4+gabc1234` after a candidate. The order
is that of Semantic Versioning 2.0.0 (semver.org, item 11); PEP 440's agrees with it.
"""

import re
from dataclasses import dataclass
from functools import total_ordering

_NUMBER = "(0|[1-9][0-9]*)"
_CORE = rf"{_NUMBER}\.{_NUMBER}\.{_NUMBER}"
_LOCAL = r"g[0-9a-z]+(?:\.dirty)?"
_SEMVER = re.compile(rf"{_CORE}(?:-rc\.{_NUMBER})?(?:(?:-|\.)dev\.{_NUMBER})?(?:\+({_LOCAL}))?")
_PEP440 = re.compile(rf"{_CORE}(?:rc{_NUMBER})?(?:\.dev{_NUMBER})?(?:\+({_LOCAL}))?")
_TAG = re.compile(rf"v{_CORE}(?:-rc\.{_NUMBER})?")
_LAST = float("inf")
"""What has no suffix comes after everything that has one."""


class VersionError(ValueError):
    """The text is no version of ours; the message says which spelling was expected."""


@total_ordering
@dataclass(frozen=True, slots=True)
class Version:
    """A version, however it was spelt."""

    major: int
    minor: int
    patch: int
    candidate: int | None = None
    distance: int | None = None
    """Commits since the tag; None for the tag itself."""
    build: str = ""
    """Which commit, and whether it was changed; decides nothing."""

    def __post_init__(self) -> None:
        """Refuse what one of the spellings cannot say.

        Raises:
            VersionError: a build that is no distance from a tag.
        """
        if self.build and self.distance is None:
            raise VersionError("only what is no tag has a build")

    @classmethod
    def from_semver(cls, text: str) -> "Version":
        """Read `1.5.0-rc.2`.

        Raises:
            VersionError: it is spelt otherwise.
        """
        match = _SEMVER.fullmatch(text)
        if not match or text != (version := cls._of(match)).semver:
            raise VersionError(f"{text!r} is not like 1.5.0, 1.5.0-rc.2 or 1.5.1-dev.4+gabc1234")
        return version

    @classmethod
    def from_tag(cls, tag: str) -> "Version":
        """Read a git tag, `v1.5.0-rc.2`.

        Raises:
            VersionError: it is spelt otherwise.
        """
        if not _TAG.fullmatch(tag):
            raise VersionError(f"{tag!r} is not like v1.5.0 or v1.5.0-rc.2")
        return cls.from_semver(tag.removeprefix("v"))

    @classmethod
    def from_image_tag(cls, tag: str) -> "Version":
        """Read the tag of an image, which knows no `+`.

        Raises:
            VersionError: it is spelt otherwise.
        """
        head, dash, build = tag.rpartition("-g")
        return cls.from_semver(f"{head}+g{build}" if dash else tag)

    @classmethod
    def from_pep440(cls, text: str) -> "Version":
        """Read `1.5.0rc2`.

        Raises:
            VersionError: it is spelt otherwise.
        """
        match = _PEP440.fullmatch(text)
        if not match:
            raise VersionError(f"{text!r} is not like 1.5.0, 1.5.0rc2 or 1.5.1.dev4+gabc1234")
        version = cls._of(match)
        if version.candidate is None or version.distance is None:
            return version
        if version.candidate == 0:
            raise VersionError(f"{text!r} comes before the first candidate")
        return cls(
            version.major,
            version.minor,
            version.patch,
            version.candidate - 1,
            version.distance,
            version.build,
        )

    @classmethod
    def _of(cls, match: re.Match[str]) -> "Version":
        major, minor, patch, candidate, distance, build = match.groups()
        return cls(
            int(major),
            int(minor),
            int(patch),
            None if candidate is None else int(candidate),
            None if distance is None else int(distance),
            build or "",
        )

    @property
    def core(self) -> tuple[int, int, int]:
        """What a release and its candidates share."""
        return self.major, self.minor, self.patch

    @property
    def released(self) -> bool:
        """Whether this is a tag's own: a release, or a candidate."""
        return self.distance is None

    @property
    def semver(self) -> str:
        """As images, `/version` and people say it."""
        suffix = "" if self.candidate is None else f"-rc.{self.candidate}"
        if self.distance is not None:
            suffix += f"{'.' if suffix else '-'}dev.{self.distance}"
        return f"{self._core}{suffix}{f'+{self.build}' if self.build else ''}"

    @property
    def tag(self) -> str:
        """As git says it.

        Raises:
            VersionError: this is no tag's version.
        """
        if not self.released:
            raise VersionError(f"{self.semver} is no tag's version")
        return f"v{self.semver}"

    @property
    def image_tag(self) -> str:
        """As a registry says it."""
        return self.semver.replace("+", "-")

    @property
    def pep440(self) -> str:
        """As Python's packages say it; what comes after a candidate comes before the next one."""
        candidate = self.candidate
        if candidate is not None and self.distance is not None:
            candidate += 1
        suffix = "" if candidate is None else f"rc{candidate}"
        if self.distance is not None:
            suffix += f".dev{self.distance}"
        return f"{self._core}{suffix}{f'+{self.build}' if self.build else ''}"

    @property
    def _core(self) -> str:
        return f"{self.major}.{self.minor}.{self.patch}"

    @property
    def _order(self) -> tuple[float, ...]:
        """By SemVer: `dev` < `rc` < nothing; a candidate's builds come after it."""
        if self.candidate is None:
            rank = _LAST if self.distance is None else -1.0
            return (*self.core, rank, 0.0 if self.distance is None else float(self.distance))
        after = -1.0 if self.distance is None else float(self.distance)
        return (*self.core, float(self.candidate), after)

    def __lt__(self, other: "Version") -> bool:
        """Compare by precedence; the build decides nothing."""
        return self._order < other._order
