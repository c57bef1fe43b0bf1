"""Each adapter fits its port: pyright reads the assignments, and they are all there is to run."""

from pathlib import Path
from typing import TYPE_CHECKING

from release.adapters.git import Repository, StackRepository
from release.adapters.stack import PulumiStack
from release.adapters.stack_file import StackFile

if TYPE_CHECKING:
    from release import ports


def test_each_adapter_fits_its_port(tmp_path: Path) -> None:
    file = tmp_path / "Pulumi.dev.yaml"
    config: ports.Config = StackFile(file, "trading-bot")
    git: ports.Git = StackRepository(Repository(tmp_path), file)
    stack: ports.Stack = PulumiStack("dev", tmp_path, "r-1", {})
    assert all((config, git, stack))
