"""The image, built by this program when a color says `build`. Its version comes from git alone."""

import os
import re
from dataclasses import dataclass
from pathlib import Path
from subprocess import run

from pulumi import ComponentResource, Output, ResourceOptions
from pulumi_docker import DockerBuildArgs, Image, ImageArgs

REPOSITORY_ROOT = Path(__file__).resolve().parent.parent
DOCKERFILE = "bot/Dockerfile"
INPUTS = ("bot", "requirements/bot.txt", ".dockerignore")
"""What goes into the image; only a change of these makes a version dirty."""

BASE_IMAGE = "BASE_IMAGE"
_DESCRIBED = re.compile(r"v(\d+)\.(\d+)\.(\d+)(-[0-9A-Za-z.-]+)?-(\d+)-g[0-9a-f]+")


@dataclass(frozen=True, slots=True)
class Source:
    """What git says about the checkout."""

    version: str
    """Semantic version; what lies after a tag is a pre-release of the next patch."""
    revision: str
    created: str
    """When the commit was made (RFC 3339): the same commit makes the same image."""

    @property
    def tag(self) -> str:
        """The version as an image tag, which knows no `+`."""
        return self.version.replace("+", "-")


class BotImage(ComponentResource):
    """The built and pushed image."""

    reference: Output[str]
    """Repository and digest."""

    def __init__(
        self, repository: str, source: Source, base_image: str, opts: ResourceOptions
    ) -> None:
        super().__init__("bot-handover:infra:BotImage", "image", None, opts)
        image = Image(
            "bot", image_args(repository, source, base_image), ResourceOptions(parent=self)
        )
        self.reference = image.repo_digest
        self.register_outputs({})


def image_args(repository: str, source: Source, base_image: str) -> ImageArgs:
    """Return what to build.

    Args:
        repository: where to push, without tag.
        source: version, revision, time of the commit.
        base_image: the Dockerfile's BASE_IMAGE, or empty for its default.
    """
    args = {"VERSION": source.version, "REVISION": source.revision, "CREATED": source.created}
    if base_image:
        args[BASE_IMAGE] = base_image
    return ImageArgs(
        image_name=f"{repository}:{source.tag}",
        build=DockerBuildArgs(
            context=os.path.relpath(REPOSITORY_ROOT),
            dockerfile=os.path.relpath(REPOSITORY_ROOT / DOCKERFILE),
            args=args,
        ),
    )


def version_of(described: str, commits: str, revision: str, *, dirty: bool) -> str:
    """Return the semantic version of a checkout.

    Args:
        described: `git describe --tags --long --match 'v*'`, or empty when there is no tag yet.
        commits: number of commits so far; orders versions before the first tag.
        revision: the commit.
        dirty: whether the image's inputs differ from the commit.
    """
    match = _DESCRIBED.fullmatch(described)
    build = f"g{revision[:7]}{'.dirty' if dirty else ''}"
    if match is None:
        return f"0.0.0-dev.{commits}+{build}"
    major, minor, patch, pre, distance = match.groups()
    if distance == "0" and not dirty:
        return f"{major}.{minor}.{patch}{pre or ''}"
    if pre:
        return f"{major}.{minor}.{patch}{pre}.dev.{distance}+{build}"
    return f"{major}.{minor}.{int(patch) + 1}-dev.{distance}+{build}"


def read_source() -> Source:
    """Ask git. What it cannot tell is said as such: unknown source must not look released."""
    revision = _git("rev-parse", "HEAD") or "unknown"
    dirty = bool(_git("status", "--porcelain", "--", *INPUTS))
    described = _git("describe", "--tags", "--long", "--match", "v*")
    commits = _git("rev-list", "--count", "HEAD") or "0"
    version = version_of(described, commits, revision, dirty=dirty)
    created = _git("log", "-1", "--date=format-local:%Y-%m-%dT%H:%M:%SZ", "--format=%cd")
    return Source(version, revision, created or "1970-01-01T00:00:00Z")


def _git(*arguments: str) -> str:
    """Return what git prints, or nothing when it fails: no tag, no repository."""
    done = run(  # noqa: S603 -- fixed arguments
        ["git", *arguments],  # noqa: S607 -- git is found as the user's shell finds it
        cwd=REPOSITORY_ROOT,
        env={**os.environ, "TZ": "UTC"},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout.strip() if done.returncode == 0 else ""
