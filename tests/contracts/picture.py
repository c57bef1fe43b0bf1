"""Draws docs/architecture.md's picture from `.importlinter`.

`python -m tests.contracts.picture` writes it into the page; a test says when the page is behind.
"""

import ast
import re
from itertools import pairwise, permutations

from tests.contracts.contracts import ROOT, Contracts, read_contracts

PAGE = ROOT / "docs" / "architecture.md"
BEGIN = "<!-- drawn by `python -m tests.contracts.picture` -->\n"
MODULE = r"\w+"
END = "<!-- end of what is drawn -->\n"


def drawn(contracts: Contracts) -> str:
    """Return the part of the page that the contracts say."""
    layered = [name for name in contracts.options if contracts.values(name, "layers")]
    names = "".join(f"- {contracts.name(contract)}\n" for contract in contracts.options)
    return "\n".join(
        (
            BEGIN,
            _mermaid(_between(contracts)),
            *(_mermaid(_inside(contracts, name)) for name in layered),
            f"The contracts, as `make check` prints them:\n\n{names}",
            END,
        )
    )


def replaced(page: str, part: str) -> str:
    """Return the page with this part in place of the one that it has."""
    head, rest = page.split(BEGIN)
    _, tail = rest.split(END)
    return head + part + tail


def _between(contracts: Contracts) -> list[str]:
    """Arrows for what may be imported: all that no contract forbids, and what contracts let by."""
    packages = contracts.packages()
    arrows: set[tuple[str, str]] = set()
    for importer, imported in permutations(packages, 2):
        forbidden = [
            name
            for name in contracts.options
            if importer in contracts.values(name, "source_modules")
            and imported in contracts.values(name, "forbidden_modules")
        ]
        if not forbidden:
            arrows.add((importer, imported))
        for name in forbidden:
            arrows |= _let_by(contracts, name, importer, imported)
    inner = sorted({imported for _, imported in arrows if "." in imported})
    nodes = [_node(name) for name in (*packages, *inner)]
    parts = [f"{module.split('.')[0]} --- {_id(module)}" for module in inner]
    return [*nodes, *(f"{_id(start)} --> {_id(end)}" for start, end in sorted(arrows)), *parts]


def _let_by(contracts: Contracts, name: str, importer: str, imported: str) -> set[tuple[str, str]]:
    pairs = [line.split(" -> ") for line in contracts.values(name, "ignore_imports")]
    return {
        (importer, end.removesuffix(".*"))
        for start, end in pairs
        if start.split(".")[0] == importer and end.split(".")[0] == imported
    }


def _inside(contracts: Contracts, name: str) -> list[str]:
    """One box a layer, from top to bottom."""
    (container,) = contracts.values(name, "containers")
    layers = contracts.values(name, "layers")
    boxes = [
        f'layer{number}["{" · ".join(re.findall(MODULE, layer))}"]'
        for number, layer in enumerate(layers)
    ]
    arrows = [f"layer{above} --> layer{below}" for above, below in pairwise(range(len(layers)))]
    return [f'subgraph {container}["inside {container}"]', *boxes, *arrows, "end"]


def _node(module: str) -> str:
    return f'{_id(module)}["<b>{module}</b><br/>{_role(module)}"]'


def _id(module: str) -> str:
    return module.replace(".", "_")


def _role(module: str) -> str:
    """Return the first sentence of the module's own description."""
    path = ROOT / module.replace(".", "/")
    source = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    text = ast.get_docstring(ast.parse(source.read_text("utf-8"))) or ""
    sentence = re.split(r"[.:]\s", f"{text} ".replace("\n", " "), maxsplit=1)[0]
    return sentence.replace('"', "'").replace("`", "")


def _mermaid(lines: list[str]) -> str:
    return "```mermaid\nflowchart TB\n" + "".join(f"  {line}\n" for line in lines) + "```\n"


if __name__ == "__main__":
    PAGE.write_text(replaced(PAGE.read_text("utf-8"), drawn(read_contracts())), "utf-8")
