from datetime import UTC, datetime
from typing import Any

from testbed.settling import unsettled

START = datetime(2026, 11, 23, 5, 2, 0, 500_000, tzinfo=UTC)
BEFORE, AFTER = "2026-11-23T05:01:59Z", "2026-11-23T05:02:03Z"


def pod(started: str, *, ready: bool = True, **metadata: str) -> dict[str, Any]:
    state = {"running": {"startedAt": started}}
    status = {"phase": "Running", "containerStatuses": [{"ready": ready, "state": state}]}
    return {"metadata": {"namespace": "a", "name": "b"} | metadata, "status": status}


def test_a_pod_that_the_api_shows_as_it_was_before_the_start_is_not_settled() -> None:
    assert unsettled([pod(BEFORE)], START) == ["a/b"]


def test_a_pod_that_runs_again_is_settled_once_it_is_ready() -> None:
    assert unsettled([pod(AFTER, ready=False)], START) == ["a/b"]
    assert unsettled([pod(AFTER)], START) == []


def test_a_pod_without_containers_yet_is_not_settled() -> None:
    waiting = {"metadata": {"namespace": "a", "name": "b"}, "status": {"phase": "Pending"}}
    assert unsettled([waiting], START) == ["a/b"]


def test_nothing_waits_for_a_pod_that_is_being_deleted_or_has_ended() -> None:
    ended = pod(BEFORE)
    ended["status"]["phase"] = "Succeeded"
    assert unsettled([pod(BEFORE, deletionTimestamp=AFTER), ended], START) == []
