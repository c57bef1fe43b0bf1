"""`/api/v3/…`: faults first, then limits, signature, window, endpoint; the way of every request."""

import asyncio
import json

from starlette.requests import Request
from starlette.responses import Response

from testbed.venue import account, market_data
from testbed.venue.call import Call, Endpoint, Venue
from testbed.venue.events import Refused
from testbed.venue.exchange import Sender
from testbed.venue.faults import Asked, Kind, Rule
from testbed.venue.params import Params, required
from testbed.venue.refusals import ILLEGAL_CHARACTERS, UNKNOWN_PATH, RefusalError
from testbed.venue.signature import DEFAULT_WINDOW_MS, check_window, verify

PREFIX = "/api/v3/"
KEY_HEADER = "X-MBX-APIKEY"
ENDPOINTS = {**market_data.ENDPOINTS, **account.ENDPOINTS}
MAX_BODY = 64 * 1024
NOT_FOUND = 404
TOO_LARGE = 413


class Api:
    """The surface that ccxt talks to."""

    def __init__(self, venue: Venue) -> None:
        self._venue = venue

    async def handle(self, request: Request) -> Response:
        """Answer one request, or do what a fault says."""
        query = bytes(request.scope["query_string"])
        body = await request.body()
        if len(body) > MAX_BODY:
            message = f"The body is larger than {MAX_BODY} bytes."
            return _refused(RefusalError(ILLEGAL_CHARACTERS, message, TOO_LARGE), {})
        rule = self._venue.faults.hit(_asked(request, query, body))
        if rule is None:
            return self._answer(request, query, body)
        return await self._faulty(rule, request, query, body)

    async def _faulty(self, rule: Rule, request: Request, query: bytes, body: bytes) -> Response:
        if rule.kind is Kind.REJECT:
            return _refused(RefusalError(rule.code, rule.message, rule.status), {})
        if rule.kind is Kind.LAG:
            return self._answer(request, query, body, lag_ms=round(rule.seconds * 1000))
        if rule.kind in {Kind.DELAY_REQUEST, Kind.DROP_REQUEST}:
            await asyncio.sleep(rule.seconds)
            if rule.kind is Kind.DROP_REQUEST:
                return self._gone(request)
            return self._answer(request, query, body)
        answer = self._answer(request, query, body)
        await asyncio.sleep(rule.seconds)
        return self._gone(request) if rule.kind is Kind.DROP_ANSWER else answer

    def _gone(self, request: Request) -> Response:
        if request.client is not None:
            self._venue.connections.abort((request.client.host, request.client.port))
        return Response()  # goes nowhere

    def _answer(self, request: Request, query: bytes, body: bytes, *, lag_ms: int = 0) -> Response:
        now_ms = self._venue.now_ms()
        headers: dict[str, str] = {}
        try:
            endpoint = _endpoint(request)
            params = Params(query, body)
            address = request.client.host if request.client is not None else ""
            headers |= self._venue.limits.spend(address, endpoint.cost(params), now_ms)
            sender = self._admit(request, endpoint, params, query + body)
            call = Call(self._venue, params, now_ms, sender, lag_ms)
            content = self._done(request, endpoint, call)
        except RefusalError as refusal:
            return _refused(refusal, headers)
        if endpoint.counted:
            headers |= self._venue.limits.order_headers()
        return _json(content, 200, headers)

    def _admit(
        self, request: Request, endpoint: Endpoint, params: Params, payload: bytes
    ) -> Sender:
        if not endpoint.signed:
            return Sender()
        api_key = request.headers.get(KEY_HEADER, "")
        verify(self._venue.secrets, api_key, payload)
        sent_ms = required("timestamp", params.integer)
        window_ms = params.integer("recvWindow")
        return Sender(api_key, sent_ms, DEFAULT_WINDOW_MS if window_ms is None else window_ms)

    def _done(self, request: Request, endpoint: Endpoint, call: Call) -> object:
        try:
            if endpoint.signed:
                check_window(call.sender.sent_ms, call.sender.window_ms, call.now_ms)
            if endpoint.counted:
                self._venue.limits.count_order(call.now_ms)
            content = endpoint.answer(call)
            call.params.finish()
        except RefusalError as refusal:
            if endpoint.of_order:
                self._venue.exchange.refuse(_on_record(request, call, refusal))
            raise
        return content


def _on_record(request: Request, call: Call, refusal: RefusalError) -> Refused:
    return Refused(
        at_ms=call.now_ms,
        sent_ms=call.sender.sent_ms,
        api_key=call.sender.api_key,
        method=request.method,
        client_id=_client_id(call.params),
        code=refusal.code,
        message=refusal.message,
    )


def _client_id(params: Params) -> str:
    return params.peek("origClientOrderId") or params.peek("newClientOrderId")


def _asked(request: Request, query: bytes, body: bytes) -> Asked:
    try:
        params = Params(query, body)
    except RefusalError:
        params = Params(b"", b"")  # the endpoint will say what is wrong with it
    return Asked(
        method=request.method,
        path=request.url.path,
        symbol=params.peek("symbol"),
        client_id=_client_id(params),
    )


def _endpoint(request: Request) -> Endpoint:
    name = request.url.path.removeprefix(PREFIX)
    endpoint = ENDPOINTS.get((request.method, name))
    if endpoint is None:
        known = ", ".join(sorted(f"{method} {path}" for method, path in ENDPOINTS))
        message = f"{request.method} {PREFIX}{name} is not simulated; there are {known}."
        raise RefusalError(UNKNOWN_PATH, message, NOT_FOUND)
    return endpoint


def _refused(refusal: RefusalError, headers: dict[str, str]) -> Response:
    content = {"code": refusal.code, "msg": refusal.message}
    return _json(content, refusal.status, headers | refusal.headers)


def _json(content: object, status: int, headers: dict[str, str]) -> Response:
    body = json.dumps(content, separators=(",", ":"))
    return Response(body, status, headers, media_type="application/json")
