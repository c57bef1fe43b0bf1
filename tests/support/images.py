"""Builds the images that only tests use, and pushes them where the cluster pulls from."""

import hashlib
import json
import re
from pathlib import Path
from typing import Any

import httpx2

from tests.support.checkout import ROOT
from tests.support.platform import Platform
from tests.support.process import Shell

_MANIFESTS = (
    "application/vnd.oci.image.manifest.v1+json, "
    "application/vnd.docker.distribution.manifest.v2+json"
)
FAULTY = ROOT / "tests" / "cluster" / "faulty"


def build_faulty(bot_image: str, platform: Platform, fault: str = "") -> str:
    """Build and push the bot with faults to switch on; return its reference by digest.

    Args:
        bot_image: what it is built on.
        platform: where.
        fault: one that is built in, as tests/cluster/faulty names it.
    """
    tag = f"{platform.repository}:faulty{fault and f'-{fault}'}"
    return build(FAULTY, tag, platform, BOT_IMAGE=bot_image, FAULT=fault)


def push_unpullable(image: str) -> str:
    """Push what says the same of itself as an image, and whose one layer is none."""
    host, _, rest = image.partition("/")
    name, _, digest = rest.partition("@")
    layer = b"no layer"
    layer_digest = f"sha256:{hashlib.sha256(layer).hexdigest()}"
    with httpx2.Client(base_url=f"http://{host}/v2/{name}", trust_env=False) as registry:
        response = registry.get(f"/manifests/{digest}", headers={"Accept": _MANIFESTS})
        manifest: dict[str, Any] = response.json()
        kind = manifest["layers"][0]["mediaType"]
        manifest["layers"] = [{"mediaType": kind, "size": len(layer), "digest": layer_digest}]
        begun = registry.post("/blobs/uploads/")
        there = httpx2.URL(begun.headers["location"]).copy_merge_params({"digest": layer_digest})
        registry.put(there, content=layer).raise_for_status()
        body = json.dumps(manifest).encode()
        headers = {"Content-Type": manifest["mediaType"]}
        registry.put("/manifests/unpullable", content=body, headers=headers).raise_for_status()
    return f"{host}/{name}@sha256:{hashlib.sha256(body).hexdigest()}"


def build(context: Path, tag: str, platform: Platform, **arguments: str) -> str:
    """Build and push; return the reference by digest."""
    shell = Shell(ROOT, {**platform.env, "DOCKER_BUILDKIT": "1"})
    given = [f"--build-arg={key}={value}" for key, value in arguments.items()]
    shell.run("docker", "build", "--quiet", "--tag", tag, *given, str(context))
    shell.run("docker", "push", "--quiet", tag)
    repository = tag.rpartition(":")[0]
    images = json.loads(shell.run("docker", "image", "inspect", tag).output)
    digests: list[str] = images[0]["RepoDigests"]
    return next(digest for digest in digests if digest.startswith(repository + "@"))


def size_bytes(image: str, platform: Platform) -> int:
    """Return the unpacked size of an image."""
    shell = Shell(ROOT, platform.env)
    shell.run("docker", "pull", "--quiet", image)
    return int(json.loads(shell.run("docker", "image", "inspect", image).output)[0]["Size"])


def base_image(platform: Platform) -> str:
    """Return what the bot's image is built on: the platform's choice, or else the Dockerfile's."""
    default = re.search(
        r"^ARG BASE_IMAGE=(\S+)", (ROOT / "bot" / "Dockerfile").read_text(), re.MULTILINE
    )
    assert default is not None
    return platform.env.get("BASE_IMAGE") or default[1]
