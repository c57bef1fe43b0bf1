"""The process is killed after each journal entry in turn; the next one ends what it began."""

import pytest

from release.decide.model import Verdict
from release.decide.phases import Phase
from release.decide.state import State
from tests.support.release_stage import BLUE_GREEN, CANARY, Killed, Stage

GOOD, BAD = "good", "bad"


def _stage(spec: str, version: str) -> Stage:
    stage = Stage(CANARY if spec == "canary" else BLUE_GREEN)
    if version == BAD:
        stage.verdict = lambda concurrent: Verdict.PASS if concurrent else Verdict.FAIL
    return stage


async def _run_until_it_rests(stage: Stage) -> tuple[State, bool]:
    try:
        return await stage.run(), False
    except Killed:
        stage.journal.kill_after, stage.journal.killed = None, False
    await stage.clock.sleep(61)  # until the dead process's lock is stale
    if (state := stage.log.state) is not None and state.phase not in (
        Phase.PREFLIGHT,
        Phase.WARM_STANDBY,
    ):
        await stage.command("resume")
    return await stage.run(), True


async def _length(spec: str, version: str, *, rollback: bool) -> int:
    stage = _stage(spec, version)
    await stage.begin()
    await stage.run()
    if rollback:
        await stage.command("rollback")
        await stage.run()
    return len(stage.journal.records)


@pytest.mark.parametrize("version", [GOOD, BAD])
@pytest.mark.parametrize("spec", ["canary", "blue-green"])
async def test_a_deploy_that_is_killed_anywhere_ends_in_one_version(
    spec: str, version: str
) -> None:
    for kill_after in range(2, await _length(spec, version, rollback=False) + 1):
        stage = _stage(spec, version)
        stage.journal.kill_after = kill_after
        await stage.begin()
        state, killed = await _run_until_it_rests(stage)
        assert killed, kill_after
        _check(stage, state, version)


@pytest.mark.parametrize("version", [GOOD, BAD])
@pytest.mark.parametrize("number", range(1, 8))
async def test_a_deploy_that_is_killed_in_the_middle_of_an_up_ends_in_one_version(
    number: int, version: str
) -> None:
    stage = _stage("canary", version)
    stage.stack.kill_in_up = number
    await stage.begin()
    state, killed = await _run_until_it_rests(stage)
    assert killed or number > len(stage.stack.ups)
    _check(stage, state, version)


def _check(stage: Stage, state: State, version: str) -> None:
    assert state.phase is (Phase.WARM_STANDBY if version == GOOD else Phase.ROLLED_BACK)
    assert stage.trader == ("green" if version == GOOD else "blue", 0)
    assert stage.consistent
    assert stage.in_memory.mark == ""
    assert bool(stage.in_memory.banned) is (version == BAD)


@pytest.mark.parametrize("spec", ["canary", "blue-green"])
async def test_a_rollback_that_is_killed_anywhere_ends_in_the_old_version(spec: str) -> None:
    first = await _length(spec, GOOD, rollback=False)
    for kill_after in range(first + 2, await _length(spec, GOOD, rollback=True) + 1):
        stage = _stage(spec, GOOD)
        await stage.begin()
        await stage.run()
        stage.journal.kill_after = kill_after
        await stage.command("rollback")
        state, killed = await _run_until_it_rests(stage)
        assert killed, kill_after
        assert state.phase is Phase.ROLLED_BACK, kill_after
        assert stage.trader == ("blue", 0)
        assert stage.consistent
        assert stage.in_memory.banned
