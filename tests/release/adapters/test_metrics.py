"""Counters from pods: what was not reported is None, what is not a number is told, never a zero."""

import math
from contextlib import suppress
from email.utils import formatdate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.contract import order_results
from bot.contract.color import Color
from bot.trading.orders import State
from release.adapters.exposition import counters_of, parse
from release.adapters.metrics import PodMetrics
from release.decide.model import Counters, Snapshot
from tests.release.adapters.fake_api import (
    REFUSED,
    STACK,
    TIMEOUT,
    FakeApi,
    FakePod,
    serving,
    state,
)

NOW = 1_800_000_000.0

FULL = """\
# TYPE process_start_time_seconds gauge
process_start_time_seconds 1.7999e9
# TYPE bot_http_requests_total counter
bot_http_requests_total{path="/signals",status="202"} 90
bot_http_requests_total{path="/signals",status="503"} 4
bot_http_requests_total{path="/signals",status="422"} 3
bot_http_requests_total{path="other",status="500"} 1
bot_http_requests_total{path="/health",status="503"} 50
bot_http_requests_total{path="/readyz",status="200"} 900
bot_http_requests_total{path="/version",status="200"} 9000
# TYPE bot_orders_total counter
bot_orders_total{side="buy",result="filled"} 30
bot_orders_total{side="sell",result="rejected"} 5
bot_orders_total{side="sell",result="unknown"} 2
bot_orders_total{side="",result="lost"} 1
bot_orders_total{side="buy",result="exploded"} 1
# TYPE bot_intent_to_ack_seconds histogram
bot_intent_to_ack_seconds_bucket{le="0.1"} 20
bot_intent_to_ack_seconds_bucket{le="1.0"} 34
bot_intent_to_ack_seconds_bucket{le="+Inf"} 35
bot_intent_to_ack_seconds_count 35
bot_intent_to_ack_seconds_sum 7
# TYPE bot_unknown_orders gauge
bot_unknown_orders 1
# TYPE bot_heartbeat_timestamp_seconds gauge
bot_heartbeat_timestamp_seconds 1799999998
# TYPE bot_unrealized_profit_quote gauge
bot_unrealized_profit_quote -12.5
"""
COUNTERS = Counters(
    pod="g-1",
    at=NOW,
    started=1.7999e9,
    requests=98,
    request_errors=5,
    orders=38,
    order_errors=3,
    rejections=5,
    latency_buckets=((0.1, 20), (1.0, 34), (math.inf, 35)),
    unresolved_orders=1,
    heartbeat_age_seconds=2,
    profit_quote=-12.5,
)


async def scraped(*pods: FakePod, broken: int = 0) -> Snapshot:
    api = FakeApi([*pods], broken=broken)
    return await PodMetrics(api.kube(), STACK, lambda: NOW).snapshot(Color.GREEN)


def exporting(text: str | int, name: str = "g-1") -> FakePod:
    return serving(name, answers={"/metrics": text})


async def test_a_pod_is_scraped_through_the_api_server() -> None:
    snapshot = await scraped(exporting(FULL), serving("b-1", "blue", {"/metrics": FULL}))
    assert snapshot == Snapshot(Color.GREEN, NOW, (COUNTERS,))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (TIMEOUT, "cannot be asked: planted"),
        (REFUSED, "error trying to reach service"),
        (500, "/metrics answers 500"),
        ("<html>", "is no exposition"),
        ('bot_x{a="1} 1\n', "is no exposition"),
    ],
)
async def test_a_pod_that_cannot_be_scraped_is_a_failure_and_the_others_stay(
    text: str | int, words: str
) -> None:
    snapshot = await scraped(exporting(text, "g-bad"), exporting(FULL))
    assert [counters.pod for counters in snapshot.pods] == ["g-1"]
    (failure,) = snapshot.failures
    assert failure.startswith("g-bad: ")
    assert words in failure


async def test_a_cluster_that_cannot_be_asked_is_one_failure_and_no_exception() -> None:
    snapshot = await scraped(broken=500)
    assert snapshot.pods == ()
    assert "500 Broken" in snapshot.failures[0]


async def test_pods_that_do_not_run_are_not_asked_and_a_color_without_any_is_a_failure() -> None:
    waiting = FakePod("g-1", status=state({"waiting": {}}))
    assert await scraped(waiting) == Snapshot(Color.GREEN, NOW, (), ("no pod of green runs",))
    assert (await scraped(waiting, exporting(FULL, "g-2"))).failures == ()


def counters(text: str) -> tuple[Counters, tuple[str, ...]]:
    return counters_of("g-1", NOW, parse(text))


def test_what_a_pod_does_not_report_is_unknown_and_never_zero() -> None:
    assert counters("") == (Counters("g-1", NOW), ())


def test_a_family_without_samples_counted_nothing() -> None:
    values, odd = counters(
        "# TYPE bot_orders_total counter\n# TYPE bot_http_requests_total counter\n"
    )
    assert (values.rejections, values.order_errors, values.requests, values.request_errors) == (
        0,
    ) * 4
    assert values.orders is None  # the histogram of answers is not there
    assert odd == ()


@pytest.mark.parametrize("value", ["NaN", "+Inf", "-Inf", "-1"])
@pytest.mark.parametrize(
    ("name", "field"),
    [
        ("bot_unknown_orders", "unresolved_orders"),
        ("bot_heartbeat_timestamp_seconds", "heartbeat_age_seconds"),
        ("process_start_time_seconds", "started"),
        ('bot_http_requests_total{path="/signals",status="500"}', "request_errors"),
        ('bot_intent_to_ack_seconds_bucket{le="+Inf"}', "latency_buckets"),
    ],
)
def test_a_value_that_is_not_a_number_makes_its_counter_unknown_and_is_told(
    name: str, field: str, value: str
) -> None:
    values, odd = counters(f"{name} {value}\n")
    assert getattr(values, field) in (None, ())
    assert odd[0].startswith(f"g-1: {name.partition('{')[0].removesuffix('_bucket')} is ")


@pytest.mark.parametrize(
    "lines",
    [
        ['{le="0.1"} 5'],
        ['{le="0.1"} 5', '{le="+Inf"} 4'],
        ['{le="NaN"} 5', '{le="+Inf"} 5'],
        ['{le="much"} 5', '{le="+Inf"} 5'],
        ['{le="1"} 5', '{le="1.0"} 5', '{le="+Inf"} 5'],
        [" 5", '{le="+Inf"} 5'],
    ],
)
def test_a_histogram_that_is_not_whole_is_none(lines: list[str]) -> None:
    text = "".join(f"bot_intent_to_ack_seconds_bucket{line}\n" for line in lines)
    assert counters(text)[0].latency_buckets == ()


def test_an_odd_sample_is_not_hidden_by_the_others() -> None:
    lines = 'bot_http_requests_total{status="500",path="x"} -1\n'
    values, odd = counters(f'bot_http_requests_total{{status="200",path="x"}} 5\n{lines}')
    assert values.requests is None
    assert odd == ("g-1: bot_http_requests_total is -1",)


def test_two_samples_of_one_gauge_are_none() -> None:
    assert counters("bot_unknown_orders 1\nbot_unknown_orders 2\n")[0].unresolved_orders is None


async def test_a_heartbeats_age_is_told_by_the_pods_own_clock() -> None:
    pod = exporting(FULL)
    pod.headers["Date"] = formatdate(NOW + 300, usegmt=True)
    (values,) = (await scraped(pod)).pods
    assert values.heartbeat_age_seconds == pytest.approx(302)


def test_the_words_of_orders_are_those_of_the_ledger() -> None:
    words = {state.value for state in State}
    assert words > order_results.ANSWERED
    assert words - order_results.ANSWERED == {State.INTENT, State.UNKNOWN}
    assert order_results.REJECTED == State.REJECTED
    assert order_results.LOST == State.LOST


@given(st.text(max_size=60) | st.text('bot_x{}="1 #TYPEcounter\\\n', max_size=60))
def test_a_text_that_is_no_exposition_is_never_more_than_a_value_error(text: str) -> None:
    with suppress(ValueError):
        parse(text)


NAMES = st.sampled_from(
    [
        "bot_orders_total",
        "bot_http_requests_total",
        "bot_unknown_orders",
        "bot_intent_to_ack_seconds_bucket",
        "bot_intent_to_ack_seconds_count",
        "process_start_time_seconds",
    ]
)
LABELS = st.sampled_from(["", '{status="500"}', '{result="unknown"}', '{le="+Inf"}', '{le="1"}'])
VALUES = st.one_of(st.floats(width=32), st.sampled_from(["NaN", "+Inf", "1e400"]))


@given(st.lists(st.tuples(NAMES, LABELS, VALUES), max_size=6))
def test_no_number_that_comes_out_is_negative_or_none_at_all(
    lines: list[tuple[str, str, float | str]],
) -> None:
    values, _ = counters("".join(f"{name}{labels} {value}\n" for name, labels, value in lines))
    numbers = [values.requests, values.request_errors, values.orders, values.order_errors]
    numbers += [values.unresolved_orders, values.started, *(c for _, c in values.latency_buckets)]
    assert all(number is None or (math.isfinite(number) and number >= 0) for number in numbers)
