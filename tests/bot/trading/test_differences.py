"""Which balances the ledger may expect, and when a difference is one that lasts."""

from dataclasses import replace
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from bot.trading.differences import (
    STALE_US,
    Expected,
    Shown,
    balance,
    foreign_fill,
    lasting,
    unique,
)
from bot.trading.orders import Fill, Side

BTC = "BTC/USDT"
ASKED_US = 1_700_000_000_000_000
FILL = Fill("1", "web_1", BTC, Side.BUY, Decimal("0.5"), Decimal(100), ASKED_US)


def expected(usdt: int, *fills: Fill) -> Expected:
    return Expected({"USDT": Decimal(usdt)}, {}, fills)


def shown(usdt: int) -> Shown:
    return Shown({"USDT": Decimal(usdt)}, ASKED_US)


def test_a_balance_of_another_amount_is_named_with_both() -> None:
    (named,) = expected(100).differences(shown(250))
    assert str(named) == "balance USDT: the venue has 250, the ledger expects 100"
    assert named.surplus == 150


def test_a_currency_that_is_gone_from_the_account_is_none() -> None:
    (named,) = expected(100).differences(Shown({}, ASKED_US))
    assert named.surplus == -100


@given(st.lists(st.integers(1, 9), max_size=6), st.integers(0, 6))
def test_the_balance_of_any_moment_between_fills_is_what_the_ledger_expected(
    quantities: list[int], fills_seen: int
) -> None:
    fills = [
        replace(FILL, trade_id=str(n), quantity=Decimal(q), price=Decimal(1), at_us=ASKED_US + n)
        for n, q in enumerate(quantities)
    ]
    seen = quantities[:fills_seen]
    ledger = expected(1000 - sum(quantities), *fills)
    assert ledger.had("USDT", shown(1000 - sum(seen)))
    assert not ledger.had("USDT", shown(1000 - sum(seen) + 5000))


def test_a_balance_of_long_ago_is_not_explained_by_it() -> None:
    old = replace(FILL, at_us=ASKED_US - STALE_US - 1)
    assert not expected(50, old).had("USDT", shown(100))
    assert expected(50, replace(old, at_us=ASKED_US - STALE_US)).had("USDT", shown(100))


def test_two_texts_about_one_thing_are_one_difference() -> None:
    before = [balance("USDT", Decimal(1), Decimal(2))]
    now = [balance("USDT", Decimal(1), Decimal(3)), balance("BTC", Decimal(1), Decimal(3))]
    named = Expected({"USDT": Decimal(3), "BTC": Decimal(3)}, {})
    assert lasting(now, before, named, shown(1)) == now[:1]
    assert lasting(now, before, named, None) == now[:1]


def test_a_difference_that_the_ledger_explains_by_now_did_not_last() -> None:
    was, now = (
        [balance("USDT", Decimal(50), Decimal(100))],
        [balance("USDT", Decimal(1), Decimal(50))],
    )
    assert lasting(now, was, expected(50, FILL), shown(50)) == []


def test_a_foreign_fill_is_named_with_its_amounts_and_once() -> None:
    named = unique([foreign_fill(FILL), foreign_fill(FILL)])
    assert [str(one) for one in named] == [
        "fill BTC/USDT 1: buy 0.5 at 100, by order web_1, which is not ours"
    ]
