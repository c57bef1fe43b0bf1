from itertools import product

import pytest

from release.decide.phases import (
    AUTHORITY_MOVED,
    BY_PEOPLE,
    RESTING,
    ROLLING_BACK,
    SWAPPED,
    TABLE,
    Phase,
    RefusedError,
    Trigger,
    after,
    page,
)
from release.decide.spec import Spec
from release.decide.steps import HANDLERS, NEEDS
from tests.support.checkout import ROOT

MANUAL = ROOT / "docs" / "release" / "phases.md"


def test_the_diagram_in_the_manual_is_the_table() -> None:
    assert MANUAL.read_text() == page(), (
        "run: python -m release.decide.phases > docs/release/phases.md"
    )


@pytest.mark.parametrize(("phase", "trigger"), list(product(Phase, Trigger)))
def test_every_phase_answers_every_trigger(phase: Phase, trigger: Trigger) -> None:
    if trigger in TABLE[phase]:
        following = after(phase, trigger)
        assert following in TABLE
        assert following not in (ROLLING_BACK if trigger is Trigger.PROMOTE else ())
    elif trigger in BY_PEOPLE:
        with pytest.raises(RefusedError, match=phase.value):
            after(phase, trigger)
    else:
        with pytest.raises(LookupError):
            after(phase, trigger)


@pytest.mark.parametrize("phase", sorted(ROLLING_BACK))
def test_nothing_leads_forward_from_the_way_back(phase: Phase) -> None:
    assert set(TABLE[phase].values()) <= ROLLING_BACK


@pytest.mark.parametrize("phase", Phase)
def test_each_phase_that_runs_has_a_deadline_and_what_to_do_then(phase: Phase) -> None:
    seconds = Spec().deadline_seconds(phase)
    if phase in RESTING - {Phase.WARM_STANDBY}:
        assert seconds is None
    else:
        assert seconds is not None
        assert seconds > 0
        assert Trigger.EXPIRE in TABLE[phase]


@pytest.mark.parametrize("phase", sorted(AUTHORITY_MOVED))
def test_once_shards_may_have_moved_the_way_back_leads_over_a_ready_old_color(phase: Phase) -> None:
    assert TABLE[phase][Trigger.ROLLBACK] is Phase.ROLLBACK_PREPARE


@pytest.mark.parametrize("phase", sorted(SWAPPED))
def test_a_swapped_release_can_always_be_sent_back(phase: Phase) -> None:
    assert after(phase, Trigger.ROLLBACK) is Phase.ROLLBACK_PREPARE


def test_every_phase_says_what_it_needs_to_see() -> None:
    assert set(NEEDS) == set(Phase)
    assert set(HANDLERS) == set(Phase) - (RESTING - {Phase.WARM_STANDBY})


def test_every_phase_is_reached() -> None:
    reached = {Phase.PREFLIGHT}
    while more := {target for phase in reached for target in TABLE[phase].values()} - reached:
        reached |= more
    assert reached == set(Phase)
