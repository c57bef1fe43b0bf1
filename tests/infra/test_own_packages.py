"""What Pulumi runs is what this checkout has, also when the .venv is another checkout's."""

import runpy
import shutil
from pathlib import Path

import pulumi
import pytest

from tests.support.checkout import ROOT


def test_a_checkout_with_the_packages_of_another_one_is_refused(tmp_path: Path) -> None:
    other = tmp_path / "second" / "infra"
    other.mkdir(parents=True)
    shutil.copy(ROOT / "infra" / "__main__.py", other)
    with pytest.raises(pulumi.RunError) as refused:
        runpy.run_path(str(other), run_name="__main__")
    text = str(refused.value)
    assert f"this checkout is {other.parent}" in text
    assert f"imports {ROOT}" in text
    assert "`make .venv/.ready`" in text
