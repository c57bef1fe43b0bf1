"""What a release leaves in the cluster: nothing is lost when two write, what nobody reads holds."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.contract.color import Color
from bot.contract.release import (
    QUARANTINE_CONFIGMAP,
    UNDER_WAY_CONFIGMAP,
    UNREADABLE,
    QuarantineEntry,
    UnderWay,
    digest_of,
    read_quarantine,
)
from release.adapters.kube import ClusterError
from release.adapters.quarantine import TRIES, QuarantineMap, UnderWayMap
from release.decide.model import Quarantined
from tests.release.adapters.fake_api import FakeApi

SINCE = datetime(2026, 3, 1, 2, 3, tzinfo=UTC)
ENTRY = Quarantined(f"sha256:{'ab' * 32}", SINCE, "night@laptop", "errors 5 % ü")
LATER = replace(ENTRY, digest=f"sha256:{'cd' * 32}", since=SINCE + timedelta(hours=1))


async def test_an_entry_is_read_back_and_cleared() -> None:
    kept = QuarantineMap(FakeApi().kube())
    assert await kept.entries() == []
    await kept.add(LATER)
    await kept.add(ENTRY)
    assert await kept.entries() == [ENTRY, LATER]
    await kept.clear(ENTRY.digest)
    await kept.clear("sha256:00")
    assert await kept.entries() == [LATER]


async def test_an_entry_that_is_there_stays_as_it_is() -> None:
    kept = QuarantineMap(FakeApi().kube())
    await kept.add(ENTRY)
    await kept.add(replace(ENTRY, by="somebody else"))
    assert await kept.entries() == [ENTRY]


async def test_two_that_write_at_the_same_time_lose_nothing() -> None:
    api = FakeApi()
    first, second = QuarantineMap(api.kube()), QuarantineMap(api.kube())
    await asyncio.gather(first.add(ENTRY), second.add(LATER))
    assert await first.entries() == [ENTRY, LATER]


@pytest.mark.parametrize("there", [True, False])
async def test_a_conflict_is_tried_again_so_often_and_no_more(*, there: bool) -> None:
    api = FakeApi()
    kept = QuarantineMap(api.kube())
    if there:
        await kept.add(LATER)
    api.conflicts = TRIES - 1
    await kept.add(ENTRY)
    api.conflicts = TRIES
    with pytest.raises(ClusterError, match=f"others changed it {TRIES} times"):
        await kept.clear(ENTRY.digest)


async def test_what_cannot_be_read_or_written_is_an_error() -> None:
    kept = QuarantineMap(FakeApi(broken=403).kube())
    with pytest.raises(ClusterError, match=f"{QUARANTINE_CONFIGMAP}: 403 Broken"):
        await kept.entries()
    with pytest.raises(ClusterError, match="is no digest"):
        await kept.add(replace(ENTRY, digest="latest"))


async def test_an_entry_that_nobody_can_read_holds_and_is_the_oldest() -> None:
    api = FakeApi()
    kept = QuarantineMap(api.kube())
    await kept.add(ENTRY)
    api.config_maps[QUARANTINE_CONFIGMAP]["data"] |= {"sha256-00ff": "{", "note": "by hand"}
    first, second = await kept.entries()
    assert (first.digest, first.by, second) == ("sha256:00ff", UNREADABLE, ENTRY)
    await kept.clear("sha256:00ff")
    assert list(api.config_maps[QUARANTINE_CONFIGMAP]["data"]) == [
        f"sha256-{'ab' * 32}",
        "note",
    ]


async def test_the_mark_of_a_release_is_replaced_and_only_its_own_withdrawn() -> None:
    api = FakeApi()
    mark = UnderWayMap(api.kube())
    await mark.withdraw("r-1")
    assert api.config_maps == {}
    await mark.announce("r-1", "night@laptop", SINCE, Color.BLUE)
    await mark.announce("r-2", "ci", SINCE.astimezone(timezone(timedelta(hours=2))), Color.GREEN)
    await mark.withdraw("r-1")
    stored = UnderWay.from_data(api.config_maps[UNDER_WAY_CONFIGMAP]["data"])
    assert stored == UnderWay("r-2", "ci", "2026-03-01T02:03:00+00:00", Color.GREEN)
    await mark.withdraw("r-2")
    assert UnderWay.from_data(api.config_maps[UNDER_WAY_CONFIGMAP]["data"]) is None


async def test_what_is_already_so_is_not_written() -> None:
    api = FakeApi()
    for _ in range(2):
        await UnderWayMap(api.kube()).announce("r-1", "ci", SINCE, Color.BLUE)
        await QuarantineMap(api.kube()).add(ENTRY)
    assert api.writes == 2


@given(st.from_regex("sha256:[0-9a-f]{64}", fullmatch=True), st.text(), st.text(), st.text())
def test_what_the_contract_writes_it_reads(digest: str, since: str, by: str, reason: str) -> None:
    entry = QuarantineEntry(digest, since, by, reason)
    assert read_quarantine({entry.key: entry.to_value()}) == {digest: entry}
    assert digest_of(f"r.example:5000/bot@{digest}") == digest
    assert digest_of("r.example:5000/bot:1") == ""


@given(st.text(), st.text())
def test_no_content_of_the_map_makes_the_contract_raise(key: str, value: str) -> None:
    read_quarantine({key: value, "sha256-00": value})
    UnderWay.from_data({key: value})
