"""Judges an order inside the transaction that commits it: grids first, then the limits."""

from collections.abc import Callable
from decimal import Decimal

from bot.ledger.outcomes import Approved, Facts, Refused, Verdict
from bot.trader.desk import Desk
from bot.trading import risk
from bot.trading.orders import ZERO, Terms
from bot.trading.risk import Account, Denied, Limits, Live


class Judge:
    """What the executor asks before each order."""

    def __init__(self, desk: Desk, limits: Callable[[], Limits]) -> None:
        self._desk = desk
        self._limits = limits

    def __call__(self, terms: Terms, facts: Facts) -> Verdict:
        """Return the order as it goes out, a refusal, or None when there are no fresh prices."""
        desk = self._desk
        market, price = desk.markets.get(terms.symbol), desk.prices.get(terms.symbol)
        if market is None or price is None or not desk.fresh:
            return None
        rounded = Terms(
            symbol=terms.symbol,
            side=terms.side,
            quantity=market.round_quantity(terms.quantity),
            limit_price=None
            if terms.limit_price is None
            else market.round_price(terms.limit_price, terms.side),
            lifetime=terms.lifetime,
            reduce_only=terms.reduce_only,
        )
        if problem := market.problem(rounded.quantity, rounded.limit_price or price):
            return Refused(problem)
        verdict = risk.check(rounded, self._limits(), account_of(desk, facts))
        if isinstance(verdict, Denied):
            return Refused(f"{verdict.limit}: {verdict.reason}")
        return Approved(rounded, verdict.reserved_quote)


def account_of(desk: Desk, facts: Facts) -> Account:
    """Return what risk looks at."""
    return Account(
        equity_quote=desk.equity_quote,
        quantities={symbol: p.quantity for symbol, p in facts.positions.items()},
        prices=desk.prices,
        live=tuple(
            Live(order.terms.symbol, order.terms.side, _left(order.terms, order.filled_quantity))
            for order in facts.live_orders
        ),
        realized_today_quote=facts.realized_today_quote,
        orders_last_minute=facts.orders_last_minute,
    )


def _left(terms: Terms, filled: Decimal) -> Decimal:
    return max(ZERO, terms.quantity - filled)
