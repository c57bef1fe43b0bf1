"""The established scanners, what each looks at, and what is not held against us, with the reason.

They live in an environment of their own (requirements/pipeline.in): checkov alone brings eighty
packages, which nobody needs for anything else.
"""

import os
import shutil
import subprocess
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from pipeline.tools import ROOT, run

ENVIRONMENT = ROOT / ".venv-pipeline" / "bin"
GO_MODULE = ROOT / ".github" / "tools"
"""Pins actionlint, which only Go's registry has in a form that is not downloaded on the way."""
SUPPRESSIONS_MAX = 5


@dataclass(frozen=True, slots=True)
class Suppression:
    """One rule of one scanner that is not held against us."""

    scanner: str
    rule: str
    reason: str


SUPPRESSIONS = (
    Suppression(
        "zizmor",
        "self-repository",
        "`$/…` is younger than actionlint and many GitHub Enterprise servers; `./…` works on all",
    ),
    Suppression(
        "checkov", "CKV_K8S_11", "no CPU limit: throttling delays heartbeats, and so leases"
    ),
    Suppression(
        "checkov", "CKV_K8S_38", "the pods watch the intent; the migration mounts no token"
    ),
    Suppression(
        "kingfisher",
        "tests/infra/golden",
        "a rendered Secret whose one value is planted and says so: `of-a-test`",
    ),
)


@dataclass(frozen=True, slots=True)
class Finding:
    """A scanner that is not content, with its own words."""

    scanner: str
    text: str


def commands(root: Path) -> dict[str, list[str]]:
    """Return how each scanner is called on a tree.

    Args:
        root: a tree laid out like this repository, with nothing but what is in git.
    """
    golden = root / "tests" / "infra" / "golden"
    workflows = sorted(map(str, root.glob(".github/workflows/*.yml")))
    skipped = [entry.rule for entry in SUPPRESSIONS if entry.scanner == "checkov"]
    excluded = [entry.rule for entry in SUPPRESSIONS if entry.scanner == "kingfisher"]
    return {
        "zizmor": [
            *("zizmor", "--offline", "--no-progress", "--quiet", "--color=never"),
            *(f"--config={_zizmor(root)}", str(root / ".github")),
        ],
        "actionlint": ["go", "tool", "actionlint", "-no-color", *workflows],
        "hadolint": ["hadolint", str(root / "bot" / "Dockerfile")],
        "shellcheck": ["shellcheck", str(root / ".ci" / "run")],
        "kubernetes-validate": [
            *("kubernetes-validate", "--strict", "--quiet"),
            *sorted(map(str, golden.glob("*/*.yaml"))),
        ],
        "checkov": [
            *("checkov", "--framework", "kubernetes", "--quiet", "--compact", "--skip-download"),
            *("--skip-check", ",".join(skipped), "--directory", str(golden)),
        ],
        "kingfisher": [
            *("kingfisher", "scan", str(root), "--no-validate", "--git-history", "none"),
            *("--no-update-check", "--redact", *(f"--exclude={path}" for path in excluded)),
        ],
    }


def _zizmor(root: Path) -> Path:
    """Write down what zizmor is not to hold against us."""
    file = root / "zizmor.yml"
    rules = [entry.rule for entry in SUPPRESSIONS if entry.scanner == "zizmor"]
    file.write_text("rules:\n" + "".join(f"  {rule}:\n    disable: true\n" for rule in rules))
    return file


def scan(root: Path, only: Collection[str] = ()) -> Iterator[Finding]:
    """Run the scanners on a tree and return those that are not content.

    Args:
        root: the tree; it is written into.
        only: names of scanners; none means all.
    """
    for name, words in commands(root).items():
        if only and name not in only:
            continue
        done = subprocess.run(  # noqa: S603 -- the words are this module's own
            words,
            # Go finds the tool by the module that it is called in.
            cwd=GO_MODULE if words[0] == "go" else root,
            env={**os.environ, "PATH": f"{ENVIRONMENT}:{os.environ['PATH']}"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        if done.returncode:
            yield Finding(name, done.stdout.strip() or f"exit code {done.returncode}")


def export(target: Path, root: Path = ROOT) -> None:
    """Copy what is in git, as it is in the working tree: no cache, no environment, no report."""
    for name in run("git", "-C", str(root), "ls-files", "-z", "-co", "--exclude-standard").split(
        "\0"
    ):
        file = root / name
        if name and file.is_file():
            copy = target / name
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(file, copy)
