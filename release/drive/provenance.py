"""Asks an image's registry, and git, where an image comes from and what it is compatible with.

What they say is judged elsewhere: by the gates, and by `bot.contract.provenance`.
"""

from bot.contract import labels
from bot.contract.compatibility import OURS, Schemas, UnstatedError
from bot.contract.provenance import Builds, Claims
from bot.contract.release import digest_of
from bot.contract.version import Version, VersionError
from release.decide.model import Target
from release.drive.ports import Git, Images


async def claims(images: Images, git: Git, image: str, builds: Builds) -> Claims:
    """Return what registry and git claim about a pinned image; its pods are not in it yet.

    Raises:
        PortError: one of them does not answer.
    """
    image_labels = await images.labels(image)
    version = image_labels.get(labels.VERSION, "")
    tag, image_tag = _spelt(version) if builds is not Builds.ANY else ("", "")
    return Claims(
        tag=tag,
        tag_revision=await git.tagged(tag) if tag else "",
        label_version=version,
        label_revision=image_labels.get(labels.REVISION, ""),
        reference=image,
        registry_digest=await images.digest(image, image_tag) if image_tag else digest_of(image),
        pods={},
        builds=builds,
    )


async def schemas(images: Images, image: str) -> Schemas | str:
    """Return what an image states, or why it states nothing; what is built here states ours.

    Raises:
        PortError: its registry does not answer.
    """
    if "@" not in image:
        return OURS
    try:
        return Schemas.of_labels(await images.labels(image))
    except UnstatedError as error:
        return f"{image}: {error}"


async def descent(images: Images, target: Target) -> tuple[str, str]:
    """Return the commits that the live image and the candidate were built from; empty when unsaid.

    What is built here is built from the commit that the release begins from.

    Raises:
        PortError: their registry does not answer.
    """
    before = (await images.labels(target.old_image)).get(labels.REVISION, "")
    if "@" not in target.image:
        return before, target.revision
    return before, (await images.labels(target.image)).get(labels.REVISION, "")


def _spelt(text: str) -> tuple[str, str]:
    """Return a version as git's tag (empty when it is no tag's) and as an image's tag."""
    try:
        version = Version.from_semver(text)
    except VersionError:
        return "", ""
    return version.tag if version.released else "", version.image_tag
