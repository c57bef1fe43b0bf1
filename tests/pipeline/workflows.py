"""All rules of the workflows' contract, by their names."""

from tests.pipeline import checking, deploying, hardening
from tests.pipeline.source import Rule

RULES: dict[str, Rule] = {
    rule.__name__: rule
    for rule in (
        hardening.actions_are_pinned,
        hardening.pins_say_their_version,
        hardening.nothing_is_permitted_at_the_top,
        hardening.each_job_says_its_permissions,
        hardening.checkouts_keep_no_credentials,
        hardening.jobs_end_in_time,
        hardening.no_event_hands_secrets_to_forks,
        hardening.forks_code_sees_no_secret,
        hardening.writers_run_reviewed_code,
        hardening.no_expression_in_a_script,
        hardening.each_step_is_one_command,
        deploying.nothing_deploys_without_tests,
        deploying.events_lead_to_their_stack,
        deploying.a_person_approves_production,
        deploying.production_never_builds,
        deploying.deploys_begin_at_the_head_that_was_tested,
        deploying.staging_gets_candidates,
        deploying.nothing_cancels_a_deploy,
        deploying.stacks_have_groups_of_their_own,
        deploying.schemas_are_compared_before_a_merge,
        checking.ci_runs_all_checks,
        checking.secrets_are_looked_for_in_all_commits,
        checking.what_is_found_is_kept,
        checking.a_check_that_fails_is_reported,
        checking.platforms_start_from_the_cached_toolchain,
        checking.the_toolchain_is_cached_by_what_it_is_built_from,
        checking.nothing_goes_on_after_an_error,
        checking.only_reports_outlive_a_failure,
        hardening.identities_are_short_lived,
        hardening.tokens_go_to_few_steps,
    )
}
