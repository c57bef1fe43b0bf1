"""The planner against whatever can be seen: hypothesis makes up worlds, good, bad and unseen."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.contract.color import Color
from bot.contract.provenance import Claims
from infra.outputs import ColorOutputs, StackOutputs
from release.decide.actions import Apply, Decision
from release.decide.events import (
    Began,
    Commanded,
    Declined,
    Did,
    Entered,
    Event,
    Failed,
    Trying,
    entry,
)
from release.decide.model import Judgement, Pod, Verdict
from release.decide.observation import Observation
from release.decide.phases import Phase, Trigger
from release.decide.planner import decide
from release.decide.state import State, fold, folded
from release.decide.transitions import ROLLING_BACK, after
from release.rehearsal.ideal import REVISION, VERSION
from tests.support.release_stage import BLUE_GREEN, CANARY, NEW_IMAGE, OLD_IMAGE, TARGET, claims_of

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)


def _pods(color: Color, image: str) -> st.SearchStrategy[tuple[Pod, ...] | None]:
    pod = st.builds(
        Pod,
        name=st.just(f"{color}-0"),
        color=st.just(color),
        ready=st.booleans(),
        terminating=st.booleans(),
        image=st.sampled_from([image, OLD_IMAGE]),
        digest=st.sampled_from([image.partition("@")[2], ""]),
        version=st.sampled_from(["1.0.0", ""]),
        restarts=st.integers(0, 4),
        reason=st.sampled_from(["", "CrashLoopBackOff"]),
    )
    return st.none() | st.lists(pod, max_size=3).map(tuple)


_ONE = ColorOutputs(NEW_IMAGE, 2, "d", "s", "l")
_OUTPUTS = StackOutputs(Color.BLUE, 0, "n", "bot", "intent", _ONE, _ONE)
_SEEN = st.builds(
    Observation,
    running=st.booleans(),
    gates=st.sampled_from([None, (), ("frozen",)]),
    outputs=st.sampled_from([None, _OUTPUTS]),
    old_pods=_pods(Color.BLUE, OLD_IMAGE),
    new_pods=_pods(Color.GREEN, NEW_IMAGE),
    lost_seconds=st.sampled_from([0.0, 60.0]),
    smoke=st.sampled_from([None, (), ("500",)]),
    claims=st.none() | st.sampled_from(["1.0.0", "2.0.0", ""]).map(claims_of),
    live=st.sampled_from([None, *Color]),
    shards=st.none()
    | st.sampled_from([0, 10, 50, 100]).map(lambda n: {Color.GREEN: n, Color.BLUE: 100 - n}),
    judgement=st.none() | st.sampled_from(Verdict).map(Judgement),
)
_TURN = st.tuples(
    _SEEN,
    st.sampled_from([0, 1, 1, 5, 70, 4000]),
    st.sampled_from(["done", "done", "done", "failed", "killed"]),
    st.sampled_from([None] * 12 + [Trigger.PROMOTE, Trigger.ABORT, Trigger.ROLLBACK]),
)


class Walk:
    """A release driven by made-up observations; checks each decision as it is taken."""

    def __init__(self, *, canary: bool) -> None:
        spec = CANARY if canary else BLUE_GREEN
        self.now = BEGIN
        state = fold([entry("r", BEGIN, Began(TARGET, spec))])
        assert state is not None
        self.state = state
        self.share = {Color.BLUE: 100, Color.GREEN: 0}
        self.went_back = False
        self.saw_old_ready = False

    def note(self, event: Event) -> None:
        self.state = folded(self.state, entry("r", self.now, event))

    def turn(self, seen: Observation, outcome: str) -> None:
        state = self.state
        decision = decide(state, seen, self.now)
        assert decision.reason
        assert decision.wake_at is None or decision.wake_at > BEGIN
        if decision.trigger is not None:
            self.enter(state, decision, seen)
        elif decision.declined:
            self.note(Declined(decision.reason))
        for action in decision.actions:
            self.note(Trying(action.key, action.summary))
            if isinstance(action, Apply):
                self.applied(dict(action.changes), state)
            if outcome != "killed":
                kind = Did if outcome == "done" else Failed
                self.note(kind(action.key, "no"))

    def enter(self, state: State, decision: Decision, seen: Observation) -> None:
        assert decision.trigger is not None
        phase = after(state.phase, decision.trigger)
        assert phase in ROLLING_BACK or not self.went_back, "forward after an abort"
        self.went_back = self.went_back or phase in ROLLING_BACK
        if phase is Phase.ROLLBACK_CUTOVER:
            assert any(pod.ready and not pod.terminating for pod in seen.old_pods or ())
            self.saw_old_ready = True
        blame, reason, image = decision.blame, decision.reason, decision.image
        self.note(Entered(phase, decision.trigger, reason, image, quarantine=blame))
        if state.phase is Phase.CANARY_ANALYSIS and decision.trigger in (
            Trigger.STEP,
            Trigger.READY,
        ):
            assert seen.judgement is not None
            assert seen.judgement.verdict is Verdict.PASS

    def applied(self, changes: dict[str, str | int | bool], state: State) -> None:
        if "activeColor" not in changes:
            return
        active, percent = Color(str(changes["activeColor"])), int(changes["canaryPercent"])
        share = {active: 100 - percent, active.other: percent}
        if self.went_back:
            assert share[Color.GREEN] == 0, "forward after an abort"
            assert state.phase is Phase.ROLLBACK_CLEANUP or self.saw_old_ready
        assert sum(share.values()) == 100
        assert not all(value == 100 for value in share.values()), "two colors full"
        self.share = share


Turns = list[tuple[Observation, int, str, Trigger | None]]


def _walk(turns: Turns, *, canary: bool) -> None:
    walk = Walk(canary=canary)
    for seen, seconds, outcome, command in turns:
        walk.now += timedelta(seconds=seconds)
        if command is not None:
            walk.note(Commanded(command, "ada", "why"))
        walk.turn(seen, outcome)


@settings(max_examples=40, deadline=None)
@given(canary=st.booleans(), turns=st.lists(_TURN, min_size=5, max_size=40))
def test_never_forward_after_an_abort_never_two_colors_full_never_to_a_color_without_a_pod(
    *, canary: bool, turns: Turns
) -> None:
    _walk(turns, canary=canary)


@pytest.mark.model
@settings(max_examples=500, deadline=None)
@given(canary=st.booleans(), turns=st.lists(_TURN, min_size=5, max_size=60))
def test_the_same_over_many_and_longer_releases(*, canary: bool, turns: Turns) -> None:
    _walk(turns, canary=canary)


@settings(max_examples=30, deadline=None)
@given(canary=st.booleans(), sights=st.lists(_SEEN, min_size=1, max_size=10))
def test_each_state_is_left_by_its_deadline(*, canary: bool, sights: list[Observation]) -> None:
    walk = Walk(canary=canary)
    for seen in sights * 8:
        state = walk.state
        if state.deadline is None:
            return
        walk.now = state.deadline
        walk.turn(seen, "killed")
        assert walk.state.entered_at == walk.now, "it stayed"


def test_an_action_whose_end_nobody_wrote_down_is_done_again_unless_it_runs() -> None:
    walk = Walk(canary=False)
    walk.enter(walk.state, Decision("go", trigger=Trigger.READY), Observation())
    walk.note(Did("announce"))
    walk.note(Trying("apply", ""))
    assert not decide(walk.state, Observation(running=True), walk.now).actions
    assert isinstance(decide(walk.state, Observation(), walk.now).actions[0], Apply)


@pytest.mark.parametrize("claims", [None, claims_of(""), claims_of("2.0.0")])
def test_a_label_that_is_another_or_cannot_be_read_is_not_swapped_to(
    claims: Claims | None,
) -> None:
    walk = Walk(canary=False)
    for phase in (Phase.ROLLOUT, Phase.VERIFICATION):
        walk.note(Entered(phase, Trigger.READY, ""))
    digest = NEW_IMAGE.partition("@")[2]
    pods = tuple(
        Pod(f"green-{n}", Color.GREEN, True, False, NEW_IMAGE, digest, VERSION, REVISION)  # noqa: FBT003 -- positions of a record
        for n in range(2)
    )
    right = Observation(new_pods=pods, smoke=(), claims=claims_of(VERSION))
    assert decide(walk.state, right, walk.now).trigger is Trigger.READY
    decision = decide(walk.state, replace(right, claims=claims), walk.now)
    assert decision.trigger is None
    assert "label" in decision.reason or "tag says 2.0.0" in decision.reason


def test_what_could_not_be_seen_until_the_deadline_is_the_reason() -> None:
    walk = Walk(canary=False)
    blind = Observation(blind=("registry r.example: no such image",))
    assert walk.state.deadline is not None
    decision = decide(walk.state, blind, walk.state.deadline)
    assert decision.reason.endswith("; registry r.example: no such image")
