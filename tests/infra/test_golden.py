"""The manifests of every stack, rendered by the real engine, as a reviewer reads them.

After a change that is meant: `UPDATE_GOLDEN=1 pytest -m engine tests/infra/test_golden.py`, and
read the diff.
"""

import os
from pathlib import Path

import pytest

from bot.contract.secrets import DATABASE_URL
from tests.infra.engine import committed, create, settled

GOLDEN = Path(__file__).parent / "golden"
STACKS = ("local", "staging", "production")
DATABASE = "postgresql://bot:of-a-test@db.example:6543/bot"

pytestmark = pytest.mark.engine


def rendered(stack: str, folder: Path) -> dict[str, str]:
    """Render a stack; which color is live and which image runs are not what is reviewed here.

    Secrets are not in git. Staging gets a database here, so that its migration is reviewed, too.
    """
    target = folder / "rendered"
    made = create(stack, folder / "project", {**settled(committed(stack)), "renderTo": str(target)})
    if stack == "staging":
        made.set_secret(f"secrets.{DATABASE_URL}", DATABASE)
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
