"""The side of the venue that no exchange has: faults, prices, clock, record; and the open API."""

from decimal import Decimal

import pytest

from testbed.venue.faults import Asked, Faults, Kind, Rule
from testbed.venue.limits import BAN_MS, DAY_MS, MINUTE_MS, STRIKES, Limits, Rates
from testbed.venue.refusals import RefusalError
from tests.support.venue_client import ccxt_at, errors
from tests.support.venue_serving import Serving

ORDER = Asked(method="POST", path="/api/v3/order", symbol="BTCUSDT", client_id="blue-1")


@pytest.mark.parametrize(
    ("match", "hit"),
    [
        ({}, True),
        ({"method": "POST"}, True),
        ({"method": "GET"}, False),
        ({"path": "/api/v3/order"}, True),
        ({"path": "/api/v3/account"}, False),
        ({"symbol": "ETHUSDT"}, False),
        ({"client_id": "blue-"}, True),
        ({"client_id": "green-"}, False),
    ],
)
def test_a_rule_hits_what_it_describes(match: dict[str, str], hit: bool) -> None:  # noqa: FBT001  # the expectation
    faults = Faults()
    faults.add(Rule.model_validate({"kind": Kind.REJECT, **match}))
    assert (faults.hit(ORDER) is not None) == hit


def test_a_rule_skips_hits_and_is_used_up() -> None:
    faults = Faults()
    faults.add(Rule(kind=Kind.REJECT, skip=2, count=1))
    assert [faults.hit(ORDER) is not None for _ in range(5)] == [False, False, True, False, False]
    (planned,) = faults.list()
    assert planned.hits == 1


def test_bans_last_longer_each_time_but_never_longer_than_three_days() -> None:
    limits = Limits(Rates(weight_per_minute=1))
    now_ms, bans = 0, list[int]()
    for _ in range(14):
        refusals: list[RefusalError] = []
        for _ in range(STRIKES + 2):
            try:
                limits.spend("10.0.0.1", 1, now_ms)
            except RefusalError as refusal:
                refusals.append(refusal)
        assert [refusal.status for refusal in refusals] == [429] * STRIKES + [418]
        bans.append(int(refusals[-1].headers["Retry-After"]) * 1_000)
        now_ms = (now_ms + bans[-1]) // MINUTE_MS * MINUTE_MS + MINUTE_MS
    assert bans[:3] == [BAN_MS, 2 * BAN_MS, 4 * BAN_MS]
    assert bans[-1] == 3 * DAY_MS


def test_one_address_never_uses_up_the_limit_of_another() -> None:
    limits = Limits(Rates(weight_per_minute=1))
    limits.spend("10.0.0.1", 1, 0)
    limits.spend("10.0.0.2", 1, 0)
    with pytest.raises(RefusalError, match="Too much request weight"):
        limits.spend("10.0.0.1", 1, 0)


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/admin/faults", {"kind": "explode"}),
        ("POST", "/admin/faults", {"kind": "reject", "chance": 1}),
        ("POST", "/admin/faults", None),
        ("PUT", "/admin/prices/BTCUSDT", {"price": "-1"}),
        ("PUT", "/admin/prices/BTCUSDT", {"price": "0.001"}),
        ("PUT", "/admin/clock", {"offset": 1}),
        ("GET", "/admin/record?after=x", None),
    ],
)
async def test_a_wrong_admin_request_is_told_what_is_wrong(
    serving: Serving, method: str, path: str, body: object
) -> None:
    answer = await serving.http.request(method, path, json=body)
    assert answer.status_code == 422
    assert answer.json()["error"]


async def test_rules_are_listed_with_their_hits_and_forgotten_one_by_one(
    serving: Serving,
) -> None:
    await serving.fault(kind="reject", path="/api/v3/time")
    assert (await serving.http.get("/api/v3/time")).status_code == 503
    assert [plan["hits"] for plan in (await serving.http.get("/admin/faults")).json()] == [1]
    assert (await serving.http.delete("/admin/faults/1")).status_code == 204
    assert (await serving.http.delete("/admin/faults/1")).status_code == 404
    assert (await serving.http.get("/api/v3/time")).status_code == 200


ORDERS, LISTED, TRADES, ACCOUNT = "order", "allOrders", "myTrades", "account"


async def asked(serving: Serving) -> dict[str, bool]:
    """Say which endpoint shows that a bitcoin was bought."""
    async with ccxt_at(serving.url) as ccxt:
        known = True
        try:
            await ccxt.fetch_order(None, "BTC/USDT", {"clientOrderId": "lag-1"})
        except errors.OrderNotFound:
            known = False
        return {
            ORDERS: known,
            LISTED: bool(await ccxt.fetch_orders("BTC/USDT")),
            TRADES: bool(await ccxt.fetch_my_trades("BTC/USDT")),
            ACCOUNT: Decimal((await ccxt.fetch_balance())["total"]["BTC"]) > 1,
        }


async def bought(serving: Serving) -> None:
    async with ccxt_at(serving.url) as ccxt:
        params = {"clientOrderId": "lag-1"}
        await ccxt.create_order("BTC/USDT", "market", "buy", "0.01", None, params)


@pytest.mark.parametrize("late", [ORDERS, LISTED, TRADES, ACCOUNT])
async def test_each_answer_can_be_older_than_the_others(serving: Serving, late: str) -> None:
    await serving.fault(kind="lag", path=f"/api/v3/{late}", seconds=60)
    await bought(serving)
    assert await asked(serving) == {
        name: name != late for name in (ORDERS, LISTED, TRADES, ACCOUNT)
    }


async def test_what_is_answered_late_is_what_was_then(serving: Serving) -> None:
    await bought(serving)
    serving.clock.ahead_ms += 61_000
    before, after = serving.clock() - 62_000, serving.clock() - 60_000
    assert not serving.exchange.as_of(before).orders
    assert serving.exchange.as_of(after).find("BTCUSDT", None, "lag-1")
    assert serving.exchange.as_of(after).trades


async def test_a_reset_forgets_orders_trades_and_balances_but_not_the_record(
    serving: Serving,
) -> None:
    await bought(serving)
    assert all((await asked(serving)).values())
    assert (await serving.http.post("/admin/reset")).status_code == 204
    assert not any((await asked(serving)).values())
    assert [order.client_id for order in await serving.accepted()] == ["lag-1"]
    await bought(serving)
    assert len(await serving.accepted()) == 2


async def test_the_venues_clock_can_be_wrong(serving: Serving) -> None:
    answer = await serving.http.put("/admin/clock", json={"offset_ms": -3_600_000})
    assert answer.json()["now_ms"] <= serving.clock() - 3_599_000
    server_time = (await serving.http.get("/api/v3/time")).json()["serverTime"]
    assert server_time <= serving.clock() - 3_599_000


async def test_a_price_is_held_and_moves_again(serving: Serving) -> None:
    query = "/api/v3/ticker/price?symbol=BTCUSDT"
    await serving.pin("BTCUSDT", "12345.67")
    assert (await serving.http.get(query)).json()["price"] == "12345.67000000"
    assert (await serving.http.delete("/admin/prices/BTCUSDT")).status_code == 204
    assert (await serving.http.get(query)).json()["price"] != "12345.67000000"


async def test_the_record_is_exported_from_where_a_reader_stopped(serving: Serving) -> None:
    whole = (await serving.http.get("/admin/record")).text.splitlines()
    assert '"kind":"opened"' in whole[0]
    assert (await serving.http.get(f"/admin/record?after={len(whole)}")).text == ""
    state = (await serving.http.get("/admin/state")).json()
    assert state["balances"]["USDT"] == {"free": "100000.00000000", "locked": "0.00000000"}


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/api/v3/uiKlines", 404, -1000),
        ("/api/v3/klines?symbol=BTCUSDT", 400, -1102),
        ("/api/v3/klines?symbol=BTCUSDT&interval=1w", 400, -1120),
        ("/api/v3/ticker/price?symbol=", 400, -1102),
        ('/api/v3/ticker/price?symbols=["NOPE"]', 400, -1121),
        ("/api/v3/ticker/price?symbols=BTCUSDT", 400, -1100),
        ("/api/v3/account", 401, -2014),
    ],
)
async def test_a_wrong_request_has_binances_code(
    serving: Serving, path: str, status: int, code: int
) -> None:
    answer = await serving.http.get(path)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


async def test_candles_since_ever_are_no_more_than_the_limit(serving: Serving) -> None:
    query = "/api/v3/klines?symbol=BTCUSDT&interval=1s&startTime=0&limit=3"
    assert [row[0] for row in (await serving.http.get(query)).json()] == [0, 1_000, 2_000]


async def test_a_body_without_end_is_refused(serving: Serving) -> None:
    answer = await serving.http.post("/api/v3/order", content=b"a" * 100_000)
    assert answer.status_code == 413
