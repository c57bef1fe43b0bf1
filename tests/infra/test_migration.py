"""The Job that migrates the database before a color's pods start."""

from typing import Any

import pytest

from bot.contract.color import Color
from infra.migration import job_name
from tests.infra.recorder import BUILT, Declared, record
from tests.infra.samples import DATABASE, NEW, OLD, color, config, deployed

JOB_BLUE, JOB_GREEN = "Job::bot-migration-blue", "Job::bot-migration-green"


def declare(**changes: object) -> dict[str, Declared]:
    declared, _ = record(config(**changes), deployed())
    return declared


def pod(job: Declared) -> dict[str, Any]:
    return job.inputs["spec"]["template"]["spec"]


def test_a_color_waits_for_its_own_migration() -> None:
    declared = declare()
    assert JOB_BLUE in declared["Deployment::bot-blue"].dependencies
    assert JOB_GREEN in declared["Deployment::bot-green"].dependencies
    assert JOB_GREEN not in declared["Deployment::bot-blue"].dependencies


def test_what_moves_authority_waits_for_no_migration_of_its_own() -> None:
    declared = declare(activeColor="green")
    for key in ("Service::bot", "ConfigMap::bot-intent"):
        assert declared[key].dependencies == {"Deployment::bot-green"}


def test_it_runs_the_colors_own_image_once() -> None:
    job = declare(green=color(NEW))[JOB_GREEN]
    container = pod(job)["containers"][0]
    assert (container["image"], container["args"]) == (NEW, ["migrate"])
    assert job.inputs["metadata"]["name"] == job_name(Color.GREEN, NEW, "db.example:5432/bot")
    assert job.inputs["spec"]["backoffLimit"] <= 2
    assert job.inputs["spec"]["activeDeadlineSeconds"] == 150
    assert job.inputs["metadata"]["annotations"] == {
        "pulumi.com/patchForce": "true",
        "pulumi.com/replaceUnready": "true",
    }


def test_a_built_image_has_a_migration_of_its_digest() -> None:
    job = declare(imageRepository="registry.example/bot", green=color("build"))[JOB_GREEN]
    assert pod(job)["containers"][0]["image"] == BUILT
    assert job.inputs["metadata"]["name"] == job_name(Color.GREEN, BUILT, "db.example:5432/bot")


def test_another_image_color_or_database_is_another_job() -> None:
    names = {
        job_name(which, image, database)
        for which in Color
        for image in (OLD, NEW)
        for database in ("a:5432/bot", "b:5432/bot")
    }
    assert len(names) == 8
    assert all(len(name) < 64 for name in names)


def test_a_limit_is_no_reason_to_migrate_again() -> None:
    one, other = declare(maxPositionSize="10"), declare(maxPositionSize="20", riskLimitPct="3")
    assert one[JOB_BLUE].inputs == other[JOB_BLUE].inputs


def test_an_empty_standby_migrates_nothing() -> None:
    declared = declare(green=color("", 0))
    assert JOB_GREEN not in declared
    assert JOB_BLUE in declared


def test_without_a_database_nothing_is_migrated() -> None:
    declared = declare(secrets=None, enableTrading="false")
    assert not {key for key in declared if key.startswith("Job::")}


def test_it_may_no_more_than_the_bot() -> None:
    declared = declare()
    bot, migration = pod(declared["Deployment::bot-blue"]), pod(declared[JOB_BLUE])
    assert migration["securityContext"] == bot["securityContext"]
    theirs, ours = bot["containers"][0], migration["containers"][0]
    assert ours["securityContext"] == theirs["securityContext"]
    assert migration["automountServiceAccountToken"] is False
    assert [volume["name"] for volume in migration["volumes"]] == ["secrets"]


def test_no_service_selects_its_pods_and_no_guard_counts_them() -> None:
    declared = declare()
    labels = declared[JOB_BLUE].inputs["spec"]["template"]["metadata"]["labels"]
    selector = declared["Service::bot"].inputs["spec"]["selector"]
    assert not selector.items() <= labels.items()
    policy = declared["NetworkPolicy::network-policy"].inputs["spec"]["podSelector"]["matchLabels"]
    assert policy.items() <= labels.items()


@pytest.mark.parametrize("key", [JOB_BLUE, "NetworkPolicy::network-policy"])
def test_nothing_secret_of_the_database_is_shown(key: str) -> None:
    shown = str(declare()[key].inputs)
    assert DATABASE not in shown
    assert "hush" not in shown
