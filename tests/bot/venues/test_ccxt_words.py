"""What other people's orders look like in ccxt's structures, which this bot would never send."""

from decimal import Decimal

import pytest

from bot.trading.orders import Side, State, Terms
from bot.venues import ccxt_words

SHOWN = {
    "id": 7,
    "clientOrderId": "web_1",
    "symbol": "BTC/USDT",
    "side": "sell",
    "type": "limit",
    "status": "open",
    "amount": "0.50000000",
    "filled": "0.00000000",
    "price": "61000.00000000",
}
TERMS = Terms("BTC/USDT", Side.SELL, Decimal("0.5"), Decimal(61_000))


@pytest.mark.parametrize(
    "changed",
    [
        {},
        {"type": "stop_loss_limit"},
        {"status": "PENDING_NEW"},  # the second leg of an order that waits for the first one
        {"status": None},
    ],
)
def test_an_open_order_of_any_kind_rests(changed: dict[str, object]) -> None:
    report = ccxt_words.resting({**SHOWN, **changed})
    assert (report.order_id, report.state, report.terms) == ("web_1", State.ACKED, TERMS)


def test_a_part_that_is_filled_is_told() -> None:
    report = ccxt_words.resting({**SHOWN, "filled": "0.2"})
    assert (report.state, report.filled_quantity) == (State.PARTIALLY_FILLED, Decimal("0.2"))


def test_an_order_without_a_price_is_at_the_market() -> None:
    report = ccxt_words.resting({**SHOWN, "type": "stop_loss", "price": None})
    assert report.terms is not None
    assert report.terms.limit_price is None
