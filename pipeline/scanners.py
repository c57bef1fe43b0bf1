"""The established scanners, what each looks at, and what is not held against us, with the reason.

They live in an environment of their own (requirements/pipeline.in): checkov alone brings eighty
packages, which nobody needs for anything else.
"""

import os
import re
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
    Suppression(
        "kingfisher-history",
        "^some-token$",
        "an example of an older README, for a bot that its reader starts with that token",
    ),
)
HISTORY = "history.git"
"""Beside the tree: the commits that led to it."""
_SCRIPT = re.compile(rb"#!.*\b(ba|da|k)?sh\b")


@dataclass(frozen=True, slots=True)
class Finding:
    """A scanner that is not content, with its own words."""

    scanner: str
    text: str


def commands(root: Path) -> dict[str, list[str]]:
    """Return how each scanner is called on a tree.

    Args:
        root: a tree laid out like this repository, with nothing but what is in git; its history
            lies beside it.
    """
    golden = root / "tests" / "infra" / "golden"
    workflows = sorted(map(str, root.glob(".github/workflows/*.y*ml")))
    excluded = [f"--exclude={path}" for path in _rules("kingfisher")]
    secrets = ("--no-validate", "--no-update-check", "--redact", *excluded)
    return {
        "zizmor": [
            *("zizmor", "--offline", "--no-progress", "--quiet", "--color=never"),
            *(f"--config={_zizmor(root)}", str(root / ".github")),
        ],
        "actionlint": ["go", "tool", "actionlint", "-no-color", *workflows],
        "hadolint": ["hadolint", *sorted(map(str, root.rglob("*Dockerfile*")))],
        "shellcheck": ["shellcheck", *map(str, scripts(root))],
        "kubernetes-validate": [
            *("kubernetes-validate", "--strict", "--quiet"),
            *sorted(map(str, golden.glob("*/*.yaml"))),
        ],
        "checkov": [
            *("checkov", "--framework", "kubernetes", "--quiet", "--compact", "--skip-download"),
            *("--skip-check", ",".join(_rules("checkov")), "--directory", str(golden)),
        ],
        "kingfisher": ["kingfisher", "scan", str(root), "--git-history", "none", *secrets],
        "kingfisher-history": [
            *(
                "kingfisher",
                "scan",
                str(root.with_name(HISTORY)),
                "--git-history",
                "full",
                *secrets,
            ),
            *(f"--skip-regex={words}" for words in _rules("kingfisher-history")),
        ],
    }


def scripts(root: Path) -> list[Path]:
    """Return what a shell reads, by its first line: a name says nothing."""
    files = (file for file in sorted(root.rglob("*")) if file.is_file())
    return [file for file in files if _SCRIPT.match(file.read_bytes()[:80])]


def _rules(scanner: str) -> list[str]:
    return [entry.rule for entry in SUPPRESSIONS if entry.scanner == scanner]


def _zizmor(root: Path) -> Path:
    """Write down what zizmor is not to hold against us."""
    file = root / "zizmor.yml"
    rules = "".join(f"  {rule}:\n    disable: true\n" for rule in _rules("zizmor"))
    file.write_text(f"rules:\n{rules}")
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
    """Copy what is in git, as it is in the working tree, and the history of HEAD beside it.

    No cache, no environment and no report is in the copy. Of a shallow clone it is what is there.
    """
    listed = run("git", "ls-files", "-z", "-co", "--exclude-standard", folder=root)
    for name in filter(None, listed.split("\0")):
        file = root / name
        if file.is_file():
            copy = target / name
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(file, copy)
    history = target.with_name(HISTORY)
    run("git", "init", "--quiet", "--bare", str(history), folder=root)
    words = ("git", "fetch", "--quiet", "--update-shallow", str(root), "HEAD:refs/heads/scanned")
    run(*words, folder=history)
