"""A Pulumi stack of a test's own: own folder, state and namespace; no committed file changes.

Commands are the plain CLI's, because that is what people run.
"""

import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from bot.contract.color import Color
from tests.support.checkout import ROOT
from tests.support.platform import PROJECT, Platform
from tests.support.process import Done, Shell, Started

_PASSPHRASE = "a passphrase of tests"  # noqa: S105 - guards throw-away state only

BUILD = "build"
BOT = ROOT / "infra"
"""The program that is tested."""

Config = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Stack:
    """A stack in a folder."""

    name: str
    folder: Path
    platform: Platform
    shell: Shell

    @classmethod
    def create(cls, name: str, folder: Path, platform: Platform, program: Path = BOT) -> "Stack":
        """Write the project and begin its state; nothing is deployed yet.

        The name begins with $STACKS_PREFIX, so that several runs can share a cluster.
        """
        name = f"{os.environ.get('STACKS_PREFIX', '')}{name}"
        state = folder / "state"
        state.mkdir(parents=True)
        project = {
            "name": PROJECT,
            "main": str(program),
            "runtime": {"name": "python", "options": {"virtualenv": sys.prefix}},
        }
        (folder / "Pulumi.yaml").write_text(yaml.safe_dump(project))
        own = {
            "PULUMI_BACKEND_URL": state.as_uri(),
            "PULUMI_STACK": name,
            "PULUMI_CONFIG_PASSPHRASE": _PASSPHRASE,
            "PULUMI_SKIP_UPDATE_CHECK": "true",
            "NO_COLOR": "1",
        }
        stack = cls(name, folder, platform, Shell(folder, {**platform.env, **own}))
        stack.pulumi("stack", "init", name)
        return stack

    @property
    def namespace(self) -> str:
        """Where its objects live."""
        return f"{PROJECT}-{self.name}"

    @property
    def file(self) -> Path:
        """The stack config."""
        return self.folder / f"Pulumi.{self.name}.yaml"

    def configure(self, config: Config) -> None:
        """Write the whole stack config, as a person would in an editor."""
        content: dict[str, Any] = yaml.safe_load(self.file.read_text())
        content["config"] = {f"{PROJECT}:{key}": value for key, value in config.items()}
        self.file.write_text(yaml.safe_dump(content, sort_keys=False))

    def pulumi(self, *words: str, check: bool = True) -> Done:
        """Run a `pulumi` command."""
        return self.shell.run("pulumi", "--non-interactive", *words, check=check)

    def set(self, key: str, value: object) -> None:
        """`pulumi config set`, by path."""
        self.pulumi("config", "set", "--path", f"{PROJECT}:{key}", "--", str(value))

    def set_secret(self, key: str, value: str) -> None:
        """`pulumi config set --secret`, by path."""
        self.pulumi("config", "set", "--secret", "--path", f"{PROJECT}:{key}", "--", value)

    def pin(self) -> None:
        """Replace `build` by what was built, as the documentation tells people to."""
        images = {color: self.image(color) for color in Color}
        for color, image in images.items():
            self.set(f"{color}.image", image)
        self.up()

    def up(self, *, check: bool = True) -> Done:
        """`pulumi up`; previewed, which takes as long again, only where it may be refused."""
        flags = ("--skip-preview",) if check else ()
        return self.pulumi("up", "--yes", *flags, check=check)

    def preview(self) -> Done:
        """`pulumi preview`."""
        return self.pulumi("preview")

    def start_up(self, *flags: str) -> Started:
        """`pulumi up`, not waited for."""
        return self.shell.start("pulumi", "--non-interactive", "up", "--yes", *flags)

    def outputs(self) -> dict[str, Any]:
        """What the stack exports."""
        return json.loads(self.pulumi("stack", "output", "--json").output)

    def image(self, color: Color) -> str:
        """The reference that a color runs."""
        return str(self.outputs()[f"{color}Image"])

    def destroy(self) -> None:
        """Take everything away."""
        self.pulumi("destroy", "--yes")


def two_colors(image: str, platform: Platform, **more: object) -> Config:
    """Return a config: two pods of each color run this image, and blue is live."""
    return {
        "deployEnv": "local",
        "context": platform.context,
        "imageRepository": platform.repository,
        "activeColor": "blue",
        **{color: {"image": image, "replicas": 2} for color in Color},
        **more,
    }
