import re
import shutil
import subprocess
import sys
from copy import deepcopy
from importlib.metadata import packages_distributions
from pathlib import Path

import grimp
import pytest

from tests.contracts.contracts import FILE, ROOT, Contracts, build_graph, read_contracts

# Contract → the import that it alone refuses.
PLANTED = {
    "bot": ("bot.trader.keeper", "pulumi"),
    "infra": ("infra.config", "bot.config.fields"),
    "infra-testbed": ("infra.image", "testbed.net"),
    "pipeline": ("pipeline.versions", "testbed.net"),
    "nobody-pipeline": ("testbed.cli", "pipeline.forge"),
    "release": ("release.drive.engine", "infra.names"),
    "nobody-release": ("pipeline.versions", "release.decide.phases"),
    "libraries": ("release.decide.planner", "rich"),
    "bot-layers": ("bot.process.watchdog", "bot.health.snapshot"),
    "leaf": ("bot.contract.intent", "pydantic"),
    "infra-layers": ("infra.guard.watch", "infra.program"),
    "review": ("infra.review.findings", "pulumi"),
    "config": ("infra.parsing", "pulumi"),
    "release-layers": ("release.decide.planner", "release.analysis.judge"),
    "pure": ("release.analysis.judge", "time"),
    "adapters": ("release.adapters.git", "release.decide.planner"),
    "ports": ("release.cli.views", "release.adapters.git"),
    "pulumi": ("release.adapters.git", "pulumi"),
}
NEEDED_BY_TOOLS_ONLY = "pipeline.in"


@pytest.fixture(scope="module")
def contracts() -> Contracts:
    return read_contracts()


@pytest.fixture(scope="module")
def graph(contracts: Contracts) -> grimp.ImportGraph:
    return build_graph(contracts)


def test_each_contract_has_an_import_planted_against_it(contracts: Contracts) -> None:
    assert set(PLANTED) == set(contracts.options)


@pytest.mark.parametrize("contract", PLANTED)
def test_a_planted_import_breaks_its_contract_and_no_other(
    contract: str, contracts: Contracts, graph: grimp.ImportGraph
) -> None:
    importer, imported = PLANTED[contract]
    planted = deepcopy(graph)
    assert not planted.direct_import_exists(importer=importer, imported=imported)
    if imported not in planted.modules:
        planted.add_module(imported, is_squashed=True)

    planted.add_import(importer=importer, imported=imported)

    assert contracts.broken(planted) == {contract}


def test_the_command_refuses_a_planted_line(contracts: Contracts, tmp_path: Path) -> None:
    for package in contracts.packages():
        shutil.copytree(ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("*.pyc"))
    shutil.copy(FILE, tmp_path)
    planner = tmp_path / "release" / "decide" / "planner.py"
    planner.write_text(planner.read_text() + "\nimport subprocess\n")

    run = subprocess.run(  # noqa: S603 -- our own linter
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"],
        cwd=tmp_path,
        capture_output=True,
        check=False,
        encoding="utf-8",
    )

    assert run.returncode == 1
    assert re.search(r"^deciding and judging .* BROKEN$", run.stdout, re.MULTILINE)
    assert "1 broken" in run.stdout


def test_the_libraries_that_are_refused_are_all_that_there_are(
    contracts: Contracts, graph: grimp.ImportGraph
) -> None:
    refused = {*contracts.values("libraries", "forbidden_modules"), "pydantic", "pydantic_core"}

    assert _required() | _imported(graph, contracts) <= refused


def _required() -> set[str]:
    """Import names of what requirements/*.in names, as installed here."""
    named: set[str] = set()
    for file in (ROOT / "requirements").glob("*.in"):
        if file.name != NEEDED_BY_TOOLS_ONLY:
            named |= {
                _normalized(name)
                for name in re.findall(r"^[\w.-]+", file.read_text(), re.MULTILINE)
            }
    return {
        module
        for module, distributions in packages_distributions().items()
        if named & {_normalized(name) for name in distributions}
    }


def _imported(graph: grimp.ImportGraph, contracts: Contracts) -> set[str]:
    roots = {module.split(".")[0] for module in graph.modules}
    return roots - set(sys.stdlib_module_names) - set(contracts.packages())


def _normalized(distribution: str) -> str:
    return re.sub(r"[-_.]+", "-", distribution).lower()
