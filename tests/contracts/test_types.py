"""A journal key or a figure that is renamed in one place breaks the type check, not production."""

import json
import os
import re
import shutil
import sys
from pathlib import Path

import pytest

from tests.support.checkout import ROOT
from tests.support.process import Shell

PLANTED = {
    "journal-key": ("release/decide/events.py", "class Entered", "trigger", "cause"),
    "figure": ("release/decide/model.py", "class StreamFigures", "evidence_needed", "needed"),
}
READERS = ("release/decide", "release/cli", "release/drive")


def type_errors(tree: Path) -> list[str]:
    """Return what pyright says of the code that reads journals and figures."""
    settings = {
        "include": list(READERS),
        "typeCheckingMode": "strict",
        "venvPath": str(ROOT),
        "venv": ".venv",
    }
    (tree / "pyrightconfig.json").write_text(json.dumps(settings))
    pyright = Path(sys.executable).with_name("pyright")
    done = Shell(tree, os.environ).run(str(pyright), "--outputjson", check=False)
    return [
        each["message"]
        for each in json.loads(done.output)["generalDiagnostics"]
        if each["severity"] == "error"
    ]


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tree")
    for package in ("bot", "infra", "release"):
        shutil.copytree(ROOT / package, folder / package)
    return folder


@pytest.mark.pipeline
@pytest.mark.parametrize("name", PLANTED)
def test_a_name_that_is_changed_in_one_place_is_a_type_error(tree: Path, name: str) -> None:
    path, owner, old, new = PLANTED[name]
    file = tree / path
    text = file.read_text()
    head, tail = text.split(f"\n{owner}", 1)
    renamed = re.sub(rf"^    {old}:", f"    {new}:", tail, count=1, flags=re.MULTILINE)
    file.write_text(f"{head}\n{owner}{renamed}")
    try:
        assert any(old in error for error in type_errors(tree))
    finally:
        file.write_text(text)
