"""Missing or odd data never passes; what is worse fails; what is as good passes."""

import math
from dataclasses import replace
from typing import Any

import pytest

from release.analysis import judge
from release.decide.model import Counters, Look, Verdict
from tests.release.analysis.streams_of import THRESHOLDS, healthy, look, pod

WELL = healthy()
STILL = tuple((bound, 5.0) for bound, _ in WELL[0].new.pods[0].latency_buckets)


def verdict(looks: list[Look], *, concurrent: bool = True) -> Verdict:
    return judge(looks, THRESHOLDS, concurrent=concurrent).verdict


@pytest.mark.parametrize("concurrent", [True, False])
def test_a_version_that_is_as_good_passes(*, concurrent: bool) -> None:
    judged = judge(WELL, THRESHOLDS, concurrent=concurrent)
    assert judged.verdict is Verdict.PASS, judged


def _last_new(change: dict[str, object]) -> list[Look]:
    new = replace(WELL[-1].new.pods[0], **change)  # pyright: ignore[reportArgumentType] - fields
    return [*WELL[:-1], replace(WELL[-1], new=replace(WELL[-1].new, pods=(new,)))]


def _last_old(change: dict[str, object]) -> list[Look]:
    old = replace(WELL[-1].old.pods[0], **change)  # pyright: ignore[reportArgumentType] - fields
    return [*WELL[:-1], replace(WELL[-1], old=replace(WELL[-1].old, pods=(old,)))]


def _all_but_last(change: dict[str, object]) -> list[Look]:
    """Only the newest look is whole."""
    return [
        *(
            replace(one, new=replace(one.new, pods=(replace(one.new.pods[0], **change),)))  # pyright: ignore[reportArgumentType] - fields
            for one in WELL[:-1]
        ),
        WELL[-1],
    ]


def _made(new: dict[str, Any], old: dict[str, Any] | None = None) -> list[Look]:
    """Every look has these instead."""
    return [
        look(100.0 + t, pod(100.0 + t, 200.0 + t, **(old or {})), pod(100.0 + t, 5.0 + t, **new))
        for t in range(0, 120, 2)
    ]


def _nan(buckets: tuple[tuple[float, float], ...]) -> tuple[tuple[float, float], ...]:
    return tuple((bound, math.nan) for bound, _ in buckets)


FIELDS = (
    *("started", "requests", "request_errors", "orders", "order_errors"),
    *("rejections", "unresolved_orders", "heartbeat_age_seconds"),
)
ODD: dict[str, list[Look]] = {
    **{f"new: {f} is not told": _last_new({f: None}) for f in FIELDS},
    **{f"new: {f} is NaN": _last_new({f: math.nan}) for f in FIELDS},
    **{f"new: {f} is infinite": _last_new({f: math.inf}) for f in FIELDS},
    **{f"new: {f} is negative": _last_new({f: -1.0}) for f in FIELDS},
    **{f"old: {f} is not told": _last_old({f: None}) for f in FIELDS},
    **{f"old: {f} is NaN": _last_old({f: math.nan}) for f in FIELDS},
    "new: an old scrape": _last_new({"at": 0.0}),
    "old: an old scrape": _last_old({"at": 0.0}),
    "new: more errors than orders": _last_new({"order_errors": 1e9, "orders": 1e8}),
    "new: more errors than requests": _last_new({"request_errors": 1e9}),
    "new: a counter fell": _last_new({"orders": 1.0}),
    "old: a counter fell": _last_old({"requests": 1.0}),
    "new: no pod": [*WELL[:-1], replace(WELL[-1], new=replace(WELL[-1].new, pods=()))],
    "old: no pod": [*WELL[:-1], replace(WELL[-1], old=replace(WELL[-1].old, pods=()))],
    "new: a pod did not answer": [
        *WELL[:-1],
        replace(WELL[-1], new=replace(WELL[-1].new, failures=("p: refused",))),
    ],
    "old: the provider is down": [
        *WELL[:-1],
        replace(WELL[-1], old=replace(WELL[-1].old, pods=(), failures=("down",))),
    ],
    **{f"new: {f} is told at last": _all_but_last({f: None}) for f in FIELDS},
    **{f"new: {f} was NaN until now": _all_but_last({f: math.nan}) for f in FIELDS},
    "new: stale until now": _all_but_last({"at": 0.0}),
    "new: a scrape from the future": _last_new({"at": 1e9}),
    "new: no histogram": _made({"latency_buckets": ()}),
    "old: no histogram": _made({}, {"latency_buckets": ()}),
    "new: a histogram of NaN": _made(
        {"latency_buckets": _nan(WELL[0].new.pods[0].latency_buckets)}
    ),
    "new: no orders, but requests": _made({"orders": 5.0, "latency_buckets": STILL}),
    "old: no orders ever, new: all wrong": [
        look(100.0 + t, pod(100.0 + t, 0.0, requests=200.0 + t), pod(100.0 + t, 5.0 + t, 1.0 * t))
        for t in range(0, 120, 2)
    ],
    "the provider was down until now": [
        WELL[0],
        *(replace(one, new=replace(one.new, pods=(), failures=("down",))) for one in WELL[1:-1]),
        WELL[-1],
    ],
    "no look": [],
    "a moment": WELL[:4],
    "one look": WELL[:1],
    "few attempts": [
        look(100.0 + t, pod(100.0 + t, 9 + t / 10), pod(100.0 + t, 1 + t / 10))
        for t in range(0, 100, 2)
    ],
    "nothing happens": [
        look(100.0 + t, pod(100.0 + t, 9), pod(100.0 + t, 1)) for t in range(0, 100, 2)
    ],
    "new processes again and again": [
        look(100.0 + t, pod(100.0 + t, 200.0 + t), pod(100.0 + t, 30.0, started=99.0 + t))
        for t in range(0, 60, 2)
    ],
}


@pytest.mark.parametrize("name", ODD)
def test_what_is_missing_or_odd_never_passes(name: str) -> None:
    assert verdict(ODD[name]) in {Verdict.ERROR, Verdict.INCONCLUSIVE, Verdict.FAIL}


def test_there_are_forty_rows_of_odd_data() -> None:
    assert len(ODD) >= 40


def _worse(**changes: float) -> list[Look]:
    """Each look's new pod goes wrong more, by so much in a second."""

    def new(at: float, t: int) -> Counters:
        more = {name: per_second * t for name, per_second in changes.items()}
        return pod(at, 5.0 + t, **more)

    return [look(100.0 + t, pod(100.0 + t, 200.0 + t), new(100.0 + t, t)) for t in range(0, 240, 5)]


@pytest.mark.parametrize("stream", ["order_errors", "rejections", "request_errors"])
@pytest.mark.parametrize("concurrent", [True, False])
def test_more_errors_fail_with_their_numbers(stream: str, *, concurrent: bool) -> None:
    judged = judge(_worse(**{stream: 0.5}), THRESHOLDS, concurrent=concurrent)
    assert judged.verdict is Verdict.FAIL
    assert "bursts of errors" in judged.reasons[0]


@pytest.mark.parametrize("per_second", [0.5, 1.0, 5.0])
@pytest.mark.parametrize("concurrent", [True, False])
def test_what_always_fails_is_rolled_back_however_fast(
    per_second: float, *, concurrent: bool
) -> None:
    looks = [
        look(
            100.0 + t,
            pod(100.0 + t, 1000.0 + per_second * t),
            pod(100.0 + t, 5.0 + per_second * t, per_second * t),
        )
        for t in range(0, 180, 2)
    ]
    verdicts = [verdict(looks[:n], concurrent=concurrent) for n in range(1, len(looks) + 1)]
    assert verdicts[-1] is Verdict.FAIL
    assert Verdict.PASS not in verdicts


def test_what_fails_while_the_old_color_rests_is_held_against_its_past() -> None:
    looks = [
        look(100.0 + t, pod(100.0 + t, 1000.0), pod(100.0 + t, 5.0 + t, 1.0 * t))
        for t in range(0, 120, 2)
    ]
    assert verdict(looks) is Verdict.FAIL


def test_a_canary_needs_no_requests_because_they_all_go_to_the_active_color() -> None:
    assert verdict(_made({"requests": 5.0})) is Verdict.PASS


def test_after_a_swap_a_quiet_market_is_no_doubt() -> None:
    """An order in an hour: none in two minutes is what the old color would have shown."""
    looks = [
        look(1e6 + t, pod(1e6, 300.0), pod(1e6 + t, 0.0, requests=10.0 + t, latency_buckets=STILL))
        for t in range(0, 120, 2)
    ]
    assert verdict(looks, concurrent=False) is Verdict.PASS


def test_after_a_swap_silence_where_the_old_color_traded_is_a_doubt() -> None:
    looks = _made({"orders": 5.0, "latency_buckets": STILL})
    looks = [replace(one, old=replace(looks[0].old)) for one in looks]
    assert verdict(looks, concurrent=False) is Verdict.INCONCLUSIVE


def test_after_a_swap_six_orders_that_did_not_come_are_a_doubt_and_three_are_none() -> None:
    """Of six expected, a version as busy as the old one shows none once in 400 times."""

    def silent(orders: float) -> list[Look]:
        return [
            look(
                120.0 + t,
                pod(120.0, orders, requests=300.0),
                pod(120.0 + t, 0.0, requests=300.0 + t, latency_buckets=STILL),
            )
            for t in range(0, 122, 2)
        ]

    assert verdict(silent(6.0), concurrent=False) is Verdict.INCONCLUSIVE
    assert verdict(silent(3.0), concurrent=False) is Verdict.PASS


def test_one_bad_answer_of_the_old_color_at_the_first_look_spoils_no_bake() -> None:
    failed = replace(WELL[0], old=replace(WELL[0].old, failures=("b-1: does not answer",)))
    assert verdict([failed], concurrent=False) is Verdict.ERROR
    assert verdict([failed, *WELL[1:]], concurrent=False) is Verdict.PASS


def test_a_scrape_that_is_told_again_is_no_further_evidence() -> None:
    """Prometheus tells the same scrape until the next one: that is one look, not many."""
    stopped = [
        replace(
            one, new=replace(one.new, pods=(replace(one.new.pods[0], heartbeat_age_seconds=30.0),))
        )
        for one in WELL
    ]
    last = stopped[-1].new.pods[0]
    again = [*WELL, *(replace(one, new=replace(one.new, pods=(last,))) for one in stopped[-5:])]
    assert verdict(again) is not Verdict.FAIL
    assert verdict([*WELL, *stopped]) is Verdict.FAIL


def test_one_burst_of_errors_is_one_error() -> None:
    looks = [
        look(100.0 + t, pod(100.0 + t, 200.0 + t), pod(100.0 + t, 5.0 + t, 0.0 if t < 60 else 50.0))
        for t in range(0, 120, 2)
    ]
    assert verdict(looks) is Verdict.PASS


def _slow(blocks: range) -> list[Look]:
    """The new color answers within half a second in these blocks of ten seconds, else at once."""
    looks: list[Look] = []
    quick = slow = 0.0
    for t in range(0, 200, 2):
        quick, slow = (quick, slow + 2) if t // 10 in blocks else (quick + 2, slow)
        buckets = ((0.01, quick / 2), (0.05, quick), (0.1, quick), (0.5, quick + slow))
        new = pod(100.0 + t, 5.0 + 2 * t, latency_buckets=(*buckets, (math.inf, quick + slow)))
        looks.append(look(100.0 + t, pod(100.0 + t, 200.0 + 2 * t), new))
    return looks


def test_a_slow_version_fails_and_one_slow_burst_does_not() -> None:
    assert verdict(_slow(range(3, 5))) is Verdict.PASS
    assert verdict(_slow(range(20))) is Verdict.FAIL


def test_a_heartbeat_that_stopped_fails() -> None:
    looks = [
        replace(
            one, new=replace(one.new, pods=(replace(one.new.pods[0], heartbeat_age_seconds=30.0),))
        )
        for one in WELL
    ]
    assert verdict(looks) is Verdict.FAIL


def test_orders_that_stay_without_an_answer_fail() -> None:
    looks = [
        replace(one, new=replace(one.new, pods=(replace(one.new.pods[0], unresolved_orders=9.0),)))
        for one in WELL
    ]
    assert verdict(looks) is Verdict.FAIL


def test_a_pod_that_began_anew_counts_from_zero() -> None:
    begun = [
        look(100.0 + t, pod(100.0 + t, 200.0 + t), pod(100.0 + t, 5.0 + t, started=101.0))
        for t in range(60, 120, 2)
    ]
    judged = judge([*WELL[:20], *begun], THRESHOLDS, concurrent=True)
    assert judged.verdict is Verdict.PASS
    (orders,) = [each for each in judged.figures.streams if each.name == "orders"]
    assert orders.tried == pytest.approx(38 + 65 + 58, abs=3)
