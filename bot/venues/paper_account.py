"""Paper's one account: what is free, and what open orders hold back."""

from collections.abc import Mapping
from decimal import ROUND_DOWN, Decimal

from bot.trading.markets import Market
from bot.trading.orders import ZERO, Side
from bot.venues.port import Balance

PLACES = Decimal("0.00000001")
"""Commissions are cut to it, as Binance does."""


class Account:
    """Balances by currency."""

    def __init__(self, balances: Mapping[str, Decimal], *, may_owe: bool) -> None:
        self._free = dict(balances)
        self._locked = dict.fromkeys(balances, ZERO)
        self._may_owe = may_owe

    @property
    def balances(self) -> Mapping[str, Balance]:
        """What the account holds."""
        return {name: Balance(free, self._locked[name]) for name, free in self._free.items()}

    def adopt(self, totals: Mapping[str, Decimal]) -> None:
        """Take these totals for true; what open orders hold back stays held back."""
        for name, total in totals.items():
            self._locked.setdefault(name, ZERO)
            self._free[name] = total - self._locked[name]

    def covers(self, currency: str, amount: Decimal) -> bool:
        """Say whether so much is free."""
        return self._may_owe or self._free.get(currency, ZERO) >= amount

    def lock(self, currency: str, amount: Decimal) -> None:
        """Hold back what an order may need; a negative amount gives it back."""
        self._free[currency] -= amount
        self._locked[currency] += amount

    def trade(
        self, market: Market, side: Side, quantity: Decimal, price: Decimal, share: Decimal
    ) -> tuple[Decimal, str]:
        """Exchange what is free; return the commission, taken from what comes in."""
        worth = quantity * price
        pays, comes = (worth, quantity) if side is Side.BUY else (quantity, worth)
        spent, gained = spends(market, side), spends(market, _other(side))
        commission = (comes * share).quantize(PLACES, ROUND_DOWN)
        self._free[spent] -= pays
        self._free[gained] += comes - commission
        return commission, gained


def spends(market: Market, side: Side) -> str:
    """Return the currency that an order pays with."""
    return market.quote if side is Side.BUY else market.base


def _other(side: Side) -> Side:
    return Side.SELL if side is Side.BUY else Side.BUY
