"""Throws the kill switch by the command that people type, while signals for new risk come in."""

import time
from collections.abc import Mapping
from dataclasses import dataclass

from tests.support.bot import SYMBOLS
from tests.support.kube import wait_until
from tests.support.market import Market

FLOWING_SECONDS = 1.0
"""For how long orders were decided before a switch, and for how long one is looked for after it."""
SMALL_QUANTITIES = ("0.0002", "0.004", "0.08")
"""Of each symbol, some 12 USDT: nothing is sold again, and the account must last."""


def buying(name: str, number: int, max_age_seconds: float) -> Mapping[str, object]:
    """Return a signal for new risk: nothing of it reduces a position."""
    which = number % len(SYMBOLS)
    return {
        "id": name,
        "symbol": SYMBOLS[which],
        "side": "buy",
        "quantity": SMALL_QUANTITIES[which],
        "maxAgeSeconds": max_age_seconds,
    }


@dataclass(frozen=True, slots=True)
class Thrown:
    """One `pulumi up` that stops new risk."""

    up_seconds: float
    last_order_seconds: float
    """From the command to the last order that was decided; 0: none was."""
    orders_after_up: int
    """Decided after the command had ended."""
    output: str


def throw(market: Market) -> Thrown:
    """Switch on under signals, and say when the last order was decided."""
    wait_flowing(market)
    market.stack.set("killSwitch", "true")
    began = time.time()
    done = market.stack.up()
    ended = time.time()
    time.sleep(FLOWING_SECONDS)
    (row,) = market.query(
        "SELECT max(decided_at) AS last, count(*) FILTER (WHERE decided_at > $2) AS after"
        " FROM orders WHERE decided_at > $1",
        began,
        ended,
    )
    last = 0.0 if row["last"] is None else float(row["last"]) - began
    return Thrown(ended - began, last, row["after"], done.output)


def release(market: Market) -> None:
    """Switch off, and wait for orders."""
    market.stack.set("killSwitch", "false")
    market.stack.up()
    wait_flowing(market)


def wait_flowing(market: Market) -> None:
    """Wait until orders are decided now."""

    def flowing() -> bool:
        (row,) = market.query("SELECT max(decided_at) AS last FROM orders")
        return row["last"] is not None and time.time() - float(row["last"]) < FLOWING_SECONDS

    wait_until("orders are decided", flowing)
