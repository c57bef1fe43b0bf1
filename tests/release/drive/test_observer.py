from dataclasses import dataclass
from datetime import timedelta

import pytest

from bot.contract.color import Color
from release.decide.events import Began, Entered, entry
from release.decide.model import Verdict
from release.decide.observation import Need
from release.decide.phases import Phase, Trigger
from release.decide.state import State, fold, folded
from release.drive.journal import Log
from release.drive.observer import Observer
from release.drive.ports import PortError
from tests.support.release_stage import BLUE_GREEN, CANARY, TARGET, Stage


@dataclass
class Bench:
    """An observer, a state that is led through phases, and what the judge was given."""

    stage: Stage

    def __post_init__(self) -> None:
        state = fold([entry("r", self.stage.clock.now(), Began(TARGET, self.stage.spec))])
        assert state is not None
        self.state: State = state
        stage = self.stage
        stage.verdict = lambda _: Verdict.PASS
        self.observer = Observer(stage.ports(), Log(stage.journal, "me"))

    def enter(self, phase: str) -> None:
        self.stage.clock.time += timedelta(seconds=1)
        event = Entered(Phase(phase), Trigger.READY, "")
        self.state = folded(self.state, entry("r", self.stage.clock.now(), event))

    async def looked(self) -> int:
        """Look for two seconds longer; return how many looks the judge had."""
        seen = await self.observer.look(self.state, frozenset({Need.JUDGEMENT}), running=False)
        self.stage.clock.time += timedelta(seconds=2)
        assert seen.judgement is not None
        return seen.judgement.figures.blocks


async def test_the_canary_steps_are_one_test_and_the_bake_is_another() -> None:
    bench = Bench(Stage(CANARY))
    bench.enter("canary-analysis")
    assert [await bench.looked() for _ in range(2)] == [1, 2]
    bench.enter("canary-shift")
    bench.enter("canary-analysis")
    assert await bench.looked() == 3
    bench.enter("bake")
    assert await bench.looked() == 1


async def test_between_two_looks_the_last_judgement_stands() -> None:
    bench = Bench(Stage(BLUE_GREEN))
    bench.enter("bake")
    assert await bench.looked() == 1
    bench.stage.clock.time -= timedelta(seconds=1)
    assert await bench.looked() == 1
    assert await bench.looked() == 2


async def test_what_cannot_be_seen_is_unknown_with_the_reason_and_no_ready_pod_is_timed() -> None:
    stage = Stage()
    bench = Bench(stage)
    bench.enter("bake")
    stage.cluster.spoil = lambda _: None
    needs = frozenset({Need.NEW_PODS})
    assert (await bench.observer.look(bench.state, needs, running=False)).lost_seconds == 0
    stage.clock.time += timedelta(seconds=3)
    assert (await bench.observer.look(bench.state, needs, running=False)).lost_seconds == 3

    def blind(_: object) -> None:
        raise PortError("the cluster does not answer")

    stage.cluster.spoil = blind
    seen = await bench.observer.look(bench.state, needs, running=False)
    assert seen.new_pods is None
    assert seen.lost_seconds == 0
    assert seen.blind == ("the cluster does not answer",)


@pytest.mark.parametrize("error", [PortError("away"), ZeroDivisionError()])
async def test_a_defect_in_one_eye_stops_nothing(error: Exception) -> None:
    stage = Stage()
    bench = Bench(stage)

    def broken(_: object) -> None:
        raise error

    stage.cluster.spoil = broken
    needs = frozenset({Need.OLD_PODS, Need.LIVE})
    seen = await bench.observer.look(bench.state, needs, running=True)
    assert seen.old_pods is None
    assert seen.live is Color.BLUE
    assert len(seen.blind) == 1
    assert seen.running
