"""Who sent this request: a bearer token, or a signature over time, method, path and body. Pure."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus

from bot.contract import secrets as names
from bot.contract.http import SIGNATURE_HEADER
from bot.contract.http import SIGNATURE_TIMESTAMP_HEADER as TIMESTAMP_HEADER
from bot.intake.keyring import Keys
from bot.intake.problems import Problem

SKEW_SECONDS_MAX = 30

_BEARER = re.compile(rb"[Bb][Ee][Aa][Rr][Ee][Rr] +([^ ]+)")
_TIMESTAMP = re.compile(rb"[0-9]{1,12}")
_SIGNATURE = re.compile(rb"v1=([0-9a-f]{64})")
_EXPECTED = (
    "send `Authorization: Bearer <token>`, or X-Signature-Timestamp (unix seconds) and"
    ' X-Signature: v1=<hex HMAC-SHA256 of "{timestamp}.{METHOD}.{path}.{body}">'
)

Headers = Sequence[tuple[bytes, bytes]]


@dataclass(frozen=True, slots=True)
class Signature:
    """A signature that may be right; the body tells."""

    timestamp: bytes
    value: str

    def message(self, method: str, path: bytes, body: bytes) -> bytes:
        """Return what must have been signed. `path` as it was sent, without the query."""
        return b".".join((self.timestamp, method.encode(), path, body))


def claim_of(headers: Headers, keys: Keys, now: float) -> Signature | None:
    """Return the signature to be checked, or None when a right token was sent.

    Raises:
        Problem: 401, by the headers alone; 503 when nobody can be let in.
    """
    if not keys:
        raise Problem(
            HTTPStatus.SERVICE_UNAVAILABLE,
            f"no credential is configured: mount {names.SIGNALS_TOKEN}",
        )
    if bearer := _values(headers, b"authorization"):
        matched = _BEARER.fullmatch(bearer[0]) if len(bearer) == 1 else None
        if matched and keys.has_token(matched[1]):
            return None
        raise unauthorized("the token is not valid")
    timestamps = _values(headers, TIMESTAMP_HEADER.lower().encode())
    signatures = _values(headers, SIGNATURE_HEADER.lower().encode())
    if not timestamps and not signatures:
        raise unauthorized("there is no credential")
    if len(timestamps) != 1 or not _TIMESTAMP.fullmatch(timestamps[0]):
        raise unauthorized(f"{TIMESTAMP_HEADER} is not one whole number of unix seconds")
    if abs(int(timestamps[0]) - now) > SKEW_SECONDS_MAX:
        raise unauthorized(
            f"{TIMESTAMP_HEADER} is more than {SKEW_SECONDS_MAX} s away from this server's clock"
        )
    matched = _SIGNATURE.fullmatch(signatures[0]) if len(signatures) == 1 else None
    if not matched:
        raise unauthorized(f"{SIGNATURE_HEADER} is not v1= and 64 lower-case hexadecimal digits")
    return Signature(timestamps[0], matched[1].decode())


def unauthorized(reason: str) -> Problem:
    """Return the refusal; it repeats nothing of what was sent."""
    return Problem(
        HTTPStatus.UNAUTHORIZED,
        f"{reason}; {_EXPECTED}",
        headers={"WWW-Authenticate": 'Bearer realm="signals"'},
    )


def _values(headers: Headers, name: bytes) -> list[bytes]:
    return [value for key, value in headers if key == name]
