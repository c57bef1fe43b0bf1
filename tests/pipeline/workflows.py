"""The workflows' contract: rules over their parsed text, each with a name."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import yaml

from tests.harness.process import REPOSITORY

Tree = dict[str, Any]

PINNED = re.compile(r"(?P<action>[\w./-]+)@[0-9a-f]{40}")
UNPINNED_ALLOWED: frozenset[str] = frozenset()
"""Actions that may be named by a tag; each would need a reason here."""
RUNS_FORKS_CODE = {"ci", "preview"}
"""Workflows that a pull request starts, whoever sent it."""
STACKS = ("staging", "production")
LOGIN = "aws-actions/configure-aws-credentials"
TOKEN_STEPS = {"make approval", "make comment", "make issue", "make push"}
"""Commands that may hold the forge's token."""


@dataclass(frozen=True)
class Source:
    """All workflows, parsed, and what is only to be seen in their text."""

    workflows: Mapping[str, Tree]
    actions: Mapping[str, Tree]
    texts: Mapping[str, str]


def load(root: Path = REPOSITORY) -> Source:
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
    told = workflow["on"]
    return {told} if isinstance(told, str) else set(cast("Mapping[str, Any]", told))


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


def _all_steps(source: Source) -> Iterator[tuple[str, Tree]]:
    for name, job, tree in jobs(source):
        yield from ((f"{name}.{job}", step) for step in steps(tree))
    for name, action in source.actions.items():
        runs = cast("dict[str, Any]", action["runs"])
        yield from ((name, step) for step in cast("list[Tree]", runs["steps"]))


def actions_are_pinned(source: Source) -> Iterator[str]:
    for where, step in _all_steps(source):
        used = str(step.get("uses", "./"))
        if used.startswith("./") or used.partition("@")[0] in UNPINNED_ALLOWED:
            continue
        if not PINNED.fullmatch(used):
            yield f"{where}: {used}"


def pins_say_their_version(source: Source) -> Iterator[str]:
    for name, text in source.texts.items():
        for line in text.splitlines():
            if re.search(r"uses:.*@[0-9a-f]{40}", line) and not re.search(
                r"@[0-9a-f]{40} # v\d+\.\d+\.\d+$", line
            ):
                yield f"{name}: {line.strip()}"


def nothing_is_permitted_at_the_top(source: Source) -> Iterator[str]:
    for name, workflow in source.workflows.items():
        if workflow.get("permissions") != {}:
            yield name


def each_job_says_its_permissions(source: Source) -> Iterator[str]:
    for name, job, tree in jobs(source):
        if not isinstance(tree.get("permissions"), dict) or not tree["permissions"]:
            yield f"{name}.{job}"


def checkouts_keep_no_credentials(source: Source) -> Iterator[str]:
    for where, step in _all_steps(source):
        told = cast("Mapping[str, object]", step.get("with") or {})
        if str(step.get("uses", "")).startswith("actions/checkout@") and (
            told.get("persist-credentials") is not False
        ):
            yield where


def jobs_end_in_time(source: Source) -> Iterator[str]:
    for name, job, tree in jobs(source):
        if "uses" not in tree and not isinstance(tree.get("timeout-minutes"), int):
            yield f"{name}.{job}"


def no_event_hands_secrets_to_forks(source: Source) -> Iterator[str]:
    for name, workflow in source.workflows.items():
        for event in events(workflow) & {"pull_request_target", "workflow_run", "issue_comment"}:
            yield f"{name}: {event}"


def forks_code_sees_no_secret(source: Source) -> Iterator[str]:
    """No secret, no identity, no writing token, no environment where a stranger's code runs."""
    for name, job, tree in jobs(source):
        if name not in RUNS_FORKS_CODE or _refuses_forks(tree):
            continue
        if any("secrets." in text for text in texts_of(tree)) or "secrets" in tree:
            yield f"{name}.{job}: a secret"
        if "environment" in tree:
            yield f"{name}.{job}: an environment"
        if any(level != "read" for level in cast("Tree", tree.get("permissions") or {}).values()):
            yield f"{name}.{job}: more than reading"
        if any(LOGIN in str(step.get("uses", "")) for step in steps(tree)):
            yield f"{name}.{job}: a login"


def _refuses_forks(job: Tree) -> bool:
    return "head.repo.full_name == github.repository" in str(job.get("if", ""))


def writers_run_reviewed_code(source: Source) -> Iterator[str]:
    """In a pull request, a job that may write checks out the base, not what was sent."""
    for name, job, tree in jobs(source):
        if name not in RUNS_FORKS_CODE or not _refuses_forks(tree):
            continue
        for step in steps(tree):
            told = cast("Mapping[str, object]", step.get("with") or {})
            checkout = str(step.get("uses", "")).startswith("actions/checkout@")
            if checkout and "pull_request.base.sha" not in str(told.get("ref", "")):
                yield f"{name}.{job}"


def no_expression_in_a_script(source: Source) -> Iterator[str]:
    """What others write (branch names, titles) reaches a shell as a variable only."""
    for where, step in _all_steps(source):
        if "${{" in str(step.get("run", "")):
            yield f"{where}: {step['run']}"


def each_step_is_one_command(source: Source) -> Iterator[str]:
    allowed = re.compile(
        r"(sudo --preserve-env=PATH )?make [^;&|\n]*|cat \S+ >> \"\$GITHUB_STEP_SUMMARY\""
    )
    for where, step in _all_steps(source):
        if "run" in step and not allowed.fullmatch(str(step["run"])):
            yield f"{where}: {step['run']}"


def _commands(job: Tree) -> str:
    return "\n".join(str(step.get("run", "")) for step in steps(job))


def _moves(job: Tree) -> bool:
    return re.search(r"make (deploy|rollback)\b", _commands(job)) is not None


def _needed(job: Tree) -> Sequence[str]:
    needs = job.get("needs", [])
    return [needs] if isinstance(needs, str) else cast("list[str]", needs)


def nothing_deploys_without_tests(source: Source) -> Iterator[str]:
    for name, job, tree in jobs(source):
        if not re.search(r"make deploy\b", _commands(tree)):
            continue
        tested = [
            need
            for need in _needed(tree)
            if source.workflows[name]["jobs"].get(need, {}).get("uses")
            == "./.github/workflows/ci.yml"
        ]
        if not tested or "always()" in str(tree.get("if", "")):
            yield f"{name}.{job}"


def events_lead_to_their_stack(source: Source) -> Iterator[str]:
    """develop → staging, main → production, and nothing else moves a stack by itself."""
    branches = {"staging": "develop", "production": "main"}
    for name, job, tree in jobs(source):
        for stack in re.findall(r"make deploy STACK=(\S+)", _commands(tree)):
            condition = f"github.ref == 'refs/heads/{branches.get(stack)}'"
            if tree.get("if") != condition or events(source.workflows[name]) != {"push"}:
                yield f"{name}.{job}: {stack} on {tree.get('if')}"
        by_itself = events(source.workflows[name]) - {"workflow_dispatch"}
        if "make rollback" in _commands(tree) and by_itself:
            yield f"{name}.{job}: rolls back on {', '.join(sorted(by_itself))}"


def a_person_approves_production(source: Source) -> Iterator[str]:
    for name, job, tree in jobs(source):
        if "make deploy STACK=production" not in _commands(tree):
            continue
        if tree.get("environment") != "production":
            yield f"{name}.{job}: deploys outside the environment `production`"
        asked = [
            need
            for need in _needed(tree)
            if "make approval ENVIRONMENT=production"
            in _commands(source.workflows[name]["jobs"].get(need, {}))
        ]
        if not asked:
            yield f"{name}.{job}: nobody looked whether the environment asks a person"


def production_never_builds(source: Source) -> Iterator[str]:
    for name, job, tree in jobs(source):
        for line in _commands(tree).splitlines():
            promoted = 'IMAGE="$(make --silent image STACK=staging)"'
            if "make deploy STACK=production" in line and promoted not in line:
                yield f"{name}.{job}: {line}"


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
        for stack in re.findall(r"make deploy STACK=(\S+)", _commands(tree)):
            if group != f"stack-{stack}":
                yield f"{name}.{job}: {group}"
        if "make rollback" in _commands(tree) and group.startswith("stack-"):
            yield f"{name}.{job}: would wait for the deploy that it is to end"


def identities_are_short_lived(source: Source) -> Iterator[str]:
    for name, job, tree in jobs(source):
        logs_in = any(LOGIN in str(step.get("uses", "")) for step in steps(tree))
        may = cast("Mapping[str, str]", tree.get("permissions") or {})
        if logs_in is not (may.get("id-token") == "write"):
            yield f"{name}.{job}: identity and login do not go together"
        if re.search(r"access[-_]key", " ".join(texts_of(tree)), re.IGNORECASE):
            yield f"{name}.{job}: a long-lived key"


def tokens_go_to_few_steps(source: Source) -> Iterator[str]:
    for name, job, tree in jobs(source):
        if "github.token" in str(tree.get("env", "")):
            yield f"{name}.{job}"
        for step in steps(tree):
            command = " ".join(str(step.get("run", "")).split()[:2])
            if "github.token" in " ".join(texts_of(step)) and command not in TOKEN_STEPS:
                yield f"{name}.{job}: {step.get('run') or step.get('uses')}"


Rule = Callable[[Source], Iterator[str]]
RULES: dict[str, Rule] = {
    rule.__name__: rule
    for rule in (
        actions_are_pinned,
        pins_say_their_version,
        nothing_is_permitted_at_the_top,
        each_job_says_its_permissions,
        checkouts_keep_no_credentials,
        jobs_end_in_time,
        no_event_hands_secrets_to_forks,
        forks_code_sees_no_secret,
        writers_run_reviewed_code,
        no_expression_in_a_script,
        each_step_is_one_command,
        nothing_deploys_without_tests,
        events_lead_to_their_stack,
        a_person_approves_production,
        production_never_builds,
        nothing_cancels_a_deploy,
        stacks_have_groups_of_their_own,
        identities_are_short_lived,
        tokens_go_to_few_steps,
    )
}
