"""Positions are a fold of fills: in any order, with any repetition."""

from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.trading.orders import Fill, Side
from bot.trading.positions import Position, fold
from tests.support.examples import share

amounts = st.integers(1, 10_000).map(lambda n: Decimal(n) / 1000)


@st.composite
def fills(draw: st.DrawFn) -> list[Fill]:
    count = draw(st.integers(0, 12))
    return [
        Fill(
            trade_id=str(number),
            order_id="o-1",
            symbol="BTC/USDT",
            side=draw(st.sampled_from(Side)),
            quantity=draw(amounts),
            price=draw(amounts),
            at_us=draw(st.integers(0, 5)),
            fee=draw(st.sampled_from([Decimal(0), Decimal("0.001")])),
            fee_currency=draw(st.sampled_from(["USDT", "BNB"])),
        )
        for number in range(count)
    ]


def folded(symbol: str, arrivals: list[Fill]) -> Position:
    """As the ledger does it: add what is newest, fold all again for what is late."""
    position, known = Position(symbol), list[Fill]()
    for fill in arrivals:
        if fill in known:
            continue
        known.append(fill)
        position = position.after(fill) if position.takes(fill) else fold(symbol, known)
    return position


@settings(max_examples=share(150))
@given(fills(), st.randoms(use_true_random=False), st.integers(1, 3))
def test_any_permutation_and_repetition_is_the_same_position(
    given_fills: list[Fill], random: object, times: int
) -> None:
    arrivals = given_fills * times
    random.shuffle(arrivals)  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType] - hypothesis's Random
    assert fold("BTC/USDT", arrivals) == fold("BTC/USDT", given_fills)
    assert folded("BTC/USDT", arrivals) == fold("BTC/USDT", given_fills)


@settings(max_examples=share(100))
@given(fills())
def test_what_is_held_is_what_was_bought_less_what_was_sold(given_fills: list[Fill]) -> None:
    expected = sum((fill.signed_quantity for fill in given_fills), Decimal(0))
    assert fold("BTC/USDT", given_fills).quantity == expected


def test_a_closed_position_has_its_profit_and_no_price() -> None:
    buy = Fill("1", "o", "BTC/USDT", Side.BUY, Decimal(2), Decimal(100), 1)
    sell = Fill("2", "o", "BTC/USDT", Side.SELL, Decimal(2), Decimal(130), 2)
    position = fold("BTC/USDT", [buy, sell])
    assert (position.quantity, position.average_price) == (0, 0)
    assert position.realized_quote == 60


def test_a_fee_in_base_is_held_no_more_and_one_in_quote_is_counted() -> None:
    base = Fill("1", "o", "BTC/USDT", Side.BUY, Decimal(1), Decimal(100), 1, Decimal("0.1"), "BTC")
    quote = Fill("2", "o", "BTC/USDT", Side.BUY, Decimal(1), Decimal(100), 2, Decimal(3), "USDT")
    position = fold("BTC/USDT", [base, quote])
    assert (position.quantity, position.fees_quote) == (Decimal("1.9"), 3)


def test_a_position_that_turns_starts_at_the_price_that_turned_it() -> None:
    buy = Fill("1", "o", "BTC/USDT", Side.BUY, Decimal(1), Decimal(100), 1)
    sell = Fill("2", "o", "BTC/USDT", Side.SELL, Decimal(3), Decimal(110), 2)
    position = fold("BTC/USDT", [buy, sell])
    assert (position.quantity, position.average_price) == (-2, 110)
    assert position.realized_quote == 10
    assert position.unrealized_quote(Decimal(100)) == 20
