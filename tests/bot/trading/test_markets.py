"""Grids: rounding never asks for more, and never for a worse price."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from bot.trading.markets import Market
from bot.trading.orders import Side

MARKET = Market(
    symbol="BTC/USDT",
    base="BTC",
    quote="USDT",
    tick=Decimal("0.01"),
    lot=Decimal("0.001"),
    min_quantity=Decimal("0.002"),
    max_quantity=Decimal(10),
    min_notional=Decimal(5),
)
numbers = st.decimals("0.0001", "1000", places=7)


@given(numbers)
def test_a_rounded_quantity_is_on_the_grid_and_not_more(quantity: Decimal) -> None:
    rounded = MARKET.round_quantity(quantity)
    assert rounded % MARKET.lot == 0
    assert quantity - MARKET.lot < rounded <= quantity


@given(numbers, st.sampled_from(Side))
def test_a_rounded_price_is_on_the_grid_and_not_worse(price: Decimal, side: Side) -> None:
    rounded = MARKET.round_price(price, side)
    assert rounded % MARKET.tick == 0
    assert (price - rounded) * side.sign >= 0
    assert abs(price - rounded) < MARKET.tick


def test_what_the_market_does_not_take_is_said_with_its_bound() -> None:
    price = Decimal(100)
    assert MARKET.problem(Decimal("0.05"), price) is None
    assert "0.002" in str(MARKET.problem(Decimal("0.001"), price))
    assert "10" in str(MARKET.problem(Decimal(11), price))
    assert "5" in str(MARKET.problem(Decimal("0.01"), price))
