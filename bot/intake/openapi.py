"""The OpenAPI description of what the intake answers, as plain data; a test holds it true."""

from collections.abc import Collection

from bot.contract import http
from bot.contract.http import PROBLEM_MEDIA_TYPE, SIGNATURE_HEADER
from bot.contract.http import SIGNATURE_TIMESTAMP_HEADER as TIMESTAMP_HEADER
from bot.intake.body import (
    AMOUNT_PATTERN,
    BODY_BYTES_MAX,
    DOTS,
    ID_PATTERN,
    MAX_AGE_SECONDS_DEFAULT,
    MAX_AGE_SECONDS_MAX,
    MAX_AGE_SECONDS_MIN,
)
from bot.intake.problems import FAULTS_MAX
from bot.trading.orders import Lifetime, Side, State
from bot.trading.signals import Fate

Json = dict[str, object]

_ID: Json = {
    "type": "string",
    "pattern": f"^{ID_PATTERN}$",
    "maxLength": 64,
    "not": {"enum": list(DOTS)},
}
_JSON = http.JSON_MEDIA_TYPE
_TEXT_MEDIA = "text/plain"
_PROBES = (http.LIVEZ, http.READYZ, http.STARTUPZ)
_TEXT: Json = {"type": "string"}
_TIME: Json = {"type": "string", "format": "date-time"}
_AMOUNT: Json = {
    "type": "string",
    "pattern": f"^{AMOUNT_PATTERN}$",
    "not": {"pattern": r"^0(\.0*)?$"},
    "description": "a decimal number as text, greater than 0",
    "examples": ["0.25"],
}


def description(symbols: Collection[str]) -> Json:
    """Return the document of a bot that trades these symbols."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Trading bot",
            "version": "1",
            "description": (
                "A signal is stored before 202 is answered and ends in exactly one fate. Sent"
                f" again with the same id and content it is the same signal. At most"
                f" {BODY_BYTES_MAX} bytes of JSON, no key twice."
            ),
        },
        "security": [{"bearer": []}, {"timestamp": [], "signature": []}],
        "paths": {
            http.SIGNALS: {"post": _post()},
            http.SIGNAL: {"get": _get()},
            http.OPENAPI: {"get": _document()},
            **{path: {"get": _probe(path)} for path in _PROBES},
            http.HEALTH: {"get": _report()},
            http.VERSION: {"get": _plain("getVersion", "who this process is", _JSON)},
            http.METRICS: {"get": _plain("getMetrics", "Prometheus' text format", _TEXT_MEDIA)},
        },
        "components": {"schemas": _schemas(symbols), "securitySchemes": _security()},
    }


def _post() -> Json:
    body = {"application/json": {"schema": _ref("NewSignal")}}
    location = {"schema": {"type": "string"}, "description": "where its fate can be asked for"}
    return {
        "operationId": "postSignal",
        "requestBody": {"required": True, "content": body},
        "responses": {
            "202": {
                "description": "stored, now or before",
                "headers": {"Location": location},
                "content": {"application/json": {"schema": _ref("Signal")}},
            },
            **_problems(
                {
                    "400": "not a signal; the errors name field, value and what would be right",
                    "409": "the id is known with another content",
                    "415": "not application/json in UTF-8",
                    "422": "the symbol is not traded here",
                }
            ),
        },
    }


def _get() -> Json:
    parameter: Json = {"name": "id", "in": "path", "required": True, "schema": _ID}
    content = {"application/json": {"schema": _ref("Signal")}}
    return {
        "operationId": "getSignal",
        "parameters": [parameter],
        "responses": {
            "200": {"description": "what became of it", "content": content},
            **_problems({"404": "not known (any more)"}),
        },
    }


def _document() -> Json:
    content = {"application/json": {"schema": {"type": "object"}}}
    answer = {"description": "this document", "content": content}
    return {"operationId": "getDescription", "security": [], "responses": {"200": answer}}


def _probe(path: str) -> Json:
    verbose = {
        "name": "verbose",
        "in": "query",
        "description": "with any value: one line for each check",
        "schema": _TEXT,
    }
    body = {_TEXT_MEDIA: {"schema": _TEXT}}
    return {
        "operationId": f"get{path.removeprefix('/').capitalize()}",
        "security": [],
        "parameters": [verbose],
        "responses": {
            "200": {"description": "passed", "content": body},
            "503": {"description": "failed; each line names a check", "content": body},
        },
    }


def _report() -> Json:
    body = {http.HEALTH_MEDIA_TYPE: {"schema": {"type": "object"}}}
    return {
        "operationId": "getHealth",
        "security": [],
        "responses": {
            "200": {"description": "healthy or degraded", "content": body},
            "503": {"description": "unhealthy", "content": body},
        },
    }


def _plain(name: str, text: str, media_type: str) -> Json:
    kind = "object" if media_type == _JSON else "string"
    answer = {"description": text, "content": {media_type: {"schema": {"type": kind}}}}
    return {"operationId": name, "security": [], "responses": {"200": answer}}


def _problems(own: dict[str, str]) -> Json:
    texts = own | {
        "401": "no valid credential",
        "408": "the body did not arrive in time",
        "413": "the body is too large",
        "429": "too many requests; Retry-After says when to come back",
        "503": "the ledger did not answer (Retry-After), or no credential is configured",
    }
    content = {PROBLEM_MEDIA_TYPE: {"schema": _ref("Problem")}}
    return {code: {"description": texts[code], "content": content} for code in sorted(texts)}


def _security() -> Json:
    def header(name: str, text: str) -> Json:
        return {"type": "apiKey", "in": "header", "name": name, "description": text}

    return {
        "bearer": {"type": "http", "scheme": "bearer"},
        "timestamp": header(TIMESTAMP_HEADER, "unix seconds, at most 30 s away from now"),
        "signature": header(
            SIGNATURE_HEADER,
            'v1=<hex HMAC-SHA256 of "{timestamp}.{METHOD}.{path}.{body}">; path as sent, no query',
        ),
    }


def _schemas(symbols: Collection[str]) -> Json:
    return {
        "NewSignal": _object(
            {
                "id": _ID,
                "symbol": {"enum": sorted(symbols)},
                "side": {"enum": [side.value for side in Side]},
                "quantity": _AMOUNT,
                "limitPrice": _AMOUNT,
                "lifetime": {"enum": [lifetime.value for lifetime in Lifetime]},
                "reduceOnly": {"type": "boolean", "default": False},
                "maxAgeSeconds": {
                    "type": "number",
                    "minimum": MAX_AGE_SECONDS_MIN,
                    "maximum": MAX_AGE_SECONDS_MAX,
                    "default": MAX_AGE_SECONDS_DEFAULT,
                },
            },
            required=["id", "symbol", "side", "quantity"],
        ),
        "Signal": _object(
            {
                "id": _ID,
                "location": {**_TEXT, "description": "where its fate is told"},
                "status": {"enum": ["pending", *(fate.value for fate in Fate)]},
                "reason": _TEXT,
                "receivedAt": _TIME,
                "decidedAt": {"anyOf": [_TIME, {"type": "null"}]},
                "orders": {"type": "array", "items": _ref("Order")},
            },
            required=["id", "status"],
        ),
        "Order": _object(
            {
                "id": _TEXT,
                "state": {"enum": [state.value for state in State]},
                "filledQuantity": _TEXT,
                "reason": _TEXT,
            }
        ),
        "Problem": _object(
            {
                "type": _TEXT,
                "title": _TEXT,
                "status": {"type": "integer"},
                "detail": _TEXT,
                "errors": {"type": "array", "items": _ref("Fault"), "maxItems": FAULTS_MAX},
            },
            required=["type", "title", "status", "detail"],
        ),
        "Fault": _object({"field": _TEXT, "value": _TEXT, "expected": _TEXT}),
    }


def _object(properties: Json, required: list[str] | None = None) -> Json:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties) if required is None else required,
        "additionalProperties": False,
    }


def _ref(name: str) -> Json:
    return {"$ref": f"#/components/schemas/{name}"}
