"""Stacks for tests that need the real engine, but neither a cluster nor a Docker daemon."""

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import yaml

from bot.contract.color import Color
from tests.infra.samples import OLD
from tests.support.checkout import ROOT
from tests.support.platform import PROJECT, Platform, find_platform
from tests.support.process import Shell
from tests.support.stack import Stack

NOWHERE = "127.0.0.1:9"
"""The discard port: nothing listens there."""


def without_cluster_and_daemon(folder: Path) -> Platform:
    """The platform's tools, with a cluster and a daemon that cannot be reached."""
    platform = find_platform()
    kept = {key: value for key, value in platform.env.items() if not key.startswith("PULUMI_K8S")}
    nowhere = {"DOCKER_HOST": f"tcp://{NOWHERE}", "KUBECONFIG": str(folder / "no-kubeconfig")}
    return replace(platform, env={**os.environ, **kept, **nowhere})


def committed(stack: str) -> dict[str, Any]:
    """The config of a stack, without the project's prefix.

    That of `local` is the one in git: `make up` and every swap write into the file.
    """
    name = f"Pulumi.{stack}.yaml"
    if stack == "local":
        text = Shell(ROOT, os.environ).run("git", "show", f"HEAD:{name}").output
    else:
        text = (ROOT / name).read_text()
    config: dict[str, Any] = yaml.safe_load(text)["config"]
    return {key.removeprefix(f"{PROJECT}:"): value for key, value in config.items()}


def settled(config: dict[str, Any]) -> dict[str, Any]:
    """The same config with blue live and one pinned image: a swap is no change of manifests."""
    colors = {
        color.value: {**config[color.value], "image": OLD}
        for color in Color
        if config[color.value]["image"]
    }
    return {**config, "activeColor": Color.BLUE.value, "canaryPercent": 0, **colors}


def create(stack: str, folder: Path, config: dict[str, Any]) -> Stack:
    """A stack of this name in this folder, with this config."""
    made = Stack.create(stack, folder, without_cluster_and_daemon(folder))
    made.configure(config)
    return made
