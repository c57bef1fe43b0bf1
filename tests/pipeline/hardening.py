"""The workflows' contract about security: pins, rights, secrets, strangers' code."""

import re
from collections.abc import Iterator, Mapping
from typing import cast

from tests.pipeline.source import Source, Tree, all_steps, events, jobs, steps, texts_of

PINNED = re.compile(r"(?P<action>[\w./-]+)@[0-9a-f]{40}")
EVENTS = {"pull_request", "push", "schedule", "workflow_call", "workflow_dispatch"}
"""What may start a workflow; the other events of a pull request hand a fork our secrets."""
CALLED = "./.github/workflows/"
OWN_BRANCHES_ONLY = "always() && github.event.pull_request.head.repo.full_name == github.repository"
"""The one condition that keeps forks out; whatever is or'ed to it lets them in."""
REVIEWED = "${{ github.event.pull_request.base.sha }}"
LOGIN = "aws-actions/configure-aws-credentials"
AS_ROOT = "sudo --preserve-env=PATH,TESTBED_CACHE "
TOKEN_STEPS = {"make approval", "make comment", "make issue", "make push"}
"""Commands that may hold the forge's token."""


def actions_are_pinned(source: Source) -> Iterator[str]:
    for where, step in all_steps(source):
        used = str(step.get("uses", "./"))
        if not (used.startswith("./") or PINNED.fullmatch(used)):
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
    for where, step in all_steps(source):
        inputs = cast("Mapping[str, object]", step.get("with") or {})
        if str(step.get("uses", "")).startswith("actions/checkout@") and (
            inputs.get("persist-credentials") is not False
        ):
            yield where


def jobs_end_in_time(source: Source) -> Iterator[str]:
    for name, job, tree in jobs(source):
        if "uses" not in tree and not isinstance(tree.get("timeout-minutes"), int):
            yield f"{name}.{job}"


def no_event_hands_secrets_to_forks(source: Source) -> Iterator[str]:
    for name, workflow in source.workflows.items():
        for event in sorted(events(workflow) - EVENTS):
            yield f"{name}: {event}"


def runs_forks_code(source: Source) -> set[str]:
    """Return the workflows that any pull request starts, from a fork too, and those they call."""
    exposed = {name for name, tree in source.workflows.items() if "pull_request" in events(tree)}
    waiting = sorted(exposed)
    while waiting:
        for tree in source.workflows[waiting.pop()]["jobs"].values():
            called = str(tree.get("uses", "")).removeprefix(CALLED).removesuffix(".yml")
            if called in source.workflows and called not in exposed:
                exposed.add(called)
                waiting.append(called)
    return exposed


def forks_code_sees_no_secret(source: Source) -> Iterator[str]:
    """No secret, no identity, no writing token, no environment where a stranger's code runs."""
    forks = runs_forks_code(source)
    for name in sorted(forks):
        above = {key: tree for key, tree in source.workflows[name].items() if key != "jobs"}
        if _asks_for_secrets(above):
            yield f"{name}: a secret"
    for name, job, tree in jobs(source):
        if name not in forks or _refuses_forks(tree):
            continue
        if _asks_for_secrets(tree) or "secrets" in tree:
            yield f"{name}.{job}: a secret"
        if "environment" in tree:
            yield f"{name}.{job}: an environment"
        if any(level != "read" for level in cast("Tree", tree.get("permissions") or {}).values()):
            yield f"{name}.{job}: more than reading"
        if any(LOGIN in str(step.get("uses", "")) for step in steps(tree)):
            yield f"{name}.{job}: a login"


def _asks_for_secrets(tree: Tree) -> bool:
    return any(re.search(r"\$\{\{[^}]*\bsecrets\b", text) for text in texts_of(tree))


def _refuses_forks(job: Tree) -> bool:
    return job.get("if") == OWN_BRANCHES_ONLY


def writers_run_reviewed_code(source: Source) -> Iterator[str]:
    """In a pull request, a job that may write checks out the base, not what was sent."""
    forks = runs_forks_code(source)
    for name, job, tree in jobs(source):
        if name not in forks or not _refuses_forks(tree):
            continue
        for step in steps(tree):
            inputs = cast("Mapping[str, object]", step.get("with") or {})
            checkout = str(step.get("uses", "")).startswith("actions/checkout@")
            if checkout and inputs.get("ref") != REVIEWED:
                yield f"{name}.{job}"


def no_expression_in_a_script(source: Source) -> Iterator[str]:
    """What others write (branch names, titles) reaches a shell as a variable only."""
    for where, step in all_steps(source):
        if "${{" in str(step.get("run", "")):
            yield f"{where}: {step['run']}"


def each_step_is_one_command(source: Source) -> Iterator[str]:
    to_the_summary = r" >> \"\$GITHUB_STEP_SUMMARY\""
    value = r"(?:[\w./-]+|\"[\w./$-]*\")"
    make = rf"make (--silent )?[a-z.][\w./-]*( [A-Z]+={value})*"
    allowed = re.compile(rf"({AS_ROOT})?{make}|{make}{to_the_summary}|cat \S+{to_the_summary}")
    for where, step in all_steps(source):
        if "run" in step and not allowed.fullmatch(str(step["run"])):
            yield f"{where}: {step['run']}"


def identities_are_short_lived(source: Source) -> Iterator[str]:
    for name, job, tree in jobs(source):
        logs_in = any(LOGIN in str(step.get("uses", "")) for step in steps(tree))
        may = cast("Mapping[str, str]", tree.get("permissions") or {})
        if logs_in is not (may.get("id-token") == "write"):
            yield f"{name}.{job}: identity and login do not go together"
        if re.search(r"access[-_]key", " ".join(texts_of(tree)), re.IGNORECASE):
            yield f"{name}.{job}: a long-lived key"


def tokens_go_to_few_steps(source: Source) -> Iterator[str]:
    for name, workflow in source.workflows.items():
        if "github.token" in str(workflow.get("env", "")):
            yield name
    for name, job, tree in jobs(source):
        if "github.token" in str(tree.get("env", "")):
            yield f"{name}.{job}"
        for step in steps(tree):
            command = " ".join(str(step.get("run", "")).split()[:2])
            if "github.token" in " ".join(texts_of(step)) and command not in TOKEN_STEPS:
                yield f"{name}.{job}: {step.get('run') or step.get('uses')}"
