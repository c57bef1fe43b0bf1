"""Who asks, and is it still allowed to ask? Pure: key, HMAC-SHA256 and the request's window."""

import hashlib
import hmac
from collections.abc import Mapping

from testbed.venue.refusals import (
    BAD_KEY_FORMAT,
    BAD_SIGNATURE,
    OUTSIDE_WINDOW,
    UNAUTHORIZED,
    UNKNOWN_KEY,
    WINDOW_TOO_LONG,
    RefusalError,
    missing,
)

DEFAULT_WINDOW_MS = 5_000
MAX_WINDOW_MS = 60_000
AHEAD_MS = 1_000
"""How far a client's clock may run ahead."""
FIELD = b"signature="


def sign(secret: str, payload: bytes) -> str:
    """Return the signature of query string and body, joined without anything between them."""
    return hmac.new(secret.encode(), payload, hashlib.sha256).hexdigest()


def split(payload: bytes) -> tuple[bytes, str]:
    """Return what was signed and the signature, which is the last parameter.

    Raises:
        RefusalError: there is none.
    """
    signed, separator, signature = payload.rpartition(FIELD)
    if not separator or b"&" in signature or (signed and not signed.endswith(b"&")):
        raise missing("signature")
    return signed.removesuffix(b"&"), signature.decode("ascii", "replace")


def verify(secrets: Mapping[str, str], api_key: str, payload: bytes) -> None:
    """Raise a RefusalError unless the payload was signed with the key's secret."""
    if not api_key:
        raise RefusalError(BAD_KEY_FORMAT, "API-key format invalid.", UNAUTHORIZED)
    secret = secrets.get(api_key)
    if secret is None:
        message = "Invalid API-key, IP, or permissions for action."
        raise RefusalError(UNKNOWN_KEY, message, UNAUTHORIZED)
    signed, signature = split(payload)
    # Bytes: compare_digest refuses texts with other letters than ASCII's.
    if not hmac.compare_digest(sign(secret, signed).encode(), signature.encode()):
        raise RefusalError(BAD_SIGNATURE, "Signature for this request is not valid.")


def check_window(sent_ms: int, window_ms: int, now_ms: int) -> None:
    """Raise a RefusalError unless the request is inside of its own window."""
    if window_ms > MAX_WINDOW_MS:
        raise RefusalError(WINDOW_TOO_LONG, "recvWindow must be less than 60000.")
    if sent_ms >= now_ms + AHEAD_MS:
        message = "Timestamp for this request was 1000ms ahead of the server's time."
        raise RefusalError(OUTSIDE_WINDOW, message)
    if now_ms - sent_ms > window_ms:
        message = "Timestamp for this request is outside of the recvWindow."
        raise RefusalError(OUTSIDE_WINDOW, message)
