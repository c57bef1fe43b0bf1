"""The contracts of `.importlinter`, checked against a graph of imports that tests may add to."""

from collections.abc import Mapping
from configparser import ConfigParser
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path

import grimp
from importlinter import configuration
from importlinter.contracts.forbidden import ForbiddenContract
from importlinter.contracts.layers import LayersContract
from importlinter.domain.contract import Contract

from tests.support.checkout import ROOT

FILE = ROOT / ".importlinter"
configuration.configure()
TYPES: Mapping[str, type[Contract]] = {"forbidden": ForbiddenContract, "layers": LayersContract}


@dataclass(frozen=True)
class Contracts:
    """What the file says. `options`: by the contract's id."""

    session: Mapping[str, list[str]]
    options: Mapping[str, Mapping[str, list[str]]]

    def packages(self) -> list[str]:
        """Return the packages that the contracts are about."""
        return self.session["root_packages"]

    def name(self, contract: str) -> str:
        """Return the sentence that the linter prints."""
        return " ".join(self.options[contract]["name"])

    def values(self, contract: str, option: str) -> list[str]:
        """Return what stands there, one entry a line; nothing where the option is not given."""
        return self.options[contract].get(option, [])

    def broken(self, graph: grimp.ImportGraph) -> set[str]:
        """Return the ids of the contracts that this graph breaks."""
        return {name for name in self.options if not self._holds(name, graph)}

    def _holds(self, name: str, graph: grimp.ImportGraph) -> bool:
        options = {key: _as_linter(values) for key, values in self.options[name].items()}
        session = {key: _as_linter(values) for key, values in self.session.items()}
        contract = TYPES[str(options["type"])](self.name(name), session, options)
        # A check removes the imports that its contract ignores.
        return contract.check(deepcopy(graph), verbose=False).kept


def _as_linter(lines: list[str]) -> str | list[str]:
    """Return them as the linter reads an INI file: a single line is not a list."""
    return lines[0] if len(lines) == 1 else lines


def read_contracts(file: Path = FILE) -> Contracts:
    """Return the contracts as the file has them."""
    parser = ConfigParser()
    parser.read_string(file.read_text("utf-8"))
    sections = {
        name: {key: value.strip().splitlines() for key, value in parser[name].items()}
        for name in parser.sections()
    }
    session = sections.pop("importlinter")
    return Contracts(session, {name.split(":")[-1]: lines for name, lines in sections.items()})


def build_graph(contracts: Contracts) -> grimp.ImportGraph:
    """Return the imports of the working tree."""
    first, *others = contracts.packages()
    return grimp.build_graph(first, *others, include_external_packages=True, cache_dir=None)
