import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.contract.color import Color
from release.decide.events import Trying
from release.decide.model import Pod, Verdict
from release.decide.phases import Phase
from release.drive import engine
from tests.support.release_stage import (
    BLUE_GREEN,
    CANARY,
    NEW_IMAGE,
    OLD_IMAGE,
    FaultyStack,
    Stage,
    crashed,
)

FORWARD = [
    "rollout",
    "verification",
    "cutover",
    "cutover-verification",
    "bake",
    "finalization",
    "warm-standby",
]


async def test_a_good_version_is_promoted_blue_green() -> None:
    stage = Stage(BLUE_GREEN)
    await stage.begin()
    state = await stage.run()
    assert stage.phases() == FORWARD
    assert state.phase is Phase.WARM_STANDBY
    assert stage.trader == ("green", 0)
    assert stage.stack.image(state.target.new) == NEW_IMAGE
    assert stage.consistent
    assert stage.in_memory.mark == ""
    assert len(stage.in_memory.commits) == 1
    assert len(stage.in_memory.messages) == len(FORWARD)


async def test_a_good_version_is_promoted_by_canary_steps() -> None:
    stage = Stage(CANARY)
    await stage.begin()
    await stage.run()
    shares = [up.get("canaryPercent", 0) for up in stage.stack.ups]
    assert shares == [0, 10, 50, 0]
    assert stage.trader == ("green", 0)


async def test_the_old_color_stays_warm_for_the_window_and_is_then_scaled_down() -> None:
    stage = Stage()
    await stage.begin()
    await stage.run()
    assert stage.stack.replicas(Color.BLUE) == 2
    await stage.clock.sleep(stage.spec.warm_seconds)
    state = await stage.run()
    assert state.phase is Phase.DONE
    assert stage.trader == ("green", 0)
    assert stage.stack.replicas(Color.BLUE) == 0
    assert stage.consistent


@pytest.mark.parametrize("spec", [BLUE_GREEN, CANARY])
async def test_a_version_that_crashes_is_rolled_back_before_it_gets_anything(spec: object) -> None:
    stage = Stage(CANARY if spec is CANARY else BLUE_GREEN)
    stage.cluster.spoil = crashed
    await stage.begin()
    state = await stage.run()
    assert state.phase is Phase.ROLLED_BACK
    assert not state.swapped
    assert "CrashLoopBackOff; last line: boom" in state.back_reason
    assert stage.trader == ("blue", 0)
    assert stage.consistent
    assert [entry.digest for entry in stage.in_memory.banned] == [NEW_IMAGE.partition("@")[2]]


async def test_an_image_that_its_migration_cannot_pull_is_rolled_back_and_not_blamed() -> None:
    """The registry may be away. The `up` hangs meanwhile, and is ended."""
    stage = Stage()
    stage.stack.hangs = True
    pull = Pod("m", Color.GREEN, False, False, NEW_IMAGE, reason="ImagePullBackOff: Back-off")  # noqa: FBT003 -- positions of a record
    stage.cluster.migrating = [pull]
    await stage.begin()
    state = await stage.run()
    assert state.phase is Phase.ROLLED_BACK
    assert "m: ImagePullBackOff" in state.back_reason
    assert stage.trader == ("blue", 0)
    assert not stage.in_memory.banned


async def test_a_version_that_is_worse_while_it_bakes_is_rolled_back_and_quarantined() -> None:
    stage = Stage(CANARY)
    stage.verdict = lambda concurrent: Verdict.PASS if concurrent else Verdict.FAIL
    await stage.begin()
    state = await stage.run()
    assert stage.phases()[-4:] == [
        "rollback-prepare",
        "rollback-cutover",
        "rollback-cleanup",
        "rolled-back",
    ]
    assert state.swapped
    assert stage.trader == ("blue", 0)
    assert stage.stack.image(state.target.old) == OLD_IMAGE
    assert stage.in_memory.banned
    assert stage.in_memory.mark == ""
    assert stage.consistent


@pytest.mark.parametrize("verdict", [Verdict.INCONCLUSIVE, Verdict.ERROR])
async def test_what_cannot_be_judged_is_held_and_rolled_back_at_the_deadline(
    verdict: Verdict,
) -> None:
    stage = Stage(CANARY)
    stage.verdict = lambda _: verdict
    await stage.begin()
    state = await stage.run()
    assert state.phase is Phase.ROLLED_BACK
    assert not state.swapped
    assert "not done within 120 s" in state.back_reason
    assert not stage.in_memory.banned  # too little traffic is not the image's fault


async def test_a_cutover_that_is_refused_is_rolled_back_and_the_image_not_blamed() -> None:
    stage = Stage()
    stage.stack.refuse = lambda stack: (
        "connection refused" if stack.file["activeColor"] == "green" else None
    )
    await stage.begin()
    state = await stage.run()
    assert state.phase is Phase.ROLLED_BACK
    assert state.swapped
    assert state.back_reason.endswith("connection refused")
    assert stage.trader == ("blue", 0)
    assert not stage.in_memory.banned


async def test_an_image_that_cannot_be_pulled_again_after_the_cutover_is_not_blamed() -> None:
    stage = Stage()
    stage.cluster.spoil = lambda pod: (
        replace(pod, ready=False, digest="", reason="ErrImagePull")
        if pod.image == NEW_IMAGE and stage.stack.active is Color.GREEN
        else pod
    )
    await stage.begin()
    state = await stage.run()
    assert state.phase is Phase.ROLLED_BACK
    assert state.swapped
    assert "ErrImagePull" in state.back_reason
    assert not stage.in_memory.banned


async def test_an_up_that_hangs_is_ended_when_its_version_crashes() -> None:
    stage = Stage()
    stage.stack.hangs = True
    stage.cluster.spoil = crashed
    await stage.begin()
    state = await stage.run()
    assert state.phase is Phase.ROLLED_BACK
    assert stage.consistent


async def test_a_rollback_starts_the_old_color_again_when_it_is_down() -> None:
    stage = Stage()
    await stage.begin()
    await stage.run()
    stage.stack.deployed["blue.replicas"] = stage.stack.file["blue.replicas"] = 0
    await stage.command("rollback")
    state = await stage.run()
    assert state.phase is Phase.ROLLED_BACK
    assert [(up["activeColor"], up["blue.replicas"]) for up in stage.stack.ups[-3:]] == [
        ("green", 2),
        ("blue", 2),
        ("blue", 2),
    ]
    forward = len(stage.stack.ups) - 3
    assert stage.stack.returned == [False] * forward + [True] * 3


async def test_a_rollback_never_moves_to_a_color_without_a_ready_pod() -> None:
    stage = Stage()
    await stage.begin()
    await stage.run()
    stage.cluster.spoil = lambda _: None
    await stage.command("rollback")
    state = await stage.run()
    assert state.phase is Phase.STUCK
    assert stage.trader == ("green", 0)
    assert stage.in_memory.messages[-1].severity == "urgent"
    stage.cluster.spoil = lambda pod: pod
    await stage.command("resume")
    assert (await stage.run()).phase is Phase.ROLLED_BACK
    assert stage.trader == ("blue", 0)


async def test_a_rollback_works_while_the_store_is_away_and_records_it_later() -> None:
    stage = Stage()
    await stage.begin()
    await stage.run()
    await stage.command("rollback")
    away = True
    before = len(stage.journal.records)
    stage.journal.away = lambda: away and len(stage.journal.records) > before
    state = await stage.run()
    assert state.phase is Phase.ROLLED_BACK
    assert stage.log.unrecorded
    away = False
    await stage.log.refresh(stage.clock.now() + timedelta(seconds=5))
    assert not stage.log.unrecorded
    assert "rolled-back" in [record.data.get("phase") for record in stage.journal.records]


async def test_a_new_version_gets_nothing_while_the_store_is_away() -> None:
    stage = Stage()
    await stage.begin()
    stage.journal.away = lambda: len(stage.journal.records) > 4
    state = await stage.run()
    assert state.phase in (Phase.ROLLBACK_CLEANUP, Phase.ROLLED_BACK)
    assert all(up["activeColor"] == "blue" for up in stage.stack.ups)


async def test_a_guard_that_refuses_for_a_while_is_asked_again_on_the_way_back() -> None:
    stage = Stage()
    await stage.begin()
    await stage.run()
    begun = stage.clock.now()
    stage.stack.refuse = lambda _: (
        "blue: 1 of 2 pods are ready" if (stage.clock.now() - begun).total_seconds() < 20 else None
    )
    await stage.command("rollback")
    assert (await stage.run()).phase is Phase.ROLLED_BACK
    assert stage.trader == ("blue", 0)


async def test_a_canary_is_brought_back_when_its_up_keeps_failing() -> None:
    stage = Stage(CANARY)
    stage.stack.refuse = lambda stack: "no" if stack.file.get("canaryPercent") == 50 else None
    await stage.begin()
    state = await stage.run()
    assert state.phase is Phase.ROLLED_BACK
    assert stage.trader == ("blue", 0)
    assert not stage.in_memory.banned
    assert stage.consistent


async def test_what_nobody_could_be_told_is_told_by_the_next_process_and_once() -> None:
    stage = Stage()
    stage.in_memory.deaf = True
    await stage.begin()
    assert (await stage.run()).phase is Phase.WARM_STANDBY
    assert not stage.in_memory.messages
    stage.in_memory.deaf = False
    await stage.run()
    await stage.run()
    assert len(stage.in_memory.messages) == len(
        {message.key for message in stage.in_memory.messages}
    )
    assert len(stage.in_memory.messages) == len(FORWARD)


async def test_a_notifier_that_hangs_delays_no_rollback() -> None:
    stage = Stage()
    await stage.begin()
    await stage.run()
    stage.in_memory.hangs_until_over = True
    await stage.command("rollback")
    assert (await stage.run()).phase is Phase.ROLLED_BACK


async def test_every_up_is_written_down_before_it_runs() -> None:
    stage = Stage(CANARY)
    unwritten: list[dict[str, object]] = []

    def check(stack: FaultyStack) -> str | None:
        last = [record for record in stage.journal.records if record.kind != "notified"][-1]
        written = last.data.get("changes") if last.kind == "trying" else None
        if (
            not isinstance(written, dict)
            or not written.items()
            <= {
                "canaryPercent": 0,
                **stack.file,
            }.items()
        ):
            unwritten.append(dict(stack.file))
        return None

    stage.stack.refuse = check
    stage.verdict = lambda concurrent: Verdict.PASS if concurrent else Verdict.FAIL
    await stage.begin()
    await stage.run()
    assert len(stage.stack.ups) == 6
    assert not unwritten


async def test_a_mark_that_cannot_be_set_delays_no_rollback_and_is_tried_again_when_refused() -> (
    None
):
    stage = Stage()
    await stage.begin()
    await stage.run()
    stage.in_memory.unmarkable = 1
    begun = stage.clock.now()
    refusals = ["another release is under way"]
    stage.stack.refuse = lambda _: refusals.pop() if refusals else None
    await stage.command("rollback")
    assert (await stage.run()).phase is Phase.ROLLED_BACK
    announced = [
        (record.at - begun).total_seconds()
        for record in stage.log.records
        if record.at >= begun
        and isinstance(record.event, Trying)
        and record.event.action == "announce"
    ]
    moved = [
        (record.at - begun).total_seconds()
        for record in stage.log.records
        if record.at >= begun
        and isinstance(record.event, Trying)
        and record.event.action == "apply"
    ]
    assert len(announced) == 2
    assert announced[0] == moved[0] == 0
    assert announced[1] < moved[1]


async def test_what_one_place_was_not_told_is_not_told_again_elsewhere() -> None:
    stage = Stage()
    stage.in_memory.places = ["deaf", "well"]
    stage.in_memory.deaf_place = "deaf"
    await stage.begin()
    await stage.run()
    assert len(stage.in_memory.messages) == len(FORWARD)
    stage.in_memory.deaf_place = ""
    stage.clock.time += timedelta(hours=25)
    await stage.run()
    assert len(stage.in_memory.messages) == len(FORWARD) + 2 * len(["scale-down", "done"])
    stage.in_memory.messages.clear()
    await stage.run()
    assert not stage.in_memory.messages


async def test_while_a_pod_is_missing_nothing_is_promoted() -> None:
    stage = Stage()
    stage.cluster.spoil = lambda pod: replace(
        pod, ready=pod.name != "green-1" or stage.stack.active is Color.BLUE
    )
    await stage.begin()
    state = await stage.run()
    assert state.phase is Phase.ROLLED_BACK
    assert "1 of 2 pods of green are seen ready" in state.back_reason


async def test_a_verdict_and_the_end_of_an_up_wait_for_no_store() -> None:
    stage = Stage()
    await stage.begin()
    stage.verdict = lambda _: Verdict.FAIL
    stage.journal.away = lambda: "bake" in stage.phases()
    state = await stage.run()
    assert state.phase is Phase.ROLLED_BACK
    assert stage.trader == ("blue", 0)
    assert stage.log.unrecorded


async def test_a_push_that_hangs_holds_up_no_rollback(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "POLL_SECONDS", 0.01)
    stage = Stage()

    async def command() -> None:
        await stage.command("rollback")

    stage.in_memory.push_hangs = command
    await stage.begin()
    async with asyncio.timeout(5):
        state = await stage.run()
    assert state.phase is Phase.ROLLED_BACK
    assert "finalization" in stage.phases()
    assert stage.trader == ("blue", 0)
    assert len(stage.in_memory.commits) == 1


async def test_a_record_that_cannot_be_read_is_named_and_taken_for_a_store_that_is_away() -> None:
    stage = Stage()
    await stage.begin()
    now = stage.clock.now()
    await stage.journal.append("r1", now, "entered", {"trigger": "ready"}, None)
    await stage.log.refresh(now)
    assert "journal record 2 (entered) cannot be read: phase: Field required" in stage.log.down
