"""Mistakes planted into what is checked and what is deployed, by name: the rule, and how."""

from collections.abc import Mapping

from tests.pipeline.edits import Edit, added, fields, job_of, started_on, step, top, without

PLANTED: Mapping[str, tuple[str, Edit]] = {
    "a platform that builds its tools each time": (
        "platforms_start_from_the_cached_toolchain",
        step("ci", "test", "./.github/actions/setup", **{"with": {}}),
    ),
    "a deploy that takes tools from a cache": (
        "platforms_start_from_the_cached_toolchain",
        step("deploy", "staging", "./.github/actions/setup", **{"with": {"toolchain": "true"}}),
    ),
    "a toolchain without a place": (
        "platforms_start_from_the_cached_toolchain",
        lambda workflows: job_of("nightly", "bench")(workflows).pop("env"),
    ),
    "a cache that no change of a module empties": (
        "the_toolchain_is_cached_by_what_it_is_built_from",
        added("ci", "test", uses="actions/cache@v4", **{"with": {"key": "toolchain"}}),
    ),
    "checks that nobody runs": ("ci_runs_all_checks", without("ci", "check", "make check")),
    "scanners that nobody runs": ("ci_runs_all_checks", without("ci", "scan", "make scan")),
    "tests that nobody runs": (
        "ci_runs_all_checks",
        without("ci", "test", "sudo --preserve-env=PATH,TESTBED_CACHE make test"),
    ),
    "tests on some days": (
        "ci_runs_all_checks",
        fields("ci", "test", **{"if": "github.event_name == 'push'"}),
    ),
    "checks of some branches": (
        "ci_runs_all_checks",
        top("ci", on={"pull_request": {"branches": ["main"]}, "workflow_call": None}),
    ),
    "a scan of the last commit alone": (
        "secrets_are_looked_for_in_all_commits",
        step("ci", "scan", "actions/checkout", **{"with": {"persist-credentials": False}}),
    ),
    "a drift check that fails in silence": (
        "a_check_that_fails_is_reported",
        lambda workflows: job_of("drift", "drift")(workflows)["steps"][-1].pop("if"),
    ),
    "results that nobody keeps": (
        "what_is_found_is_kept",
        without("nightly", "bench", "actions/upload-artifact"),
    ),
    "results that a failure takes away": (
        "what_is_found_is_kept",
        step("ci", "test", "actions/upload-artifact", **{"if": "success()"}),
    ),
    "results that nobody reads": (
        "what_is_found_is_kept",
        without("ci", "check", "make --silent summary"),
    ),
    "a check that may fail": (
        "nothing_goes_on_after_an_error",
        step("ci", "scan", "make scan", **{"continue-on-error": True}),
    ),
    "a job that may fail": (
        "nothing_goes_on_after_an_error",
        fields("ci", "test", continue_on_error="${{ true }}"),
    ),
    "a deploy after a step that failed": (
        "only_reports_outlive_a_failure",
        step("deploy", "production", "make deploy", **{"if": "always()"}),
    ),
    "a step that is skipped": (
        "only_reports_outlive_a_failure",
        step("deploy", "approval", "make approval", **{"if": "github.event_name == 'schedule'"}),
    ),
    "a deploy without tests": (
        "nothing_deploys_without_tests",
        fields("deploy", "staging", needs=[]),
    ),
    "a deploy even if tests fail": (
        "nothing_deploys_without_tests",
        fields("deploy", "production", **{"if": "always() && github.ref == 'refs/heads/main'"}),
    ),
    "a deploy after tests that failed": (
        "nothing_deploys_without_tests",
        fields("deploy", "staging", **{"if": "!cancelled() && github.ref == 'refs/heads/develop'"}),
    ),
    "a deploy of every branch": (
        "events_lead_to_their_stack",
        top("deploy", on={"push": {"branches": ["**"]}}),
    ),
    "a deploy by the clock": (
        "events_lead_to_their_stack",
        started_on("deploy", "schedule"),
    ),
    "staging from every branch": (
        "events_lead_to_their_stack",
        fields("deploy", "staging", **{"if": "always() || github.ref == 'refs/heads/develop'"}),
    ),
    "a stack that is not spelt out": (
        "events_lead_to_their_stack",
        step("deploy", "staging", "make deploy", run="make deploy IMAGE=x STACK=production"),
    ),
    "a rollback from any branch": (
        "events_lead_to_their_stack",
        lambda workflows: job_of("rollback", "rollback")(workflows).pop("if"),
    ),
    "production from develop": (
        "events_lead_to_their_stack",
        fields("deploy", "production", **{"if": "github.ref == 'refs/heads/develop'"}),
    ),
    "a rollback by the clock": (
        "events_lead_to_their_stack",
        top("rollback", on={"schedule": [{"cron": "0 0 * * *"}]}),
    ),
    "production without its environment": (
        "a_person_approves_production",
        lambda workflows: job_of("deploy", "production")(workflows).pop("environment"),
    ),
    "production where nobody looked at the rule": (
        "a_person_approves_production",
        fields("deploy", "production", needs=["ci"]),
    ),
    "production that builds": (
        "production_never_builds",
        step("deploy", "production", "make deploy", run="make deploy STACK=production"),
    ),
    "a deploy of the config before the last": (
        "deploys_begin_at_the_head_that_was_tested",
        step("deploy", "staging", "actions/checkout", **{"with": {"fetch-depth": 0}}),
    ),
    "a deploy of what came after the tests": (
        "deploys_begin_at_the_head_that_was_tested",
        without("deploy", "production", "make tested"),
    ),
    "a rollback from the commit of its button": (
        "deploys_begin_at_the_head_that_was_tested",
        step("rollback", "rollback", "actions/checkout", **{"with": {"ref": "${{ github.sha }}"}}),
    ),
    "a build without a name for staging": (
        "staging_gets_candidates",
        step("deploy", "staging", "make deploy", run="make deploy STACK=staging"),
    ),
    "a candidate that nobody tags": (
        "staging_gets_candidates",
        without("deploy", "staging", "make candidate"),
    ),
    "a deploy that the next one cancels": (
        "nothing_cancels_a_deploy",
        fields(
            "deploy", "staging", concurrency={"group": "stack-staging", "cancel-in-progress": True}
        ),
    ),
    "a workflow that cancels its deploys": (
        "nothing_cancels_a_deploy",
        top("deploy", concurrency={"group": "deploy", "cancel-in-progress": True}),
    ),
    "two deploys of a stack at once": (
        "stacks_have_groups_of_their_own",
        fields("deploy", "staging", concurrency={"group": "other", "cancel-in-progress": False}),
    ),
    "a rollback behind the deploy it is to end": (
        "stacks_have_groups_of_their_own",
        fields(
            "rollback", "rollback", concurrency={"group": "stack-x", "cancel-in-progress": False}
        ),
    ),
    "a pull request that nobody holds against what runs": (
        "schemas_are_compared_before_a_merge",
        lambda workflows: workflows["preview"]["jobs"].pop("compatible"),
    ),
    "a pull request held against another stack": (
        "schemas_are_compared_before_a_merge",
        step("preview", "compatible", "make compatible", env={"STACK": "local"}),
    ),
    "a comparison without history": (
        "schemas_are_compared_before_a_merge",
        step("preview", "compatible", "actions/checkout", **{"with": {"fetch-depth": 1}}),
    ),
}
