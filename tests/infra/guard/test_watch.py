"""Caller a cluster until it is well, and one verdict for a whole `up`."""

from dataclasses import dataclass, field

import pytest

from bot.contract.color import Color
from infra.guard.readiness import Expected, Pod, Rollout
from infra.guard.release_mark import Caller, ReleaseMarks
from infra.guard.watch import (
    POLL_SECONDS,
    Guard,
    RefusedError,
    Watch,
    allow_pods_change,
    wait_for_pods,
)
from tests.infra.samples import BAD, DONE, PERSON, UNDER_WAY, expected, pod

READY = [pod("a"), pod("b")]
PULLING = [pod("a"), pod("b", ready=False, reason="ContainerCreating"), pod("c", Color.BLUE)]
BROKEN = [pod("a", ready=False, reason="ImagePullBackOff"), pod("c", Color.BLUE)]


@dataclass
class FakeCluster:
    """Reports one thing after the other, the last one for ever."""

    sights: list[list[Pod]]
    looked: int = 0
    written: ReleaseMarks = field(default_factory=ReleaseMarks)

    def look(self, color: Color) -> tuple[list[Pod], Rollout]:
        assert color is Color.GREEN
        self.looked += 1
        return self.sights[min(self.looked, len(self.sights)) - 1], DONE

    def release_marks(self) -> ReleaseMarks:
        return self.written

    def ledger(self, job: str) -> str:
        raise AssertionError(f"nothing is asked about {job}")


@dataclass
class FakeClock:
    time: float = 0.0
    slept: list[float] = field(default_factory=list[float])

    def now(self) -> float:
        return self.time

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.time += seconds


def watch(*sights: list[Pod]) -> tuple[Watch, FakeCluster, FakeClock]:
    cluster, clock = FakeCluster(list(sights)), FakeClock()
    return Watch(lambda: cluster, clock, deadline_seconds=3), cluster, clock


async def target() -> Expected:
    return expected()


async def test_the_wait_ends_when_the_pods_are_ready() -> None:
    waiting, cluster, clock = watch(PULLING, PULLING, READY)
    await wait_for_pods(waiting, PERSON, expected())
    assert cluster.looked == 3
    assert clock.slept == [POLL_SECONDS] * 2


async def test_the_wait_fails_at_once_when_it_cannot_help() -> None:
    waiting, cluster, _ = watch(BROKEN)
    with pytest.raises(RefusedError, match=r"will not become ready(?s:.)*ImagePullBackOff"):
        await wait_for_pods(waiting, PERSON, expected())
    assert cluster.looked == 1


async def test_the_wait_is_bounded() -> None:
    waiting, _, clock = watch(PULLING)
    with pytest.raises(RefusedError, match="not ready within 3 s"):
        await wait_for_pods(waiting, PERSON, expected())
    assert clock.time <= 3 + POLL_SECONDS


async def test_the_guard_asks_once_for_all_that_moves() -> None:
    waiting, cluster, _ = watch(PULLING, READY)
    guard = Guard(waiting, [target], PERSON, patient=False)
    for _ in range(2):
        with pytest.raises(RefusedError, match="green cannot take over"):
            await guard.allow()
    assert cluster.looked == 1


async def test_the_guard_allows_what_is_ready() -> None:
    waiting, cluster, _ = watch(READY)
    guard = Guard(waiting, [target], PERSON, patient=False)
    await guard.allow()
    await guard.allow()
    assert cluster.looked == 1


async def test_the_guard_waits_only_where_nothing_trades_yet() -> None:
    waiting, _, clock = watch(PULLING, PULLING, READY)
    await Guard(waiting, [target], PERSON, patient=True).allow()
    assert clock.slept


async def test_on_the_way_back_of_a_release_one_pod_is_enough() -> None:
    waiting, _, clock = watch(PULLING)
    back = Caller("staging", UNDER_WAY.release, rolls_back=True)
    await Guard(waiting, [target], back, patient=False).allow()
    await wait_for_pods(waiting, back, expected())
    assert not clock.slept


async def test_a_cluster_that_does_not_answer_refuses() -> None:
    def connect() -> FakeCluster:
        raise ConnectionError("refused")

    with pytest.raises(ConnectionError):
        await Guard(Watch(connect), [target], PERSON, patient=False).allow()


@pytest.mark.parametrize(
    ("written", "words"),
    [
        (ReleaseMarks({BAD.digest: BAD}), "is in quarantine since"),
        (ReleaseMarks(under_way=UNDER_WAY), "a release is under way"),
    ],
)
async def test_what_a_release_wrote_down_refuses_before_any_pod_is_looked_at(
    written: ReleaseMarks, words: str
) -> None:
    waiting, cluster, _ = watch(READY)
    cluster.written = written
    with pytest.raises(RefusedError, match=words):
        await Guard(waiting, [target], PERSON, patient=True).allow()
    with pytest.raises(RefusedError, match=words):
        await allow_pods_change(waiting, PERSON, [expected()])
    assert cluster.looked == 0


async def test_the_pods_of_a_standby_may_be_changed_whatever_is_in_quarantine() -> None:
    waiting, cluster, _ = watch(READY)
    cluster.written = ReleaseMarks({BAD.digest: BAD})
    await allow_pods_change(waiting, PERSON, [])


async def another_ledger() -> list[str]:
    return ["another ledger"]


async def test_what_leads_to_another_ledger_moves_nothing_and_changes_no_pod() -> None:
    waiting, cluster, _ = watch(READY)
    guard = Guard(waiting, [target], PERSON, patient=True, ledger=another_ledger)
    with pytest.raises(RefusedError, match="another ledger"):
        await guard.allow()
    with pytest.raises(RefusedError, match="another ledger"):
        await allow_pods_change(waiting, PERSON, [], another_ledger)
    assert cluster.looked == 0
