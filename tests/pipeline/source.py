"""The workflows, parsed; what several rules ask of them."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import yaml

from tests.support.checkout import ROOT

Tree = dict[str, Any]


@dataclass(frozen=True)
class Source:
    """All workflows, parsed, and what is only to be seen in their text."""

    workflows: Mapping[str, Tree]
    actions: Mapping[str, Tree]
    texts: Mapping[str, str]


def load(root: Path = ROOT) -> Source:
    github = root / ".github"
    files = {file.stem: file for file in sorted((github / "workflows").glob("*.yml"))}
    local = {file.parent.name: file for file in sorted((github / "actions").glob("*/action.yml"))}
    return Source(
        {name: _parsed(file) for name, file in files.items()},
        {name: _parsed(file) for name, file in local.items()},
        {name: file.read_text() for name, file in {**files, **local}.items()},
    )


def _parsed(file: Path) -> Tree:
    tree = cast("dict[Any, Any]", yaml.safe_load(file.read_text()))
    # YAML 1.1 reads `on` as true.
    return {"on" if key is True else str(key): value for key, value in tree.items()}


def jobs(source: Source) -> Iterator[tuple[str, str, Tree]]:
    for name, workflow in source.workflows.items():
        for job, tree in cast("dict[str, Tree]", workflow["jobs"]).items():
            yield name, job, tree


def steps(job: Tree) -> list[Tree]:
    return cast("list[Tree]", job.get("steps", []))


def events(workflow: Tree) -> set[str]:
    triggers = workflow["on"]
    return {triggers} if isinstance(triggers, str) else set(cast("Mapping[str, Any]", triggers))


def texts_of(tree: object) -> Iterator[str]:
    if isinstance(tree, Mapping):
        for key, value in cast("Mapping[str, object]", tree).items():
            yield key
            yield from texts_of(value)
    elif isinstance(tree, list):
        for value in cast("list[object]", tree):
            yield from texts_of(value)
    elif isinstance(tree, str):
        yield tree


def all_steps(source: Source) -> Iterator[tuple[str, Tree]]:
    for name, job, tree in jobs(source):
        yield from ((f"{name}.{job}", step) for step in steps(tree))
    for name, action in source.actions.items():
        runs = cast("dict[str, Any]", action["runs"])
        yield from ((name, step) for step in cast("list[Tree]", runs["steps"]))


def commands(job: Tree) -> str:
    return "\n".join(str(step.get("run", "")) for step in steps(job))


def needed(job: Tree) -> Sequence[str]:
    needs = job.get("needs", [])
    return [needs] if isinstance(needs, str) else cast("list[str]", needs)


Rule = Callable[[Source], Iterator[str]]
