"""Judges an order inside the transaction that commits it: grids first, then the limits."""

from collections.abc import Callable
from decimal import Decimal

from bot.ledger.outcomes import Approval, Approved, Facts, Refused
from bot.trader.market_state import MarketState
from bot.trading import risk
from bot.trading.orders import ZERO, Terms
from bot.trading.risk import Account, Denied, Limits, Live


class RiskCheck:
    """What the executor asks before each order."""

    def __init__(self, market_state: MarketState, limits: Callable[[], Limits]) -> None:
        self._market_state = market_state
        self._limits = limits

    def __call__(self, terms: Terms, facts: Facts) -> Approval:
        """Return the order as it goes out, a refusal, or None when there are no fresh prices."""
        market_state = self._market_state
        market = market_state.markets.get(terms.symbol)
        price = market_state.prices.get(terms.symbol)
        if market is None or price is None or not market_state.fresh:
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
        verdict = risk.check(rounded, self._limits(), account_of(market_state, facts))
        if isinstance(verdict, Denied):
            return Refused(f"{verdict.limit}: {verdict.reason}")
        return Approved(rounded, verdict.reserved_quote)


def account_of(market_state: MarketState, facts: Facts) -> Account:
    """Return what risk looks at."""
    return Account(
        equity_quote=market_state.equity_quote,
        quantities={symbol: p.quantity for symbol, p in facts.positions.items()},
        prices=market_state.prices,
        live=tuple(
            Live(order.terms.symbol, order.terms.side, _left(order.terms, order.filled_quantity))
            for order in facts.live_orders
        ),
        realized_today_quote=facts.realized_today_quote,
        orders_last_minute=facts.orders_last_minute,
    )


def _left(terms: Terms, filled: Decimal) -> Decimal:
    return max(ZERO, terms.quantity - filled)
