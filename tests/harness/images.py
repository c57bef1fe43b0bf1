"""Builds the images that only tests use, and pushes them where the cluster pulls from."""

import json
import re
from pathlib import Path

from tests.harness.platform import Platform
from tests.harness.process import REPOSITORY, Shell

FAULTY = REPOSITORY / "tests" / "cluster" / "faulty"


def build_faulty(bot_image: str, platform: Platform, fault: str = "") -> str:
    """Build and push the bot with faults to switch on; return its reference by digest.

    Args:
        bot_image: what it is built on.
        platform: where.
        fault: one that is built in, as tests/cluster/faulty names it.
    """
    tag = f"{platform.repository}:faulty{fault and f'-{fault}'}"
    return build(FAULTY, tag, platform, BOT_IMAGE=bot_image, FAULT=fault)


def build(context: Path, tag: str, platform: Platform, **arguments: str) -> str:
    """Build and push; return the reference by digest."""
    shell = Shell(REPOSITORY, {**platform.env, "DOCKER_BUILDKIT": "1"})
    given = [f"--build-arg={key}={value}" for key, value in arguments.items()]
    shell.run("docker", "build", "--quiet", "--tag", tag, *given, str(context))
    shell.run("docker", "push", "--quiet", tag)
    repository = tag.rpartition(":")[0]
    found = json.loads(shell.run("docker", "image", "inspect", tag).output)
    digests: list[str] = found[0]["RepoDigests"]
    return next(digest for digest in digests if digest.startswith(repository + "@"))


def size_bytes(image: str, platform: Platform) -> int:
    """Return the unpacked size of an image."""
    shell = Shell(REPOSITORY, platform.env)
    shell.run("docker", "pull", "--quiet", image)
    return int(json.loads(shell.run("docker", "image", "inspect", image).output)[0]["Size"])


def base_image(platform: Platform) -> str:
    """Return what the bot's image is built on: the platform's choice, or else the Dockerfile's."""
    default = re.search(
        r"^ARG BASE_IMAGE=(\S+)", (REPOSITORY / "bot" / "Dockerfile").read_text(), re.MULTILINE
    )
    assert default is not None
    return platform.env.get("BASE_IMAGE") or default[1]
