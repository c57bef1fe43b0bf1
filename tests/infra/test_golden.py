"""The manifests of every stack, rendered by the real engine, as a reviewer reads them.

After a change that is meant: `UPDATE_GOLDEN=1 pytest -m engine tests/infra/test_golden.py`, and
read the diff.
"""

import os
from pathlib import Path

import pytest

from tests.infra.engine import committed, create, settled

GOLDEN = Path(__file__).parent / "golden"
STACKS = ("local", "staging", "production")

pytestmark = pytest.mark.engine


def rendered(stack: str, folder: Path) -> dict[str, str]:
    """Render a stack; which color is live and which image runs are not what is reviewed here."""
    target = folder / "rendered"
    made = create(stack, folder / "project", {**settled(committed(stack)), "renderTo": str(target)})
    made.pulumi("up", "--yes", "--skip-preview")
    return {file.name: file.read_text() for file in target.rglob("*.yaml")}


@pytest.mark.parametrize("stack", STACKS)
def test_the_manifests_are_those_that_were_reviewed(stack: str, tmp_path: Path) -> None:
    manifests = rendered(stack, tmp_path)
    folder = GOLDEN / stack
    if os.environ.get("UPDATE_GOLDEN"):
        folder.mkdir(parents=True, exist_ok=True)
        for old in folder.iterdir():
            old.unlink()
        for name, text in manifests.items():
            (folder / name).write_text(text)
    reviewed = {file.name: file.read_text() for file in folder.glob("*.yaml")}
    assert sorted(manifests) == sorted(reviewed)
    for name, text in manifests.items():
        assert text == reviewed[name], f"{stack}/{name} is not what was reviewed"
