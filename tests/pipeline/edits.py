"""Edits of parsed workflows, to plant a mistake."""

from collections.abc import Callable
from typing import Any, cast

from tests.pipeline.source import Tree

Edit = Callable[[dict[str, Tree]], object]


def job_of(workflow: str, job: str) -> Callable[[dict[str, Tree]], Tree]:
    return lambda workflows: cast("Tree", workflows[workflow]["jobs"][job])


def _words(step: Tree) -> str:
    return str(step.get("run", step.get("uses", "")))


def fields(workflow: str, job: str, **changes: Any) -> Edit:  # noqa: ANN401 -- as YAML has it
    return lambda workflows: job_of(workflow, job)(workflows).update(
        {key.replace("_", "-"): value for key, value in changes.items()}
    )


def added(workflow: str, job: str, **new: Any) -> Edit:  # noqa: ANN401 -- a step of any form
    return lambda workflows: job_of(workflow, job)(workflows)["steps"].append(new)


def top(workflow: str, **fields: Any) -> Edit:  # noqa: ANN401 -- any key of a workflow
    return lambda workflows: workflows[workflow].update(fields)


def step(workflow: str, job: str, begin: str, **changes: Any) -> Edit:  # noqa: ANN401 -- any key of a step
    def edit(workflows: dict[str, Tree]) -> None:
        for each in job_of(workflow, job)(workflows)["steps"]:
            if _words(each).startswith(begin):
                each.update(changes)

    return edit


def started_on(workflow: str, event: str) -> Edit:
    return lambda workflows: workflows[workflow]["on"].update({event: None})


def without(workflow: str, job: str, begin: str) -> Edit:
    def edit(workflows: dict[str, Tree]) -> None:
        tree = job_of(workflow, job)(workflows)
        tree["steps"] = [each for each in tree["steps"] if not _words(each).startswith(begin)]

    return edit
