import re
from itertools import product

import pytest

from release.decide.phase_handlers import HANDLERS
from release.decide.phase_table import ROWS
from release.decide.phases import BY_PEOPLE, Outcome, Phase, Trigger
from release.decide.spec import Deadlines, Spec
from release.decide.transitions import (
    RESTING,
    ROLLING_BACK,
    SWAPPED,
    TRANSITIONS,
    RefusedError,
    after,
    page,
)
from tests.support.checkout import ROOT

MANUAL = ROOT / "docs" / "release" / "phases.md"


def test_the_diagram_in_the_manual_is_the_table() -> None:
    assert MANUAL.read_text() == page(), (
        "run: python -m release.decide.transitions > docs/release/phases.md"
    )


@pytest.mark.parametrize(("phase", "trigger"), list(product(Phase, Trigger)))
def test_every_phase_answers_every_trigger(phase: Phase, trigger: Trigger) -> None:
    if trigger in TRANSITIONS[phase]:
        following = after(phase, trigger)
        assert following in TRANSITIONS
        assert following not in (ROLLING_BACK if trigger is Trigger.PROMOTE else ())
    elif trigger in BY_PEOPLE:
        with pytest.raises(RefusedError, match=phase.value):
            after(phase, trigger)
    else:
        with pytest.raises(LookupError):
            after(phase, trigger)


@pytest.mark.parametrize("phase", sorted(ROLLING_BACK))
def test_nothing_leads_forward_from_the_way_back(phase: Phase) -> None:
    assert set(TRANSITIONS[phase].values()) <= ROLLING_BACK


@pytest.mark.parametrize("phase", Phase)
def test_each_phase_that_runs_has_a_deadline_and_what_to_do_then(phase: Phase) -> None:
    seconds = Spec().deadline_seconds(phase)
    if phase in RESTING - {Phase.WARM_STANDBY}:
        assert seconds is None
    else:
        assert seconds is not None
        assert seconds > 0
        assert Trigger.EXPIRE in TRANSITIONS[phase]


@pytest.mark.parametrize("phase", [*sorted(SWAPPED), Phase.CANARY_SHIFT, Phase.CANARY_ANALYSIS])
def test_once_shards_may_have_moved_the_way_back_leads_over_a_ready_old_color(phase: Phase) -> None:
    assert TRANSITIONS[phase][Trigger.ROLLBACK] is Phase.ROLLBACK_PREPARE


@pytest.mark.parametrize("phase", sorted(SWAPPED))
def test_a_swapped_release_can_always_be_rolled_back(phase: Phase) -> None:
    assert after(phase, Trigger.ROLLBACK) is Phase.ROLLBACK_PREPARE


def test_every_phase_says_what_it_needs_to_see() -> None:
    assert set(ROWS) == set(Phase)
    assert set(HANDLERS) == set(Phase) - (RESTING - {Phase.WARM_STANDBY})


def test_every_phase_is_reached() -> None:
    reached = {Phase.PREFLIGHT}
    while more := {target for phase in reached for target in TRANSITIONS[phase].values()} - reached:
        reached |= more
    assert reached == set(Phase)


def test_every_deadline_of_the_config_is_a_phases() -> None:
    deadlines = [row.deadline for row in ROWS.values() if row.deadline]
    assert sorted(deadlines) == sorted(
        [*(f"deadlines.{name}" for name in Deadlines.model_fields), "warm_seconds"]
    )


@pytest.mark.parametrize("phase", Phase)
def test_a_phase_hints_at_nothing_that_it_refuses(phase: Phase) -> None:
    commands = set(re.findall(r"`release (\w+)", ROWS[phase].hint)) - {"logs"}
    accepted = {str(trigger) for trigger in TRANSITIONS[phase]}
    if phase is Phase.WARM_STANDBY:
        accepted.add("resume")  # ends the window when it is over
    assert commands - {"deploy"} <= accepted
    assert "deploy" not in commands or Trigger.REPLACE in TRANSITIONS[phase]


@pytest.mark.parametrize("phase", Phase)
def test_only_a_resting_phase_has_an_outcome(phase: Phase) -> None:
    assert (ROWS[phase].outcome is not Outcome.UNFINISHED) == ROWS[phase].resting
