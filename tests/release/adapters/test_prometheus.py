"""The same counters from Prometheus; what is stale is told, and nothing secret is shown."""

from typing import Any

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from bot.contract.color import Color
from release.adapters.exposition import parse
from release.adapters.prometheus import Prometheus, PrometheusMetrics
from release.decide.model import Snapshot
from tests.release.adapters.test_metrics import COUNTERS, FULL, NOW

SECRET = "hush-hush"  # noqa: S105 - planted, to be looked for
Vector = list[dict[str, Any]]


def vector(time: float, pod: str = "g-1") -> Vector:
    return [{"metric": {"pod": pod, "namespace": "ns"}, "value": [NOW, str(time)]}]


def series(text: str, pod: str = "g-1") -> Vector:
    return [
        {"metric": {"__name__": name, "pod": pod, **labels}, "value": [NOW, str(value)]}
        for name, samples in parse(text).samples.items()
        for labels, value in samples
    ]


class FakePrometheus:
    """Answers two queries: when each pod was scraped, and what it said."""

    def __init__(self, scraped: Vector, samples: Vector, answer: Response | None = None) -> None:
        self.queries: list[str] = []
        self.tokens: list[str] = []
        self._scraped, self._samples, self._answer = scraped, samples, answer

    async def _query(self, request: Request) -> Response:
        query = request.query_params["query"]
        self.queries.append(query)
        self.tokens.append(request.headers.get("authorization", ""))
        if self._answer is not None:
            return self._answer
        result = self._scraped if query.startswith("timestamp(") else self._samples
        return JSONResponse(
            {"status": "success", "data": {"resultType": "vector", "result": result}}
        )

    async def snapshot(self) -> Snapshot:
        app = Starlette(routes=[Route("/api/v1/query", self._query)])
        where = Prometheus("http://prom.example", 'n"s', token=SECRET)
        assert SECRET not in repr(where)
        metrics = PrometheusMetrics(where, lambda: NOW, httpx2.ASGITransport(app))
        snapshot = await metrics.snapshot(Color.GREEN)
        await metrics.close()
        return snapshot


async def test_the_counters_are_those_of_the_pods_themselves() -> None:
    fake = FakePrometheus(vector(NOW), series(FULL) + series(FULL, "b-1"))
    assert await fake.snapshot() == Snapshot(Color.GREEN, NOW, (COUNTERS,))
    assert all('namespace="n\\"s",color="green"' in query for query in fake.queries)
    assert fake.tokens == [f"Bearer {SECRET}"] * 2


async def test_counters_and_the_heartbeat_bear_the_time_of_their_scrape() -> None:
    (values,) = (await FakePrometheus(vector(NOW + 10), series(FULL)).snapshot()).pods
    assert values.at == NOW + 10
    assert values.heartbeat_age_seconds == 12


@pytest.mark.parametrize(
    ("scraped", "words"),
    [
        (vector(NOW - 60), "g-1: scraped 60 s ago"),
        (vector(float("nan")), "g-1: scraped nan s ago"),
        ([], "Prometheus knows no pod of green"),
        (vector(NOW, ""), "a series without pod"),
    ],
)
async def test_what_is_stale_or_missing_is_told_and_not_counted(
    scraped: Vector, words: str
) -> None:
    snapshot = await FakePrometheus(scraped, series(FULL)).snapshot()
    assert snapshot.pods == ()
    assert words in snapshot.failures[0]


async def test_no_orders_yet_is_zero_only_where_the_histogram_says_so() -> None:
    text = 'bot_intent_to_ack_seconds_count 0\nbot_http_requests_total{status="200"} 1\n'
    (values,) = (await FakePrometheus(vector(NOW), series(text)).snapshot()).pods
    assert (values.orders, values.order_errors, values.requests) == (0, 0, 1)
    (values,) = (await FakePrometheus(vector(NOW), series(text.replace("0", "4"))).snapshot()).pods
    assert (values.orders, values.order_errors) == (None, None)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (PlainTextResponse("no", 502), "answers 502 and no vector"),
        (JSONResponse({"status": "error", "error": "bad query"}, 400), "bad query"),
        (JSONResponse({"status": "success", "data": {"resultType": "matrix"}}), "no vector"),
    ],
)
async def test_an_answer_that_is_none_is_one_failure(answer: Response, words: str) -> None:
    snapshot = await FakePrometheus([], [], answer).snapshot()
    assert snapshot.pods == ()
    assert words in snapshot.failures[0]


async def test_a_prometheus_that_is_away_is_a_failure_without_its_address() -> None:
    metrics = PrometheusMetrics(Prometheus(f"http://x:{SECRET}@127.0.0.1:9", "ns"), lambda: NOW)
    (failure,) = (await metrics.snapshot(Color.GREEN)).failures
    assert failure == "Prometheus cannot be asked: ConnectError"
    await metrics.close()
