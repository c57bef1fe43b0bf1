"""Prints the tests of what changed: `make quick` runs them.

Tests mirror the packages, so a path says where a module's tests are; of those, the ones that bear
its name, or else import it. Ours and not pytest-testmon's, which needs a run of all tests first.
"""

import argparse
import re
import subprocess
from collections.abc import Iterable, Iterator
from pathlib import Path

from tests.support.checkout import ROOT

PACKAGES = ("bot", "infra", "pipeline", "release", "testbed")


def selected(changed: Iterable[str], root: Path = ROOT) -> list[str]:
    """Return the test files for these changed files, all as paths below the root."""
    return sorted({str(test.relative_to(root)) for path in changed for test in _tests(root, path)})


def _tests(root: Path, path: str) -> Iterator[Path]:
    file = root / path
    if file.suffix != ".py" or not file.exists():
        return
    if file.name.startswith("test_"):
        yield file
    elif path.split("/", maxsplit=1)[0] in PACKAGES:
        folder = root / "tests" / file.parent.relative_to(root)
        named = sorted(folder.glob(f"test_{file.stem}*.py"))
        yield from named or _importing(folder, _module(path))


def _importing(folder: Path, module: str) -> Iterator[Path]:
    parent, _, name = module.rpartition(".")
    imports = re.compile(
        rf"\bfrom {module}\b|\bimport {module}\b|\bfrom {parent} import .*\b{name}\b"
    )
    for test in folder.glob("test_*.py"):
        if imports.search(test.read_text("utf-8")):
            yield test


def _module(path: str) -> str:
    return path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def changed_since(base: str, root: Path = ROOT) -> list[str]:
    """Return what differs from where this branch left `base`, files that git does not know too."""
    left = _git(root, "merge-base", base, "HEAD")[0]
    known = _git(root, "diff", "--name-only", "--diff-filter=d", left)
    return known + _git(root, "ls-files", "--others", "--exclude-standard")


def _git(root: Path, *arguments: str) -> list[str]:
    run = subprocess.run(  # noqa: S603 -- git, with arguments of our own
        ["git", *arguments],  # noqa: S607 -- the one on PATH, as everywhere
        cwd=root,
        check=True,
        capture_output=True,
        encoding="utf-8",
    )
    return run.stdout.splitlines()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--base", default="main", help="the branch or commit to compare with")
    print(*selected(changed_since(parser.parse_args().base)))  # noqa: T201 -- its result
