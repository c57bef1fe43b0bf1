"""The workflows' contract about stacks: which event leads where, who approves, what waits."""

import re
from collections.abc import Iterator, Mapping
from typing import cast

from tests.pipeline.source import Source, Tree, commands, events, jobs, needed, steps

BRANCHES = {"staging": "develop", "production": "main"}
DEPLOYING = {"push": {"branches": ["develop", "main"]}}
"""What starts a deploy: no other branch and no other event."""
TESTED = 'make tested TESTED="$TESTED"'
STAGED = "make deploy STACK=staging ONLY=candidates"
PROMOTED = "make deploy STACK=production FROM=staging"
ROLLING_BACK = (
    "github.ref == (inputs.stack == 'production' && 'refs/heads/main' || 'refs/heads/develop')"
)
_REGARDLESS = re.compile(r"\b(always|failure|cancelled|success)\(")
"""What lets a job run although one that it needs has failed."""


def _moves(job: Tree) -> bool:
    return re.search(r"make (deploy|rollback)\b", commands(job)) is not None


def _deployed(job: Tree) -> list[str]:
    """Return the stacks that a job deploys; what is not spelt out is a stack without a name."""
    lines = [line for line in commands(job).splitlines() if re.search(r"make deploy\b", line)]
    return [(re.findall(r" STACK=(\S+)", line) or [""])[0] for line in lines]


def nothing_deploys_without_tests(source: Source) -> Iterator[str]:
    for name, job, tree in jobs(source):
        if not _deployed(tree):
            continue
        tested = [
            need
            for need in needed(tree)
            if source.workflows[name]["jobs"].get(need, {}).get("uses")
            == "./.github/workflows/ci.yml"
        ]
        if not tested or _REGARDLESS.search(str(tree.get("if", ""))):
            yield f"{name}.{job}"


def events_lead_to_their_stack(source: Source) -> Iterator[str]:
    """develop → staging, main → production, and nothing else moves a stack by itself."""
    for name, job, tree in jobs(source):
        begins = source.workflows[name]["on"]
        for stack in _deployed(tree):
            condition = f"github.ref == 'refs/heads/{BRANCHES.get(stack)}'"
            if tree.get("if") != condition or begins != DEPLOYING:
                yield f"{name}.{job}: {stack} on {begins} if {tree.get('if')}"
        if "make rollback" in commands(tree):
            if by_itself := events(source.workflows[name]) - {"workflow_dispatch"}:
                yield f"{name}.{job}: rolls back on {', '.join(sorted(by_itself))}"
            if tree.get("if") != ROLLING_BACK:
                yield f"{name}.{job}: rolls back if {tree.get('if')}"


def a_person_approves_production(source: Source) -> Iterator[str]:
    for name, job, tree in jobs(source):
        if "production" not in _deployed(tree):
            continue
        if tree.get("environment") != "production":
            yield f"{name}.{job}: deploys outside the environment `production`"
        asked = [
            need
            for need in needed(tree)
            if "make approval ENVIRONMENT=production"
            in commands(source.workflows[name]["jobs"].get(need, {}))
        ]
        if not asked:
            yield f"{name}.{job}: nobody looked whether the environment asks a person"


def production_never_builds(source: Source) -> Iterator[str]:
    for name, job, tree in jobs(source):
        for line in commands(tree).splitlines():
            if "STACK=production" in line and line.startswith("make deploy") and line != PROMOTED:
                yield f"{name}.{job}: {line}"


def deploys_begin_at_the_head_that_was_tested(source: Source) -> Iterator[str]:
    """With the config of the deploy before; what came meanwhile has a run of its own."""
    for name, job, tree in jobs(source):
        if not _moves(tree):
            continue
        checkout = cast("Mapping[str, object]", steps(tree)[0].get("with") or {})
        if checkout.get("ref") != "${{ github.ref }}":
            yield f"{name}.{job}: begins at {checkout.get('ref')}"
        if not _deployed(tree):
            continue
        ran = [step for step in steps(tree) if str(step.get("run", "")).startswith("make ")]
        if ran[0].get("run") != TESTED or ran[0].get("env") != {"TESTED": "${{ github.sha }}"}:
            yield f"{name}.{job}: nobody looked whether it was tested"


def staging_gets_candidates(source: Source) -> Iterator[str]:
    """A build without a tag would be refused by production, however good it is."""
    for name, job, tree in jobs(source):
        ran = [line for line in commands(tree).splitlines() if line in ("make candidate", STAGED)]
        if "staging" in _deployed(tree) and ran != ["make candidate", STAGED]:
            yield f"{name}.{job}"


def nothing_cancels_a_deploy(source: Source) -> Iterator[str]:
    for name, job, tree in jobs(source):
        limit = cast("Mapping[str, object]", tree.get("concurrency") or {})
        above = cast("Mapping[str, object]", source.workflows[name].get("concurrency") or {})
        if not _moves(tree):
            continue
        if limit.get("cancel-in-progress") is not False or "group" not in limit:
            yield f"{name}.{job}: its own concurrency"
        if above.get("cancel-in-progress"):
            yield f"{name}: cancels all of it"


def stacks_have_groups_of_their_own(source: Source) -> Iterator[str]:
    """A deploy waits for the one before; a rollback waits for no deploy."""
    for name, job, tree in jobs(source):
        group = str(cast("Mapping[str, object]", tree.get("concurrency") or {}).get("group", ""))
        for stack in _deployed(tree):
            if group != f"stack-{stack}":
                yield f"{name}.{job}: {group}"
        if "make rollback" in commands(tree) and group.startswith("stack-"):
            yield f"{name}.{job}: would wait for the deploy that it is to end"


def schemas_are_compared_before_a_merge(source: Source) -> Iterator[str]:
    """Of the stack that the pull request's branch leads to, with its whole history at hand."""
    stack = "${{ github.base_ref == 'main' && 'production' || 'staging' }}"
    seen = False
    for name, job, tree in jobs(source):
        for step in steps(tree):
            if not str(step.get("run", "")).startswith("make compatible "):
                continue
            seen = True
            variables = cast("Mapping[str, str]", step.get("env") or {})
            if events(source.workflows[name]) != {"pull_request"} or "if" in {**tree, **step}:
                yield f"{name}.{job}: not in every pull request"
            if variables != {"STACK": stack, "BASE_BRANCH": "${{ github.base_ref }}"}:
                yield f"{name}.{job}: compares {variables}"
            if "'fetch-depth': 0" not in str(steps(tree)[0]):
                yield f"{name}.{job}: has no history to look into"
    if not seen:
        yield "nobody runs `make compatible`"
