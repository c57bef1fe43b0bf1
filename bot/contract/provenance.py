"""Do tag, label, digest and `/version` say the same? The gate before a version goes live. Pure.

Each writer is asked for what it claims; every disagreement comes at once, with what to do. A claim
that is missing is a disagreement: what cannot be shown is not taken on trust.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from bot.contract.version import Version, VersionError

_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_REVISION = re.compile(r"[0-9a-f]{40}")


class Builds(StrEnum):
    """Which builds a stack takes."""

    ANY = "any"
    """A developer's: whatever the label says is taken for the version."""
    CLEAN = "clean"
    """Of a commit as it is; where it has a tag, that is held to."""
    TAGGED = "tagged"
    """Of a tag's commit alone."""


@dataclass(frozen=True, slots=True)
class Running:
    """What one pod says of itself, and the kubelet of it."""

    version: str
    """`version` of `GET /version`."""
    revision: str
    digest: str
    """Of the image that the kubelet started (`imageID`)."""


@dataclass(frozen=True, slots=True)
class Claims:
    """Who says what about one version."""

    tag: str
    """The git tag that was built, `v1.5.0-rc.2`; empty when the label's version is no tag's."""
    tag_revision: str
    """The commit that the tag names."""
    label_version: str
    """`org.opencontainers.image.version` of the image."""
    label_revision: str
    reference: str
    """What the stack config pins: REPOSITORY[:TAG]@sha256:…"""
    registry_digest: str
    """What the registry has under the image tag of this version."""
    pods: Mapping[str, Running]
    """By name."""
    promoted_as: str = ""
    """The release's tag, when a candidate becomes one: `v1.5.0`."""
    builds: Builds = Builds.TAGGED


def disagreements(claims: Claims) -> list[str]:
    """Return every way in which the claims differ; empty when all say the same."""
    if not claims.tag:
        return [*_untagged(claims), *_pods(claims, claims.label_version, claims.label_revision)]
    try:
        version = Version.from_tag(claims.tag)
    except VersionError as error:
        return [f"git tag: {error}; tag the commit that was built, and build again"]
    return [
        *_label(claims, version),
        *_reference(claims, version),
        *_pods(claims, version.semver, claims.tag_revision),
        *_promotion(claims, version),
    ]


def _untagged(claims: Claims) -> list[str]:
    """Without a tag the label is what the others are held against, as far as the stack allows."""
    if not claims.label_version:
        return ["label: version nothing, so nothing shows what was built; build it by `pulumi up`"]
    if claims.builds is Builds.ANY:
        return _pinned(claims)
    try:
        version = Version.from_semver(claims.label_version)
    except VersionError as error:
        return [f"label: {error}; build it by `pulumi up`"]
    if claims.builds is Builds.TAGGED:
        return [f"label: version {version.semver} is no tag's; tag the commit, and build again"]
    problems = _reference(claims, version)
    short = version.build.partition(".")[0].removeprefix("g")
    if version.build.endswith(".dirty"):
        problems.append(f"label: {version.semver} was built of changes that nobody committed")
    if not short or not claims.label_revision.startswith(short):
        shown = claims.label_revision or "nothing"
        problems.append(
            f"label: revision {shown}, but its version says {version.build or 'nothing'}"
        )
    return problems


def _label(claims: Claims, version: Version) -> list[str]:
    problems: list[str] = []
    if claims.label_version != version.semver:
        shown = claims.label_version or "nothing"
        problems.append(f"label: version {shown}, but the tag says {version.semver}; build the tag")
    if not _REVISION.fullmatch(claims.tag_revision):
        problems.append(
            f"git tag: {claims.tag} names no commit ({claims.tag_revision!r}); fetch it"
        )
    if claims.label_revision != claims.tag_revision:
        shown, right = claims.label_revision or "nothing", claims.tag_revision
        problems.append(f"label: revision {shown}, but the tag names {right}; build the tag")
    return problems


def _reference(claims: Claims, version: Version) -> list[str]:
    problems = _pinned(claims)
    name, _, digest = claims.reference.partition("@")
    image_tag = name.rpartition("/")[2].partition(":")[2]
    if not problems and digest != claims.registry_digest:
        there = claims.registry_digest or "nothing"
        problems.append(
            f"registry: {version.image_tag} is {there}, but the config pins {digest}; "
            "the tag was moved, or another image was pinned"
        )
    if image_tag and image_tag != version.image_tag:
        problems.append(f"config: image tag {image_tag}, but the tag says {version.image_tag}")
    return problems


def _pinned(claims: Claims) -> list[str]:
    if _DIGEST.fullmatch(claims.reference.partition("@")[2]):
        return []
    return [f"config: {claims.reference!r} is not pinned; give the digest"]


def _pods(claims: Claims, version: str, revision: str) -> list[str]:
    if not claims.pods:
        return ["pods: none answered; nothing shows what runs"]
    digest = claims.reference.partition("@")[2]
    source = "tag" if claims.tag else "label"
    problems: list[str] = []
    for name, pod in sorted(claims.pods.items()):
        if pod.digest != digest:
            problems.append(
                f"{name}: runs {pod.digest or 'no digest'}, but the config pins {digest}"
            )
        if pod.version != version:
            shown = pod.version or "nothing"
            problems.append(f"{name}: /version says {shown}, but the {source} says {version}")
        if pod.revision != revision:
            shown = pod.revision or "nothing"
            problems.append(
                f"{name}: /version says revision {shown}, but the {source} names {revision}"
            )
    if len({(pod.version, pod.revision, pod.digest) for pod in claims.pods.values()}) > 1:
        problems.append("pods: they do not all run the same")
    return problems


def _promotion(claims: Claims, version: Version) -> list[str]:
    """A release is its last candidate under another name: same digest, same numbers."""
    if not claims.promoted_as:
        return []
    try:
        release = Version.from_tag(claims.promoted_as)
    except VersionError as error:
        return [f"release tag: {error}"]
    if release.candidate is not None:
        return [f"release tag: {claims.promoted_as} is a candidate's"]
    if release.core != version.core:
        return [f"release tag: {claims.promoted_as} is no release of {claims.tag}"]
    return []
