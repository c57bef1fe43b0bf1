"""`/admin/…`: the record, the faults, the prices and the clock, for tests and people. Unsigned."""

import json
from decimal import Decimal

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from testbed.venue.amounts import is_multiple, text
from testbed.venue.call import Venue
from testbed.venue.events import EVENT
from testbed.venue.faults import Rule
from testbed.venue.refusals import RefusalError

NOT_FOUND = 404
UNPROCESSABLE = 422
JSON_LINES = "application/x-ndjson"


class _Pin(BaseModel):
    model_config = ConfigDict(extra="forbid")
    price: Decimal = Field(gt=0)


class _Clock(BaseModel):
    model_config = ConfigDict(extra="forbid")
    offset_ms: int


class Admin:
    """What the API of an exchange would never offer."""

    def __init__(self, venue: Venue) -> None:
        self._venue = venue

    def routes(self) -> list[Route]:
        """Return every route."""
        return [
            Route("/admin/health", self._health),
            Route("/admin/record", self._record),
            Route("/admin/state", self._state),
            Route("/admin/faults", self._list_faults, methods=["GET"]),
            Route("/admin/faults", self._add_fault, methods=["POST"]),
            Route("/admin/faults", self._clear_faults, methods=["DELETE"]),
            Route("/admin/faults/{id:int}", self._remove_fault, methods=["DELETE"]),
            Route("/admin/prices/{symbol}", self._pin, methods=["PUT"]),
            Route("/admin/prices/{symbol}", self._unpin, methods=["DELETE"]),
            Route("/admin/clock", self._set_clock, methods=["PUT"]),
            Route("/admin/reset", self._reset, methods=["POST"]),
        ]

    async def _health(self, _: Request) -> Response:
        return JSONResponse(
            {"status": "healthy", "events": len(self._venue.exchange.record.events)}
        )

    async def _record(self, request: Request) -> Response:
        """The oracle: one event a line, from the `after`-th on."""
        after = request.query_params.get("after", "0")
        if not after.isdecimal():
            return _wrong(f"after={after!r}: must be how many events you have already")
        self._advance()
        events = self._venue.exchange.record.events[int(after) :]
        lines = (EVENT.dump_json(event) + b"\n" for event in events)
        return Response(b"".join(lines), media_type=JSON_LINES)

    async def _state(self, _: Request) -> Response:
        self._advance()
        state = self._venue.exchange.state
        balances = {
            asset: {"free": text(balance.free), "locked": text(balance.locked)}
            for asset, balance in sorted(state.balances.items())
        }
        return JSONResponse(
            {
                "now_ms": self._venue.now_ms(),
                "orders": len(state.orders),
                "open_orders": [order.client_id for order in state.open_orders.values()],
                "trades": len(state.trades),
                "balances": balances,
            }
        )

    async def _list_faults(self, _: Request) -> Response:
        return JSONResponse([plan.model_dump(mode="json") for plan in self._venue.faults.list()])

    async def _add_fault(self, request: Request) -> Response:
        try:
            rule = Rule.model_validate_json(await request.body())
        except ValidationError as error:
            return _invalid(error)
        return JSONResponse(self._venue.faults.add(rule).model_dump(mode="json"), 201)

    async def _clear_faults(self, _: Request) -> Response:
        self._venue.faults.clear()
        return Response(status_code=204)

    async def _remove_fault(self, request: Request) -> Response:
        removed = self._venue.faults.remove(request.path_params["id"])
        return Response(status_code=204 if removed else NOT_FOUND)

    async def _pin(self, request: Request) -> Response:
        exchange = self._venue.exchange
        try:
            market = exchange.market(request.path_params["symbol"])
            price = _Pin.model_validate_json(await request.body()).price
        except RefusalError as refusal:
            return _wrong(refusal.message, NOT_FOUND)
        except ValidationError as error:
            return _invalid(error)
        if not is_multiple(price, market.tick):
            return _wrong(f"price {price}: must be a multiple of the tick {market.tick}")
        self._advance()
        exchange.prices.pin(market.id, price)
        return Response(status_code=204)

    async def _unpin(self, request: Request) -> Response:
        self._advance()
        self._venue.exchange.prices.unpin(request.path_params["symbol"])
        return Response(status_code=204)

    async def _set_clock(self, request: Request) -> Response:
        try:
            clock = _Clock.model_validate_json(await request.body())
        except ValidationError as error:
            return _invalid(error)
        self._venue.clock_offset_ms = clock.offset_ms
        return JSONResponse({"now_ms": self._venue.now_ms()})

    async def _reset(self, _: Request) -> Response:
        """Forget all orders and trades, as testnets do; the record keeps them, and goes on."""
        self._advance()
        self._venue.exchange.reset(self._venue.now_ms())
        return Response(status_code=204)

    def _advance(self) -> None:
        """Let the market catch up, so that what is shown, or held still, is of now."""
        self._venue.exchange.advance(self._venue.now_ms())


def _wrong(message: str, status: int = UNPROCESSABLE) -> Response:
    return JSONResponse({"error": message}, status)


def _invalid(error: ValidationError) -> Response:
    return JSONResponse(
        {"error": json.loads(error.json(include_url=False, include_context=False))}, UNPROCESSABLE
    )
