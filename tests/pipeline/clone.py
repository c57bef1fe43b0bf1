"""A clone of what the pipeline needs, and a bare repository beside it, to run its commands in."""

import os
import re
import shutil
from pathlib import Path

from tests.support.checkout import ROOT
from tests.support.process import Done, Shell

DIGEST = "sha256:" + "1" * 64
DEPLOYS = "import sys\nprint('release', *sys.argv[1:])\n"
"""Stands in for the release: says how it was called."""
WHO = {
    f"GIT_{role}_{what}": "test@example.invalid"
    for role in ("AUTHOR", "COMMITTER")
    for what in ("NAME", "EMAIL")
}
KEPT = (
    "Makefile",
    "CHANGELOG.md",
    "pyproject.toml",
    "Pulumi.production.yaml",
    "Pulumi.staging.yaml",
    ".github/pipeline.mk",
    "bot/__init__.py",
    "bot/contract",
    "pipeline",
)


class Clone(Shell):
    """A working copy whose origin is a bare repository beside it."""

    def git(self, *words: str) -> str:
        return self.run("git", *words).output.strip()

    def commit(self, message: str) -> None:
        file = self.folder / "some-file"
        file.write_text(f"{file.read_text() if file.exists() else ''}{message}\n")
        self.git("add", "-A")
        self.git("commit", "-qm", message)

    def make(self, *words: str) -> str:
        return self.tries(*words, check=True).output.strip()

    def tries(self, *words: str, check: bool = False) -> Done:
        # The environment is this repository's own: there is nothing to install.
        return self.run("make", "--silent", "-o", ".venv/.ready", *words, check=check)

    def runs(self, stack: str, digest: str = DIGEST) -> None:
        """What a deploy leaves in git."""
        file = self.folder / f"Pulumi.{stack}.yaml"
        file.write_text(re.sub("sha256:[0-9a-f]{64}", digest, file.read_text()))
        self.git("commit", "-qam", f"chore(release): {stack} runs {digest}")

    def tags(self) -> list[str]:
        return self.git("tag", "--sort=creatordate").split()


def begin(tmp_path: Path) -> Clone:
    """A history of one commit, and nothing pushed yet."""
    folder = tmp_path / "clone"
    for name in KEPT:
        source, target = ROOT / name, folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        copy = shutil.copytree if source.is_dir() else shutil.copy
        copy(source, target)
    (folder / ".gitignore").write_text(".venv\n__pycache__/\n")
    (folder / ".venv").symlink_to(ROOT / ".venv")
    (folder / "release").mkdir()
    (folder / "release" / "__main__.py").write_text(DEPLOYS)
    clone = Clone(folder, {**os.environ, **WHO})
    clone.git("init", "-q", "-b", "main")
    clone.git("init", "-q", "--bare", str(tmp_path / "origin"))
    clone.git("remote", "add", "origin", str(tmp_path / "origin"))
    clone.commit("feat: begin")
    return clone
