"""The workflows' contract about what must hold: what is run, and what may go on after a failure."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, cast

from tests.pipeline.hardening import AS_ROOT
from tests.pipeline.source import Source, Tree, all_steps, commands, jobs, steps

ASKED = {"pull_request": {"branches": ["develop", "main"]}, "workflow_call": None}
"""What starts `ci`: each pull request, and the deploy."""
CHECKING = {"ci", "nightly"}
UPLOAD = "actions/upload-artifact@"
BUILT_FROM = (
    "runner.os",
    "runner.arch",
    "'testbed/toolchain.py'",
    "'testbed/modules/*/go.mod'",
    "'testbed/modules/*/go.sum'",
)
"""What the key of the cached toolchain is made of."""
REQUIRED = ("make check", "make scan", "make test")
CONDITIONS: Mapping[str, str] = {
    "always()": r"make (--silent summary|push|issue) .*|cat .*|actions/upload-artifact@.*",
    "github.event_name == 'pull_request'": r"make commits .*",
    "inputs.pulumi == 'true'": r"pulumi/actions@.*",
    "inputs.toolchain == 'true'": r"actions/cache@.*",
}
"""The conditions of steps, and which steps may have each."""


def ci_runs_all_checks(source: Source) -> Iterator[str]:
    """In each pull request and before each deploy; no condition may skip one of them."""
    ci = source.workflows["ci"]
    if ci["on"] != ASKED:
        yield f"ci: starts on {ci['on']}"
    ran = [
        str(step.get("run", "")).removeprefix(AS_ROOT)
        for job in cast("Mapping[str, Tree]", ci["jobs"]).values()
        for step in steps(job)
        if "if" not in {**job, **step}
    ]
    for command in REQUIRED:
        if not any(re.fullmatch(rf"{command}( REPORTS=reports)?", line) for line in ran):
            yield f"ci: nobody runs `{command}`"


def secrets_are_looked_for_in_all_commits(source: Source) -> Iterator[str]:
    for name, job, tree in jobs(source):
        checkout = cast("Mapping[str, object]", (steps(tree) or [{}])[0].get("with") or {})
        if re.search(r"make (scan|test)\b", commands(tree)) and checkout.get("fetch-depth") != 0:
            yield f"{name}.{job}: has no history to look into"


def what_is_found_is_kept(source: Source) -> Iterator[str]:
    """Of each job that checks or measures, also when it fails."""
    for name, job, tree in jobs(source):
        if name not in CHECKING:
            continue
        kept = [step for step in steps(tree) if UPLOAD in str(step.get("uses", ""))]
        if not kept or any(step.get("if") != "always()" for step in kept):
            yield f"{name}.{job}: no artifact"
        summarized = "make --silent summary REPORTS=reports" in commands(tree)
        if re.search(r"make (check|test)\b", commands(tree)) and not summarized:
            yield f"{name}.{job}: no summary"


def a_check_that_fails_is_reported(source: Source) -> Iterator[str]:
    """Who only hears of a drift that was found takes a check that cannot look for good news."""
    for name, job, tree in jobs(source):
        for step in steps(tree):
            if str(step.get("run", "")).startswith("make issue") and step.get("if") != "always()":
                yield f"{name}.{job}"


def platforms_start_from_the_cached_toolchain(source: Source) -> Iterator[str]:
    """A job that runs as root brings the platform up; no other takes what the cache holds."""
    for name, job, tree in jobs(source):
        asked = any(_settings(step).get("toolchain") == "true" for step in steps(tree))
        if asked != ("sudo " in commands(tree)):
            yield f"{name}.{job}: asks for it: {asked}"
        if asked and "TESTBED_CACHE" not in _section(tree, "env"):
            yield f"{name}.{job}: says no place for it"


def the_toolchain_is_cached_by_what_it_is_built_from(source: Source) -> Iterator[str]:
    caches = [
        _settings(step)
        for _, step in all_steps(source)
        if str(step.get("uses", "")).startswith("actions/cache@")
    ]
    if len(caches) != 1:
        yield f"{len(caches)} caches"
    for cache in caches:
        key = str(cache.get("key"))
        missing = [part for part in BUILT_FROM if part not in key]
        yield from (f"another {part} is no other key" for part in missing)


def _settings(step: Tree) -> Mapping[str, object]:
    return _section(step, "with")


def _section(tree: Tree, name: str) -> Mapping[str, object]:
    return cast("Mapping[str, object]", tree.get(name) or {})


def nothing_goes_on_after_an_error(source: Source) -> Iterator[str]:
    for name, tree in {**source.workflows, **source.actions}.items():
        if _has(tree, "continue-on-error"):
            yield name


def _has(tree: object, key: str) -> bool:
    if isinstance(tree, Mapping):
        mapping = cast("Mapping[str, Any]", tree)
        return key in mapping or any(_has(value, key) for value in mapping.values())
    return isinstance(tree, list) and any(_has(value, key) for value in cast("list[Any]", tree))


def only_reports_outlive_a_failure(source: Source) -> Iterator[str]:
    """A step's condition is one that was reviewed: what it can skip, and what it can go past."""
    for where, step in all_steps(source):
        if "if" not in step:
            continue
        does = str(step.get("run", step.get("uses")))
        may = CONDITIONS.get(str(step["if"]))
        if may is None or not re.fullmatch(may, does):
            yield f"{where}: {does} if {step['if']}"
