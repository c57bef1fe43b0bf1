"""A throw-away Pulumi project with one image, driven by the plain `pulumi` command."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from testbed.docker_provider.values import Properties

COMMAND_TIMEOUT_SECONDS = 120

PROGRAM = """\
import json
from pathlib import Path
import pulumi
import pulumi_docker

with open("image.json", encoding="utf-8") as file:
    arguments = json.load(file)
if "registry" in arguments:
    arguments["registry"]["password"] = pulumi.Output.secret(arguments["registry"]["password"])
image = pulumi_docker.Image("app", **arguments)
for name in ("repo_digest", "base_image_name", "context", "dockerfile", "image_name", "platform"):
    pulumi.export(name, getattr(image, name))
# Called only with a value that is known.
image.repo_digest.apply(lambda digest: Path("known-digest").write_text(digest))
"""


@dataclass(frozen=True)
class Preview:
    """What a preview says of the image."""

    op: str
    changed: list[str]
    digest: str | None
    """None while it is unknown."""


@dataclass
class Project:
    """One stack in a folder of its own, with a state of its own."""

    folder: Path
    image: dict[str, Any]
    """The arguments of `pulumi_docker.Image`; change them between commands."""
    environment: dict[str, str] = field(default_factory=dict[str, str])

    def init(self) -> None:
        """Write the program and make the stack."""
        options = {"toolchain": "pip", "virtualenv": sys.prefix}
        project = {"name": "images", "runtime": {"name": "python", "options": options}}
        self.folder.joinpath("Pulumi.yaml").write_text(json.dumps(project))
        self.folder.joinpath("__main__.py").write_text(PROGRAM)
        self.folder.joinpath("state").mkdir()
        self.pulumi("stack", "init", "test")

    def up(self) -> Properties:
        """Apply; return the outputs.

        Raises:
            AssertionError: the command failed.
        """
        done = self.pulumi("up", "--yes", "--skip-preview")
        assert done.returncode == 0, done.stdout + done.stderr
        return json.loads(self.pulumi("stack", "output", "--json").stdout)

    def failing_up(self) -> str:
        """Apply what must fail; return all that was printed."""
        done = self.pulumi("up", "--yes", "--skip-preview")
        assert done.returncode != 0, done.stdout
        return done.stdout + done.stderr

    def preview(self) -> Preview:
        """Return what the preview says of the image."""
        digest = self.folder / "known-digest"
        digest.unlink(missing_ok=True)
        done = self.pulumi("preview", "--json", "--show-sames")
        assert done.returncode == 0, done.stdout + done.stderr
        steps = json.loads(done.stdout)["steps"]
        [image_step] = [step for step in steps if "docker:index/image:Image" in step["urn"]]
        known = digest.read_text() if digest.exists() else None
        return Preview(image_step["op"], sorted(image_step["detailedDiff"] or {}), known)

    def pulumi(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run one command."""
        self.folder.joinpath("image.json").write_text(json.dumps(self.image))
        own = {
            "PULUMI_BACKEND_URL": self.folder.joinpath("state").as_uri(),
            "PULUMI_CONFIG_PASSPHRASE": "test",
            "PULUMI_STACK": "test",
            "PULUMI_SKIP_UPDATE_CHECK": "true",
        }
        return subprocess.run(  # noqa: S603 - our own words
            ["pulumi", *words, "--non-interactive", "--cwd", str(self.folder)],  # noqa: S607 - the one of the environment
            env=os.environ | own | self.environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=COMMAND_TIMEOUT_SECONDS,
        )
