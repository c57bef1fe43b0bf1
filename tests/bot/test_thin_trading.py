from collections.abc import Sequence
from decimal import Decimal
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.trading.thin_positions import (
    FLAT,
    Fill,
    Order,
    Position,
    Side,
    fold,
    open_positions,
    unrealized_profit,
)
from bot.trading.thin_strategy import WINDOW, Limits, decide, exposure
from bot.venues.thin_paper import PaperVenue
from bot.venues.thin_port import VenueError

BTC = "BTC/USDT"
TOLERANCE = Decimal("1e-9")
D = Decimal

amounts = st.decimals("0.001", "1000", places=3)
fills = st.lists(
    st.builds(Fill, st.sampled_from([BTC, "ETH/USDT"]), st.sampled_from(Side), amounts, amounts),
    max_size=30,
)


def fill(side: Side, quantity: str, price: str) -> Fill:
    return Fill(BTC, side, D(quantity), D(price))


@pytest.mark.parametrize(
    ("history", "expected"),
    [
        ([], FLAT),
        ([fill(Side.BUY, "2", "10")], Position(D(2), D(10))),
        ([fill(Side.BUY, "1", "10"), fill(Side.BUY, "1", "20")], Position(D(2), D(15))),
        ([fill(Side.BUY, "2", "10"), fill(Side.SELL, "1", "15")], Position(D(1), D(10), D(5))),
        ([fill(Side.BUY, "2", "10"), fill(Side.SELL, "2", "9")], Position(realized_profit=D(-2))),
        ([fill(Side.BUY, "1", "10"), fill(Side.SELL, "3", "12")], Position(D(-2), D(12), D(2))),
        ([fill(Side.SELL, "2", "10"), fill(Side.BUY, "1", "8")], Position(D(-1), D(10), D(2))),
    ],
)
def test_a_position_is_the_fold_of_its_fills(history: Sequence[Fill], expected: Position) -> None:
    assert fold(history).get(BTC, FLAT) == expected


@given(fills, amounts, amounts)
def test_profit_is_never_made_up(history: list[Fill], btc: Decimal, eth: Decimal) -> None:
    prices = {BTC: btc, "ETH/USDT": eth}
    positions = fold(history)
    cash = -sum((f.signed_quantity * f.price for f in history), D(0))
    worth = sum((p.quantity * prices[s] for s, p in positions.items()), D(0))
    realized = sum((p.realized_profit for p in positions.values()), D(0))
    assert abs(cash + worth - realized - unrealized_profit(positions, prices)) < TOLERANCE


@given(fills)
def test_an_open_position_holds_something(history: list[Fill]) -> None:
    assert all(position.quantity for position in open_positions(fold(history)).values())


@given(fills, st.integers(0, 30))
def test_folding_in_two_parts_changes_nothing(history: list[Fill], at: int) -> None:
    assert fold(history[at:], fold(history[:at])) == fold(history)


LIMITS = Limits(max_position_size=D(1000), max_exposure=D(1500))


def test_nothing_is_decided_before_the_window_is_full() -> None:
    assert decide(BTC, [D(1)] * (WINDOW - 1), {}, {BTC: D(9)}, LIMITS) is None


@pytest.mark.parametrize(
    ("last", "held", "expected"),
    [
        ("110", "0", Order(BTC, Side.BUY, D("4.545454"))),
        ("90", "0", Order(BTC, Side.SELL, D("5.555555"))),
        ("100", "0", None),
        ("110", "1", None),
        ("90", "1", Order(BTC, Side.SELL, D("6.555555"))),
        ("110", "-1", Order(BTC, Side.BUY, D("5.545454"))),
    ],
)
def test_the_strategy_follows_the_price(last: str, held: str, expected: Order | None) -> None:
    history = [D(100)] * (WINDOW - 1) + [D(last)]
    positions = {BTC: Position(D(held), D(100))}
    assert decide(BTC, history, positions, {BTC: D(last)}, LIMITS) == expected


prices_of_a_window = st.lists(
    st.decimals("0.01", "100000", places=2), min_size=WINDOW, max_size=WINDOW
)


@given(prices_of_a_window, st.decimals("-5", "5", places=3), st.decimals("0", "2000", places=2))
def test_an_order_never_leads_over_a_limit(
    history: list[Decimal], held: Decimal, other: Decimal
) -> None:
    prices = {BTC: history[-1], "ETH/USDT": D(1)}
    positions = {BTC: Position(held, D(1)), "ETH/USDT": Position(other, D(1))}
    order = decide(BTC, history, positions, prices, LIMITS)
    if order is None:
        return
    after = fold([Fill(BTC, order.side, order.quantity, history[-1])], positions)
    assert abs(after[BTC].quantity) * history[-1] <= LIMITS.max_position_size
    assert exposure(after, prices) <= max(LIMITS.max_exposure, other)


async def test_paper_prices_move_and_repeat_with_the_seed() -> None:
    one, two = (PaperVenue([BTC, "X1/Y1"], Random("seed")) for _ in range(2))  # noqa: S311 - a market
    walks = [[await venue.prices() for _ in range(5)] for venue in (one, two)]
    assert walks[0] == walks[1]
    assert len({walk[BTC] for walk in walks[0]}) == 5
    assert all(price > 0 for walk in walks[0] for price in walk.values())


async def test_a_paper_order_pays_the_spread() -> None:
    venue = PaperVenue([BTC], Random(1))  # noqa: S311 - a market
    price = (await venue.prices())[BTC]
    assert (await venue.place(Order(BTC, Side.BUY, D(1)))).price > price
    assert (await venue.place(Order(BTC, Side.SELL, D(1)))).price < price


async def test_paper_refuses_what_it_does_not_trade() -> None:
    venue = PaperVenue([BTC], Random(1))  # noqa: S311 - a market
    for order in (Order("ETH/USDT", Side.BUY, D(1)), Order(BTC, Side.BUY, D(0))):
        with pytest.raises(VenueError, match="refused"):
            await venue.place(order)
