"""The moving-average cross: one signal a bar, the same for all who see the same bars."""

from decimal import Decimal

from bot.trading.orders import Side
from bot.trading.signals import Signal
from bot.trading.strategy import AverageCross, Plan
from tests.bot.trading.test_markets import MARKET

PLAN = Plan(bar_seconds=10, fast_bars=2, slow_bars=4)
UP = ["100", "100", "100", "100", "101", "103", "106", "110"]
DOWN = ["110", "110", "110", "110", "108", "105", "101", "96"]


def see(prices: list[str], held: str = "0", start: float = 1000.0) -> list[Signal]:
    strategy = AverageCross(PLAN)
    signals = [
        strategy.on_price(MARKET, Decimal(price), start + 10 * n + at, Decimal(held), Decimal(1000))
        for n, price in enumerate(prices)
        for at in (0, 5)
    ]
    return [signal for signal in signals if signal]


def test_nothing_is_said_before_the_slow_window_is_full() -> None:
    assert see(UP[4:]) == []


def test_two_processes_that_see_the_same_bars_make_the_same_signals() -> None:
    assert see(UP) == see(UP) != []


def test_a_bar_has_one_signal_at_most() -> None:
    names = [signal.signal_id for signal in see(UP)]
    assert len(names) == len(set(names))


def test_it_buys_when_the_fast_average_is_above_and_it_holds_nothing() -> None:
    assert {signal.terms.side for signal in see(UP)} == {Side.BUY}
    assert see(UP, held="1") == []


def test_it_sells_all_it_holds_and_only_that() -> None:
    sold = see(DOWN, held="1.2345")
    assert sold
    assert {signal.terms.quantity for signal in sold} == {Decimal("1.234")}
    assert all(signal.terms.reduce_only for signal in sold)
    assert see(DOWN) == []


def test_what_a_fee_left_over_is_flat() -> None:
    assert see(DOWN, held="0.0005") == []
    assert see(UP, held="0.0005") != []


def test_a_flat_market_says_nothing() -> None:
    assert see(["100"] * 20) == []
