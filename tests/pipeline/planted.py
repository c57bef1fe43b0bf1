"""Mistakes planted into the workflows, by name: the rule that must find each, and the edit."""

from collections.abc import Callable, Mapping
from typing import Any, cast

from tests.pipeline.source import Tree

Edit = Callable[[dict[str, Tree]], object]


def _job(workflow: str, job: str) -> Callable[[dict[str, Tree]], Tree]:
    return lambda found: cast("Tree", found[workflow]["jobs"][job])


def _set(workflow: str, job: str, **fields: Any) -> Edit:  # noqa: ANN401 -- as YAML has it
    return lambda found: _job(workflow, job)(found).update(
        {key.replace("_", "-"): value for key, value in fields.items()}
    )


def _add(workflow: str, job: str, **step: Any) -> Edit:  # noqa: ANN401 -- likewise
    return lambda found: _job(workflow, job)(found)["steps"].append(step)


def _top(workflow: str, **fields: Any) -> Edit:  # noqa: ANN401 -- likewise
    return lambda found: found[workflow].update(fields)


def _step(workflow: str, job: str, begin: str, **fields: Any) -> Edit:  # noqa: ANN401 -- likewise
    def edit(found: dict[str, Tree]) -> None:
        for step in _job(workflow, job)(found)["steps"]:
            if str(step.get("run", step.get("uses", ""))).startswith(begin):
                step.update(fields)

    return edit


PLANTED: Mapping[str, tuple[str, Edit]] = {
    "an action by its tag": (
        "actions_are_pinned",
        _add("ci", "check", uses="actions/cache@v5"),
    ),
    "an action by its branch": (
        "actions_are_pinned",
        _add("deploy", "staging", uses="some/action@main"),
    ),
    "an action by a short hash": (
        "actions_are_pinned",
        _add("ci", "scan", uses="actions/cache@27d5ce7"),
    ),
    "everything may be written": (
        "nothing_is_permitted_at_the_top",
        _top("nightly", permissions="write-all"),
    ),
    "nothing said about rights at the top": (
        "nothing_is_permitted_at_the_top",
        lambda found: found["ci"].pop("permissions"),
    ),
    "a job without permissions of its own": (
        "each_job_says_its_permissions",
        lambda found: _job("drift", "drift")(found).pop("permissions"),
    ),
    "a checkout that keeps the token": (
        "checkouts_keep_no_credentials",
        _step("deploy", "production", "actions/checkout", **{"with": {"fetch-depth": 0}}),
    ),
    "a job without an end": (
        "jobs_end_in_time",
        lambda found: _job("nightly", "soak")(found).pop("timeout-minutes"),
    ),
    "a pull request that gets secrets": (
        "no_event_hands_secrets_to_forks",
        _top("preview", on={"pull_request_target": None}),
    ),
    "a workflow after a fork's workflow": (
        "no_event_hands_secrets_to_forks",
        _top("deploy", on={"workflow_run": {"workflows": ["ci"]}}),
    ),
    "a fork with a secret": (
        "forks_code_sees_no_secret",
        _step("preview", "render", "make", env={"TOKEN": "${{ secrets.PULUMI_ACCESS_TOKEN }}"}),
    ),
    "a fork with all secrets": (
        "forks_code_sees_no_secret",
        _set("ci", "test", secrets="inherit"),
    ),
    "a fork in an environment": (
        "forks_code_sees_no_secret",
        _set("preview", "render", environment="production"),
    ),
    "a fork with an identity": (
        "forks_code_sees_no_secret",
        _set("preview", "render", permissions={"contents": "read", "id-token": "write"}),
    ),
    "a comment by the code that was sent": (
        "writers_run_reviewed_code",
        _step("preview", "comment", "actions/checkout", **{"with": {"persist-credentials": False}}),
    ),
    "a branch's name in a script": (
        "no_expression_in_a_script",
        _add("preview", "render", run="echo ${{ github.head_ref }}"),
    ),
    "a script in a workflow": (
        "each_step_is_one_command",
        _add("deploy", "staging", run="curl https://get.example | sh"),
    ),
    "a deploy without tests": (
        "nothing_deploys_without_tests",
        _set("deploy", "staging", needs=[]),
    ),
    "a deploy even if tests fail": (
        "nothing_deploys_without_tests",
        _set("deploy", "production", **{"if": "always() && github.ref == 'refs/heads/main'"}),
    ),
    "production from develop": (
        "events_lead_to_their_stack",
        _set("deploy", "production", **{"if": "github.ref == 'refs/heads/develop'"}),
    ),
    "a rollback by the clock": (
        "events_lead_to_their_stack",
        _top("rollback", on={"schedule": [{"cron": "0 0 * * *"}]}),
    ),
    "production without its environment": (
        "a_person_approves_production",
        lambda found: _job("deploy", "production")(found).pop("environment"),
    ),
    "production where nobody looked at the rule": (
        "a_person_approves_production",
        _set("deploy", "production", needs=["ci"]),
    ),
    "production that builds": (
        "production_never_builds",
        _step("deploy", "production", "make deploy", run="make deploy STACK=production"),
    ),
    "a deploy that the next one cancels": (
        "nothing_cancels_a_deploy",
        _set(
            "deploy", "staging", concurrency={"group": "stack-staging", "cancel-in-progress": True}
        ),
    ),
    "a workflow that cancels its deploys": (
        "nothing_cancels_a_deploy",
        _top("deploy", concurrency={"group": "deploy", "cancel-in-progress": True}),
    ),
    "two deploys of a stack at once": (
        "stacks_have_groups_of_their_own",
        _set("deploy", "staging", concurrency={"group": "other", "cancel-in-progress": False}),
    ),
    "a rollback behind the deploy it is to end": (
        "stacks_have_groups_of_their_own",
        _set("rollback", "rollback", concurrency={"group": "stack-x", "cancel-in-progress": False}),
    ),
    "a pull request that nobody holds against what runs": (
        "schemas_are_compared_before_a_merge",
        lambda found: found["preview"]["jobs"].pop("compatible"),
    ),
    "a pull request held against another stack": (
        "schemas_are_compared_before_a_merge",
        _step("preview", "compatible", "make compatible", env={"STACK": "local"}),
    ),
    "a comparison without history": (
        "schemas_are_compared_before_a_merge",
        _step("preview", "compatible", "actions/checkout", **{"with": {"fetch-depth": 1}}),
    ),
    "a key that never ends": (
        "identities_are_short_lived",
        _step("deploy", "staging", "make deploy", env={"AWS_SECRET_ACCESS_KEY": "x"}),
    ),
    "an identity that nobody uses": (
        "identities_are_short_lived",
        _set("nightly", "bench", permissions={"contents": "read", "id-token": "write"}),
    ),
    "a token for everything in a job": (
        "tokens_go_to_few_steps",
        _set("deploy", "staging", env={"GH_TOKEN": "${{ github.token }}"}),
    ),
}
