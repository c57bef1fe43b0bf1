"""`POST /signals` and `GET /signals/{id}`: authenticate, limit, read, validate, store, answer."""

import asyncio
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from bot.contract import http
from bot.contract import secrets as names
from bot.intake.body import BODY_BYTES_MAX, is_id, signal_of
from bot.intake.buckets import Buckets, Rate
from bot.intake.credentials import claim_of, unauthorized
from bot.intake.keyring import Keyring, Keys
from bot.intake.openapi import description
from bot.intake.problems import Problem, json_response
from bot.intake.resource import Resource
from bot.ledger.port import Inbox, LedgerError, Posted, SignalRecord
from bot.process.clock import Clock
from bot.trading.signals import Signal

BODY_SECONDS = 5.0
"""How long a sender may take for its body."""
DISCARD_BYTES_MAX = 16 * BODY_BYTES_MAX
"""Of a body that is too large: one who still sends when the connection closes misses the answer."""
RETRY_SECONDS = 1
SENDER_RATE = Rate(per_second=1000, burst=2000)
FAILURE_RATE = Rate(per_second=5, burst=5)

_CLOSE = {"Connection": "close"}
_RETRY = {"Retry-After": str(RETRY_SECONDS)}
_PENDING = "pending"


class Intake:
    """The way in for signals. Either color takes them; who trades them is not its business."""

    def __init__(
        self, *, inbox: Inbox, symbols: tuple[str, ...], secrets: Path | None, clock: Clock
    ) -> None:
        self._inbox = inbox
        self.symbols = frozenset(symbols)
        self._keyring = Keyring(secrets, clock)
        self._clock = clock
        self._senders = Buckets(SENDER_RATE)
        self._failures = Buckets(FAILURE_RATE)

    async def post(self, request: Request) -> Response:
        """Store a signal; 202 after the commit.

        Raises:
            Problem: it is not stored; the answer says why.
        """
        keys = await self._keyring.keys()
        source, body = await self._authenticated(request, keys)
        _check_media_type(request)
        if keys.inside(body):
            raise Problem(
                HTTPStatus.BAD_REQUEST, "the body holds a credential; send it in a header only"
            )
        signal = signal_of(body, self.symbols, source)
        content = await self._stored(signal)
        location = http.SIGNAL.replace("{id}", signal.signal_id)
        content["location"] = location
        return json_response(content, HTTPStatus.ACCEPTED, {"Location": location})

    async def get(self, request: Request) -> Response:
        """Tell what became of a signal.

        Raises:
            Problem: it is not told; the answer says why.
        """
        await self._authenticated(request, await self._keyring.keys())
        signal_id: str = request.path_params["id"]
        # What can be no id is not asked for: Postgres refuses a NUL, for one.
        record = await self._record(signal_id) if is_id(signal_id) else None
        if record is None:
            raise Problem(HTTPStatus.NOT_FOUND, "no signal with this id is known (any more)")
        return json_response(to_mapping(record))

    async def _authenticated(self, request: Request, keys: Keys) -> tuple[str, bytes]:
        """Return who sent it, by the name of the newest credential of its kind, and the body.

        A right credential passes however many wrong ones came from the same address: behind a
        Service all senders may share one, and a stranger must not lock them out.
        """
        source = names.SIGNALS_TOKEN
        try:
            claim = claim_of(request.scope["headers"], keys, self._clock.utc().timestamp())
            if claim is None:
                self._limit(self._senders, source)
                return source, await _read(request)
            source, body = names.SIGNALS_HMAC_KEY, await _read(request)
            # Starlette decodes `path`; what was signed is what was sent.
            path: bytes = request.scope.get("raw_path") or request.scope["path"].encode()
            if not keys.signed(claim.message(request.method, path, body), claim.value):
                raise unauthorized("the signature is not valid")
        except Problem as problem:
            if problem.status is HTTPStatus.UNAUTHORIZED:
                self._limit(self._failures, request.client.host if request.client else "")
            raise
        self._limit(self._senders, source)
        return source, body

    def _limit(self, buckets: Buckets, key: str) -> None:
        if seconds := buckets.take(key, self._clock.monotonic()):
            raise Problem(
                HTTPStatus.TOO_MANY_REQUESTS,
                "too many requests; wait as long as Retry-After says",
                headers={"Retry-After": str(seconds)},
            )

    async def _stored(self, signal: Signal) -> dict[str, object]:
        try:
            posted = await self._inbox.post(signal)
        except LedgerError:
            raise _unavailable("stored or not, nobody knows: send the same again") from None
        if posted is Posted.CONFLICT:
            raise Problem(
                HTTPStatus.CONFLICT,
                f"the id {signal.signal_id} is known with another content, which stays; one id is"
                " one signal",
            )
        record = await self._record(signal.signal_id) if posted is Posted.SAME else None
        return to_mapping(record) if record else {"id": signal.signal_id, "status": _PENDING}

    async def _record(self, signal_id: str) -> SignalRecord | None:
        try:
            return await self._inbox.find(signal_id)
        except LedgerError:
            raise _unavailable("ask again") from None


def routes(intake: Intake) -> list[Route]:
    """Return what the intake adds to the HTTP surface."""
    document = description(intake.symbols)

    async def described(_: Request) -> Response:
        return json_response(document)

    return [
        Route(http.SIGNALS, Resource({"POST": intake.post})),
        Route(http.SIGNAL, Resource({"GET": intake.get, "HEAD": intake.get})),
        Route(http.OPENAPI, Resource({"GET": described, "HEAD": described})),
    ]


def to_mapping(record: SignalRecord) -> dict[str, object]:
    """Return what a sender is told about its signal."""
    return {
        "id": record.signal.signal_id,
        "status": record.fate.value if record.fate else _PENDING,
        "reason": record.reason,
        "receivedAt": _time(record.received_at),
        "decidedAt": None if record.fate_at is None else _time(record.fate_at),
        "orders": [
            {
                "id": order.order_id,
                "state": order.state.value,
                "filledQuantity": order.filled_quantity,
                "reason": order.reason,
            }
            for order in record.orders
        ],
    }


async def _read(request: Request) -> bytes:
    """Return the body, not more of it than allowed and not longer than allowed."""
    try:
        async with asyncio.timeout(BODY_SECONDS):
            return await _read_all(request)
    except TimeoutError:
        raise Problem(
            HTTPStatus.REQUEST_TIMEOUT,
            f"the body did not arrive within {BODY_SECONDS:g} s",
            headers=_CLOSE,
        ) from None
    except ClientDisconnect:
        raise Problem(HTTPStatus.BAD_REQUEST, "the body ended early") from None


async def _read_all(request: Request) -> bytes:
    body = bytearray()
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size <= BODY_BYTES_MAX:
            body += chunk
        elif size > DISCARD_BYTES_MAX:
            break
    if size > BODY_BYTES_MAX:
        raise Problem(
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
            f"the body is larger than {BODY_BYTES_MAX} bytes; a signal needs less",
            headers=_CLOSE,
        )
    return bytes(body)


def _check_media_type(request: Request) -> None:
    sent = request.headers.get("content-type", "").lower().replace('"', "")
    media_type, _, parameters = (part.strip() for part in sent.partition(";"))
    encoding = request.headers.get("content-encoding", "identity").lower()
    if media_type != "application/json" or parameters not in ("", "charset=utf-8"):
        detail = "Content-Type is not what is read here; send application/json in UTF-8"
    elif encoding != "identity":
        detail = "Content-Encoding is not what is read here; send the body as it is"
    else:
        return
    raise Problem(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, detail, headers={"Accept": "application/json"})


def _unavailable(what_to_do: str) -> Problem:
    detail = f"the ledger did not answer; {what_to_do}"
    return Problem(HTTPStatus.SERVICE_UNAVAILABLE, detail, headers=_RETRY)


def _time(seconds: float) -> str:
    moment = datetime.fromtimestamp(seconds, UTC)
    return f"{moment.replace(tzinfo=None).isoformat(timespec='milliseconds')}Z"
