"""Client order ids: made from a stack's mark, a signal and an attempt, and recognised by the mark.

The mark tells stacks on one account apart. An exchange makes up an id for an order that a person
places, so that an order has an id says nothing about whose it is.
"""

from hashlib import sha256

from bot.contract.environment import ORDER_MARK_MAX

CLIENT_ID_MAX = 36
"""Characters that venues take."""
ATTEMPT_DIGITS_MAX = 2
SIGNAL_ID_PLAIN_MAX = CLIENT_ID_MAX - ORDER_MARK_MAX - ATTEMPT_DIGITS_MAX - len(".-")
_HASHED = "h."


def client_order_id(mark: str, signal: str, attempt: int) -> str:
    """Return `MARK.SIGNAL-ATTEMPT`, at most 36 characters: a long signal id is hashed.

    >>> client_order_id("7f3a90", "cross.BTC-USDT.60.buy", 1)
    '7f3a90.cross.BTC-USDT.60.buy-1'
    """
    return f"{mark}.{name_in_order_ids(signal)}-{attempt}"


def name_in_order_ids(signal: str) -> str:
    """Return what a signal is called in the ids of its orders: itself, or a hash of a long one."""
    if len(signal) <= SIGNAL_ID_PLAIN_MAX:
        return signal
    digits = SIGNAL_ID_PLAIN_MAX - len(_HASHED)
    return f"{_HASHED}{sha256(signal.encode()).hexdigest()[:digits]}"


def parse_client_order_id(client_id: str, mark: str) -> tuple[str, int] | None:
    """Return signal (or the hash of a long one) and attempt; None: it does not bear this mark.

    >>> parse_client_order_id("7f3a90.cross.BTC-USDT.60.buy-1", "7f3a90")
    ('cross.BTC-USDT.60.buy', 1)
    """
    own, _, rest = client_id.partition(".")
    signal, _, attempt = rest.rpartition("-")
    if own != mark or not signal or not (attempt.isascii() and attempt.isdecimal()):
        return None
    return signal, int(attempt)


def is_ours(client_id: str, mark: str) -> bool:
    """Say whether an order bears this stack's mark.

    Orders of the time before there were marks bear none: those are ours that the ledger has.
    """
    return parse_client_order_id(client_id, mark) is not None
