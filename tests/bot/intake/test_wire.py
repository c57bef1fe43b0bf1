"""Games with request lines, headers and bodies, over a raw socket against the real server."""

import asyncio
import hashlib
import hmac
import json
import logging
import re
from collections.abc import Generator
from pathlib import Path

import pytest

from bot.process.clock import Clock
from tests.support.fakes import serving
from tests.support.served import KEY, TOKEN, FakeInbox, app_of, served

GOOD = json.dumps({"id": "s-1", "symbol": "BTC/USDT", "side": "buy", "quantity": "0.5"}).encode()
AUTH = f"Authorization: Bearer {TOKEN}".encode()
KIND = b"Content-Type: application/json"
ANSWER_SECONDS = 20
STATUS_LINE = re.compile(rb"^HTTP/1\.1 (\d{3}) ", re.MULTILINE)


def request(
    *headers: bytes, line: bytes = b"POST /signals HTTP/1.1", body: bytes = GOOD, size: bytes = b""
) -> bytes:
    """Return a request; `size` replaces the true Content-Length."""
    length = b"Content-Length: " + (size or str(len(body)).encode())
    given = [line, b"Host: bot", b"Connection: close", *headers, length]
    return b"\r\n".join(given) + b"\r\n\r\n" + body


def chunked(*headers: bytes, chunks: bytes) -> bytes:
    given = [b"POST /signals HTTP/1.1", b"Host: bot", b"Connection: close", AUTH, KIND, *headers]
    return b"\r\n".join([*given, b"Transfer-Encoding: chunked"]) + b"\r\n\r\n" + chunks


def signed(
    method: str = "POST", path: str = "/signals", body: bytes = GOOD, late: int = 0
) -> bytes:
    stamp = str(int(Clock().utc().timestamp()) - late)
    message = f"{stamp}.{method}.{path}.".encode() + body
    value = hmac.new(KEY.encode(), message, hashlib.sha256).hexdigest()
    return f"X-Signature-Timestamp: {stamp}\r\nX-Signature: v1={value}".encode()


async def ask(address: str, raw: bytes, *, half_close: bool = True) -> bytes:
    """Send the bytes; return all that comes back."""
    host, _, port = address.removeprefix("http://").partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    try:
        writer.write(raw)
        if half_close:
            writer.write_eof()
        return await asyncio.wait_for(reader.read(), ANSWER_SECONDS)
    except OSError:
        return b""  # closed while we still sent
    finally:
        writer.close()


def status(answer: bytes) -> int:
    """Return the status of the first final answer; 0 when the connection was just closed."""
    codes = [int(code) for code in STATUS_LINE.findall(answer)]
    return next((code for code in codes if code >= 200), 0)


LINES = {
    "no version": b"POST /signals",
    "a version that is none": b"POST /signals HTTP/1.x",
    "another protocol": b"POST /signals SMTP/1.1",
    "no path": b"POST HTTP/1.1",
    "a path without a slash": b"POST signals HTTP/1.1",
    "two spaces": b"POST  /signals HTTP/1.1",
    "a tab": b"POST\t/signals\tHTTP/1.1",
    "a space in the path": b"POST /sig nals HTTP/1.1",
    "a byte over 127 in the path": b"POST /signals/\xff HTTP/1.1",
    "a NUL in the path": b"POST /signals\x00 HTTP/1.1",
    "an encoded NUL": b"POST /signals%00 HTTP/1.1",
    "half an escape": b"POST /signals% HTTP/1.1",
    "two slashes": b"POST //signals HTTP/1.1",
    "a slash at the end": b"POST /signals/ HTTP/1.1",
    "dots": b"POST /./signals HTTP/1.1",
    "dots upwards": b"POST /livez/../signals HTTP/1.1",
    "another case": b"POST /SIGNALS HTTP/1.1",
    "a very long path": b"POST /signals/" + b"a" * 60_000 + b" HTTP/1.1",
    "an endless path": b"POST /" + b"a" * 200_000 + b" HTTP/1.1",
    "a method in lower case": b"post /signals HTTP/1.1",
    "a method of one's own": b"FROBNICATE /signals HTTP/1.1",
    "GET": b"GET /signals HTTP/1.1",
    "PUT": b"PUT /signals HTTP/1.1",
    "DELETE": b"DELETE /signals HTTP/1.1",
    "TRACE": b"TRACE /signals HTTP/1.1",
    "OPTIONS": b"OPTIONS /signals HTTP/1.1",
    "OPTIONS of all": b"OPTIONS * HTTP/1.1",
    "CONNECT": b"CONNECT bot:80 HTTP/1.1",
    "POST of one signal": b"POST /signals/s-1 HTTP/1.1",
    "a proxy's form of another host": b"POST http://elsewhere/x HTTP/1.1",
    "HTTP/2 without asking": b"PRI * HTTP/2.0",
    "a NUL for a method": b"\x00 /signals HTTP/1.1",
    "nothing": b"",
}

HEADERS = {
    "the token twice": request(AUTH, AUTH, KIND),
    "another token first": request(b"Authorization: Bearer wrong", AUTH, KIND),
    "another token last": request(AUTH, b"Authorization: Bearer wrong", KIND),
    "two tokens in one": request(AUTH + b", Bearer wrong", KIND),
    "a token in a parameter": request(
        KIND, line=f"POST /signals?access_token={TOKEN} HTTP/1.1".encode()
    ),
    "a token in a cookie": request(KIND, f"Cookie: Authorization=Bearer {TOKEN}".encode()),
    "bytes over 127 in the token": request(b"Authorization: Bearer \xff\xfe", KIND),
    "a NUL in the token": request(AUTH + b"\x00", KIND),
    "a huge token": request(b"Authorization: Bearer " + b"x" * 30_000, KIND),
    "endless headers": request(AUTH, KIND, b"X-More: " + b"x" * 200_000),
    "thousands of headers": request(AUTH, KIND, *[b"X-%d: 1" % n for n in range(20_000)]),
    "a header without a colon": request(AUTH, KIND, b"broken"),
    "a header without a name": request(AUTH, KIND, b": broken"),
    "a space before the colon": request(AUTH, KIND, b"X-Broken : 1"),
    "a NUL in a header": request(AUTH, KIND, b"X-Broken: a\x00b"),
    "a bare carriage return": request(AUTH, KIND, b"X-Broken: a\rX-Other: b"),
    "two hosts": request(AUTH, b"Host: elsewhere", b"Content-Type: text/plain"),
    "no media type": request(AUTH),
    "text": request(AUTH, b"Content-Type: text/plain"),
    "JSON of another kind": request(AUTH, b"Content-Type: application/json-seq"),
    "UTF-16": request(AUTH, b"Content-Type: application/json; charset=utf-16"),
    "an endless media type": request(AUTH, b"Content-Type: " + b"a/" * 10_000),
    "gzip": request(AUTH, KIND, b"Content-Encoding: gzip"),
    "a length below the body": request(AUTH, KIND, size=b"5"),
    "a length above the body": request(AUTH, KIND, size=b"5000"),
    "a negative length": request(AUTH, KIND, size=b"-1"),
    "a length in words": request(AUTH, KIND, size=b"many"),
    "a signed length": request(AUTH, KIND, size=b"+91"),
    "a length as a list": request(AUTH, KIND, size=b"91, 92"),
    "a length of 400 digits": request(AUTH, KIND, size=b"9" * 400),
    "two lengths": request(AUTH, KIND, b"Content-Length: 1"),
    "a length and chunks": request(AUTH, KIND, b"Transfer-Encoding: chunked"),
    "a body that is too large": request(AUTH, KIND, body=b" " * 300_000),
    "far too large": request(AUTH, KIND, body=b" " * 3_000_000),
    "a lying length and a large body": request(AUTH, KIND, body=b" " * 300_000, size=b"10"),
    "chunks without end": chunked(chunks=b"5\r\n[1,2]\r\n"),
    "chunks that are too large": chunked(chunks=(b"8000\r\n" + b" " * 0x8000 + b"\r\n") * 3),
    "a chunk of a negative size": chunked(chunks=b"-1\r\n\r\n"),
    "a chunk of a huge size": chunked(chunks=b"f" * 40 + b"\r\n"),
    "a chunk in words": chunked(chunks=b"many\r\n"),
    "an endless chunk extension": chunked(chunks=b"1;" + b"x" * 200_000),
    "chunks and gzip": request(AUTH, KIND, b"Transfer-Encoding: gzip, chunked"),
    "an upgrade": request(b"Upgrade: websocket", b"Connection: Upgrade", body=b""),
    "an expectation": request(KIND, b"Expect: 200-ok"),
    "no length at all": request(AUTH, KIND, body=b"").replace(b"Content-Length: 0\r\n", b""),
    "no host": b"POST /signals HTTP/1.1\r\n" + AUTH + b"\r\n\r\n",
    "a TLS hello": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 200,
    "only line ends": b"\r\n" * 500,
    "a signature for GET": request(KIND, signed(method="GET")),
    "a signature for another path": request(KIND, signed(path="/signals/")),
    "a signature for another body": request(KIND, signed(body=GOOD + b" ")),
    "a signature from long ago": request(KIND, signed(late=3600)),
    "a signature from the future": request(KIND, signed(late=-3600)),
    "two signatures": request(KIND, signed(), b"X-Signature: v1=" + b"0" * 64),
    "two stamps": request(KIND, b"X-Signature-Timestamp: 1", signed()),
    "a stamp and no signature": request(KIND, b"X-Signature-Timestamp: 1"),
    "a signature and no stamp": request(KIND, b"X-Signature: v1=" + b"0" * 64),
    "a stamp of other digits": request(KIND, b"X-Signature-Timestamp: \xd9\xa1", signed()[35:]),
}  # fmt: skip

CASES = {
    **{f"line: {name}": request(AUTH, KIND, line=line) for name, line in LINES.items()},
    **HEADERS,
}


@pytest.fixture(scope="module")
def kept() -> FakeInbox:
    return FakeInbox()


@pytest.fixture(scope="module")
def bot(kept: FakeInbox, tmp_path_factory: pytest.TempPathFactory) -> Generator[str]:
    """One server for all games: each has to go on after each."""
    with served(app_of(kept, tmp_path_factory.mktemp("secrets"))) as address:
        yield address


@pytest.mark.parametrize("raw", CASES.values(), ids=CASES)
async def test_a_game_is_refused_stores_nothing_and_the_server_goes_on(
    raw: bytes,
    bot: str,
    kept: FakeInbox,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    caplog.set_level(logging.DEBUG)
    kept.stored.clear()
    code = status(await ask(bot, raw))
    assert code == 0 or 400 <= code < 500
    assert not kept.stored
    # Not half-closed: asyncio closes such a connection, maybe before the answer.
    assert status(await ask(bot, request(AUTH, KIND), half_close=False)) == 202
    # pytest itself switches uvicorn's access log on, by giving it a handler; the bot has it off.
    logged = [repr(vars(entry)) for entry in caplog.records if entry.name != "uvicorn.access"]
    output = "".join([*logged, *capfd.readouterr()])
    assert TOKEN not in output
    assert KEY not in output


async def test_what_is_plainly_meant_is_taken(tmp_path: Path) -> None:
    inbox = FakeInbox()
    right = [
        request(AUTH, KIND),
        request(AUTH, KIND + b'; charset="UTF-8"'),
        request(b"authorization: bearer  " + TOKEN.encode(), KIND),
        request(KIND, signed()),
        request(KIND, signed(late=25)),
        chunked(chunks=b"%x\r\n" % len(GOOD) + GOOD + b"\r\n0\r\n\r\n"),
        request(AUTH, KIND, b"Expect: 100-continue"),
    ]
    async with serving(app_of(inbox, tmp_path)) as address:
        answers = [await ask(address, raw, half_close=False) for raw in right]
    assert [status(answer) for answer in answers] == [202] * len(right)
    assert set(inbox.stored) == {"s-1"}


async def test_a_request_hidden_behind_another_is_a_request_of_its_own(tmp_path: Path) -> None:
    # A server that reads lengths differently would take the second for a body.
    hidden = request(KIND, body=GOOD)
    raw = request(AUTH, KIND, body=GOOD + hidden, size=str(len(GOOD)).encode())
    inbox = FakeInbox()
    async with serving(app_of(inbox, tmp_path)) as address:
        first_stays = raw.replace(b"Connection: close\r\n", b"", 1)
        answer = await ask(address, first_stays, half_close=False)
    assert answer.count(b"HTTP/1.1 202") == 1
    assert answer.count(b"HTTP/1.1 401") == 1
