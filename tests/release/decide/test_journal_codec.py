from datetime import UTC, datetime

import pytest

from bot.contract.color import Color
from infra.outputs import ColorOutputs, StackOutputs
from release.decide import events
from release.decide.events import Began, Event, Unknown
from release.decide.journal_codec import RecordError, data_of, kind_of, read
from release.decide.model import Figures, Json, StoredRecord, StreamFigures, Verdict
from release.decide.phases import Phase, Trigger
from tests.support.release_stage import CANARY, TARGET

AT = datetime(2026, 1, 1, tzinfo=UTC)
FIGURES = Figures((StreamFigures("orders", 9.0, 1.5, 0.0, 2.0, 20.0),), 1, 2, -3.5)
_ONE = ColorOutputs("bot@sha256:0", 2, "d", "s", "l")
EVENTS = [
    Began(TARGET, CANARY, StackOutputs(Color.BLUE, 0, "n", "bot", "intent", _ONE, _ONE)),
    Began(TARGET, CANARY),
    events.Entered(Phase.BAKE, Trigger.READY, "why", "image", quarantine=True, figures=FIGURES),
    events.Trying("apply", "go", {"green.image": "x", "canaryPercent": 0, "on": True}),
    events.Did("apply", "done"),
    events.Failed("apply", "no"),
    events.Ended("apply", "cut off"),
    events.Commanded(Trigger.ROLLBACK, "ada", "why"),
    events.Declined("too late"),
    events.Judged(Verdict.INCONCLUSIVE, ("a", "b"), FIGURES),
    events.Notified("t", "slack"),
    events.Cleared("sha256:0", "ada", "why"),
    events.Unlocked("ada", "why", "bob"),
    Unknown("newer", {"some": ["thing", 1.5, None]}),
]


def stored(kind: str, data: dict[str, Json]) -> StoredRecord:
    return StoredRecord(7, "r1", AT, kind, data)


@pytest.mark.parametrize("event", EVENTS, ids=kind_of)
def test_what_is_written_is_read_again(event: Event) -> None:
    record = read(stored(kind_of(event), data_of(event)))
    assert record.event == event
    assert (record.sequence, record.release, record.at) == (7, "r1", AT)


def test_every_kind_of_event_is_tried() -> None:
    assert {type(event) for event in EVENTS} == set(Event.__args__)


def test_a_key_that_is_missing_is_named_with_its_record() -> None:
    with pytest.raises(RecordError, match=r"record 7 \(entered\).*: phase: Field required"):
        read(stored("entered", {"trigger": "ready", "reason": ""}))


def test_a_value_that_is_wrong_is_named_with_its_record() -> None:
    with pytest.raises(RecordError, match=r"record 7 \(entered\) cannot be read: phase: "):
        read(stored("entered", {"phase": "nosuch", "trigger": "ready", "reason": ""}))


def test_a_key_that_another_version_added_is_no_problem() -> None:
    assert read(stored("did", {"action": "apply", "text": "", "more": 1})).event == events.Did(
        "apply"
    )
