"""Signals over HTTP: what is taken, what is refused and how, on the real ledger in memory."""

import asyncio
import hashlib
import hmac
import json
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass
from pathlib import Path

import httpx2
import pytest
from starlette.applications import Starlette

from bot.intake.intake import Intake, routes
from bot.ledger.ledger import Ledger
from bot.ledger.port import LedgerError, Posted
from bot.ledger.sqlite import Sqlite
from bot.process.clock import Clock
from bot.trading.signals import Signal
from tests.support.plain import NO_TLS

TOKEN, OLD_TOKEN, KEY = "token-of-the-day", "token-of-yesterday", "key-that-signs-it"
GOOD = {"id": "s-1", "symbol": "BTC/USDT", "side": "buy", "quantity": "0.5"}
BEARER = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}
SYMBOLS = ("BTC/USDT", "ETH/USDT")


class AwayLedger:
    """A database that does not answer."""

    async def post(self, signal: Signal) -> Posted:
        raise LedgerError(f"no answer about {signal.signal_id}")

    async def find(self, signal_id: str) -> None:
        raise LedgerError(f"no answer about {signal_id}")


@dataclass
class Server:
    """A client, and the ledger behind the server."""

    client: httpx2.AsyncClient
    ledger: Ledger
    secrets: Path

    async def post(self, body: object, headers: Mapping[str, str] | None = None) -> httpx2.Response:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        return await self.client.post("/signals", content=content, headers=headers or BEARER)


def client_of(intake: Intake) -> httpx2.AsyncClient:
    transport = httpx2.ASGITransport(Starlette(routes=routes(intake)))
    return httpx2.AsyncClient(transport=transport, base_url="http://bot", verify=NO_TLS)


@pytest.fixture
async def server(tmp_path: Path) -> AsyncGenerator[Server]:
    for name, value in {
        "signals-token": TOKEN,
        "signals-token-previous": OLD_TOKEN,
        "signals-hmac-key": KEY,
    }.items():
        (tmp_path / name).write_text(value)
    ledger = Ledger(Sqlite(), "main")
    await ledger.open()
    intake = Intake(inbox=ledger, symbols=SYMBOLS, secrets=tmp_path, clock=Clock())
    async with client_of(intake) as client:
        yield Server(client, ledger, tmp_path)
    await ledger.close()


def signed(body: bytes, *, key: str = KEY, at: float | None = None) -> dict[str, str]:
    stamp = str(int(Clock().utc().timestamp() if at is None else at))
    message = f"{stamp}.POST./signals.".encode() + body
    value = hmac.new(key.encode(), message, hashlib.sha256).hexdigest()
    return {
        "Content-Type": "application/json",
        "X-Signature-Timestamp": stamp,
        "X-Signature": f"v1={value}",
    }


async def test_a_signal_is_stored_before_it_is_answered_and_can_be_asked_about(
    server: Server,
) -> None:
    answer = await server.post(GOOD)
    assert answer.status_code == 202
    assert answer.headers["location"] == "/signals/s-1"
    assert await server.ledger.find("s-1") is not None
    record = (await server.client.get("/signals/s-1", headers=BEARER)).json()
    assert (record["id"], record["status"], record["orders"]) == ("s-1", "pending", [])


async def test_posted_again_it_is_one_signal_and_another_content_is_refused(server: Server) -> None:
    answers = [await server.post(GOOD) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [202, 202, 202]
    assert (await server.post(GOOD | {"side": "sell"})).status_code == 409
    record = await server.ledger.find("s-1")
    assert record is not None
    assert record.signal.terms.side == "buy"


async def test_two_spellings_are_one_symbol(server: Server) -> None:
    assert (await server.post(GOOD | {"symbol": "btc-usdt"})).status_code == 202
    record = await server.ledger.find("s-1")
    assert record is not None
    assert record.signal.terms.symbol == "BTC/USDT"


async def test_both_tokens_and_a_signature_are_valid(server: Server) -> None:
    old = BEARER | {"Authorization": f"Bearer {OLD_TOKEN}"}
    assert (await server.post(GOOD, old)).status_code == 202
    body = json.dumps(GOOD | {"id": "s-2"}).encode()
    assert (await server.post(body, signed(body))).status_code == 202


async def test_a_rotated_token_is_seen_without_a_restart(server: Server) -> None:
    assert (await server.post(GOOD)).status_code == 202
    (server.secrets / "signals-token").write_text("token-of-tomorrow")
    (server.secrets / "signals-token-previous").write_text(TOKEN)
    await asyncio.sleep(0.6)
    new = BEARER | {"Authorization": "Bearer token-of-tomorrow"}
    assert (await server.post(GOOD, new)).status_code == 202
    old = BEARER | {"Authorization": f"Bearer {OLD_TOKEN}"}
    assert (await server.post(GOOD, old)).status_code == 401


async def test_without_a_credential_there_is_no_way_in(tmp_path: Path) -> None:
    ledger = Ledger(Sqlite(), "main")
    intake = Intake(inbox=ledger, symbols=SYMBOLS, secrets=tmp_path, clock=Clock())
    async with client_of(intake) as client:
        answer = await client.post("/signals", json=GOOD, headers=BEARER)
    assert answer.status_code == 503
    assert "signals-token" in answer.text


async def test_a_database_that_is_away_is_503_and_says_when_to_come_again(
    tmp_path: Path,
) -> None:
    (tmp_path / "signals-token").write_text(TOKEN)
    intake = Intake(inbox=AwayLedger(), symbols=SYMBOLS, secrets=tmp_path, clock=Clock())
    async with client_of(intake) as client:
        answer = await client.post("/signals", json=GOOD, headers=BEARER)
        asked = await client.get("/signals/s-1", headers=BEARER)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
    assert asked.status_code == 503


# Bad input: field x value, bodies, headers. None may be a 5xx, none may store anything.

VALUES: tuple[object, ...] = (
    None, True, False, 0, 1, -1, 1.5, 10**400, "", " ", "\x00", "a\x00b", "\ud800", "é", "🂡" * 70,
    "x" * 65, "x" * 70_000, "../..", "'; DROP TABLE signals; --", "{{7*7}}", "NaN", "Infinity",
    "-1", "0", "1e3", "0x10", "1,5", "\uff11", "1" * 19, "0." + "1" * 19, [], {}, ["BTC/USDT"],
    {"a": {}}, "BTC/USDT/X", "BTCUSDT", "DOGE/USDT", "BUY", "gtd",
)  # fmt: skip
FIELDS = (
    "id",
    "symbol",
    "side",
    "quantity",
    "limitPrice",
    "lifetime",
    "reduceOnly",
    "maxAgeSeconds",
)
FINE = {
    ("reduceOnly", True),
    ("reduceOnly", False),
    ("id", "NaN"),
    ("id", "Infinity"),
    ("id", "BTCUSDT"),
    ("id", "BUY"),
    ("id", "gtd"),
    ("id", "1e3"),
    ("id", "0x10"),
    ("id", "0"),
    ("id", "-1"),
    ("id", "1" * 19),
    ("id", "0." + "1" * 19),
}
"""What looks bad and is allowed in its place."""


def _is_fine(field: str, value: object) -> bool:
    return any(f == field and type(v) is type(value) and v == value for f, v in FINE)


HOSTILE = [
    pytest.param(GOOD | {field: value}, id=f"{field}={str(value)[:20]!r}-{type(value).__name__}")
    for field in FIELDS
    for value in VALUES
    if not _is_fine(field, value)
]


@pytest.mark.parametrize("body", HOSTILE)
async def test_a_bad_value_is_named_and_stores_nothing(
    server: Server, body: dict[str, object]
) -> None:
    answer = await server.post(body)
    assert 400 <= answer.status_code < 500, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert TOKEN not in answer.text
    assert len(answer.content) < 4096
    assert await server.ledger.busy_shards() == set()


def test_there_are_at_least_200_of_them() -> None:
    assert len(HOSTILE) + len(BODIES) + len(HEADERS) >= 200


BODIES = {
    "empty": b"",
    "no JSON": b"side=buy",
    "half": b'{"id": "s-1", "symbol"',
    "a list": b"[]",
    "a text": b'"s-1"',
    "twice": b'{"id":"s-1","id":"s-2","symbol":"BTC/USDT","side":"buy","quantity":"1"}',
    "not a number": b'{"id":"s-1","symbol":"BTC/USDT","side":"buy","quantity":NaN}',
    "UTF-16": json.dumps(GOOD).encode("utf-16"),
    "no UTF-8": b'{"id":"\xff\xfe"}',
    "a mark first": b"\xef\xbb\xbf" + json.dumps(GOOD).encode(),
    "deep": b"[" * 30_000 + b"]" * 30_000,
    "deep objects": b'{"a":' * 10_000 + b"1" + b"}" * 10_000,
    "too large": b'{"id":"' + b"x" * 70_000 + b'"}',
    "an unknown key": json.dumps(GOOD | {"leverage": "10"}).encode(),
    "a prototype": json.dumps(GOOD | {"__proto__": {}}).encode(),
    "trailing": json.dumps(GOOD).encode() + b"{}",
    "a huge number": b'{"id":"s-1","maxAgeSeconds":' + b"9" * 5000 + b"}",
}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
async def test_a_bad_body_is_refused_and_stores_nothing(server: Server, body: bytes) -> None:
    answer = await server.post(body)
    assert 400 <= answer.status_code < 500, answer.text
    assert await server.ledger.busy_shards() == set()


HEADERS: dict[str, dict[str, str]] = {
    "no credential": {"Content-Type": "application/json"},
    "a wrong token": BEARER | {"Authorization": "Bearer wrong"},
    "no scheme": BEARER | {"Authorization": TOKEN},
    "basic": BEARER | {"Authorization": "Basic dTpw"},
    "an empty token": BEARER | {"Authorization": "Bearer "},
    "half a token": BEARER | {"Authorization": f"Bearer {TOKEN[:-1]}"},
    "a longer token": BEARER | {"Authorization": f"Bearer {TOKEN}x"},
    "the key as a token": BEARER | {"Authorization": f"Bearer {KEY}"},
    "a form": BEARER | {"Content-Type": "application/x-www-form-urlencoded"},
    "no media type": {"Authorization": f"Bearer {TOKEN}"},
    "a wrong signature": signed(b"{}", key="wrong"),
    "an old signature": signed(json.dumps(GOOD).encode(), at=1.0),
    "another body's signature": signed(b"{}"),
    "no number for a stamp": signed(b"{}") | {"X-Signature-Timestamp": "now"},
    "a huge stamp": signed(b"{}") | {"X-Signature-Timestamp": "9" * 400},
    "no hexadecimal": signed(b"{}") | {"X-Signature": "v1=zz"},
    "no version": signed(b"{}") | {"X-Signature": "00"},
}


@pytest.mark.parametrize("headers", HEADERS.values(), ids=HEADERS)
async def test_bad_headers_are_refused_and_store_nothing(
    server: Server, headers: dict[str, str]
) -> None:
    answer = await server.post(GOOD, headers)
    assert answer.status_code in (400, 401, 415), answer.text
    assert await server.ledger.busy_shards() == set()


@pytest.mark.parametrize("name", ["%00", "a%00b", "..%2f..", "x" * 300, "%ff", "é"])
async def test_an_impossible_id_is_not_known(server: Server, name: str) -> None:
    assert (await server.client.get(f"/signals/{name}", headers=BEARER)).status_code == 404


async def test_who_asks_too_often_with_wrong_tokens_is_told_to_wait(server: Server) -> None:
    wrong = BEARER | {"Authorization": "Bearer wrong"}
    codes = [(await server.post(GOOD, wrong)).status_code for _ in range(10)]
    assert codes[:5] == [401] * 5
    assert 429 in codes
    assert (await server.post(GOOD)).status_code == 202
