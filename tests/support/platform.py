"""The platform that the tests run on: the shell's own, else what `.venv/bin/testbed env` tells."""

import os
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass

import yaml

from tests.support.checkout import ROOT
from tests.support.process import Shell

PROJECT = "trading-bot"
_TOOLS = ("pulumi", "kubectl")


@dataclass(frozen=True, slots=True)
class Platform:
    """Where to run."""

    env: Mapping[str, str]
    context: str
    """The kubeconfig context."""
    repository: str
    """Where images are pushed to."""


def find_platform() -> Platform:
    """Return the platform; context and repository are those of the stack `local`."""
    config = yaml.safe_load((ROOT / "Pulumi.local.yaml").read_text())["config"]
    return Platform(
        _environment(), config[f"{PROJECT}:context"], config[f"{PROJECT}:imageRepository"]
    )


def _environment() -> dict[str, str]:
    if os.environ.get("KUBECONFIG") and all(shutil.which(tool) for tool in _TOOLS):
        return dict(os.environ)
    script = f'eval "$({sys.executable} -m testbed env)" && env -0'
    result = Shell(ROOT, os.environ).run("bash", "-euc", script)
    lines = result.output.rstrip("\0").split("\0")
    return dict(line.split("=", 1) for line in lines)
