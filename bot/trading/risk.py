"""What is looked at before every order. Pure; units are in the names.

**At risk** in a symbol is its worst case, in quote currency at the last price: the larger of what
the account would hold, long or short, if every live order of one side filled and none of the other.
UNKNOWN orders and intents are live: until the venue has spoken they count as filled.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal

from bot.trading.orders import ZERO, Side, Terms

HUNDRED = Decimal(100)


@dataclass(frozen=True, slots=True)
class Limits:
    """What a person allows."""

    max_position_quote: Decimal
    """Per symbol."""
    risk_limit_pct: Decimal
    """Of equity: at risk in all symbols together."""
    max_orders_per_minute: int
    price_collar_pct: Decimal
    """How much worse than the last price a limit may be."""
    daily_loss_limit_pct: Decimal
    """Of the equity at the start of the day, realized: new risk stops until the next UTC day."""
    reduce_only: bool = False
    allow_short: bool = False
    """Whether more may be sold than the bot holds; without it the rest of the account is safe."""
    read_only: str = ""
    """Why only orders that reduce are allowed; empty: it is off."""
    kill_switch: bool = False
    """Stops all new risk; orders that reduce still go, and cancels are never asked here."""


@dataclass(frozen=True, slots=True)
class Live:
    """What a live order may still do."""

    symbol: str
    side: Side
    quantity: Decimal
    """Base currency, not filled yet."""


@dataclass(frozen=True, slots=True)
class Account:
    """What the account holds when an order is judged."""

    equity_quote: Decimal
    quantities: Mapping[str, Decimal]
    """Base currency held, by symbol; negative is short."""
    prices: Mapping[str, Decimal]
    """Last prices, quote currency per base."""
    live: tuple[Live, ...]
    realized_today_quote: Decimal
    orders_last_minute: int


@dataclass(frozen=True, slots=True)
class Allowed:
    """The order may be sent."""

    reserved_quote: Decimal
    """What it adds to the total at risk."""


@dataclass(frozen=True, slots=True)
class Denied:
    """The order may not be sent: limit, its value, and what the order would have made."""

    limit: str
    reason: str


def worst_quantity(held: Decimal, live: Iterable[Live]) -> Decimal:
    """Return the largest absolute holding (base currency) that any subset of fills leads to."""
    orders = list(live)
    buys = sum((order.quantity for order in orders if order.side is Side.BUY), ZERO)
    sells = sum((order.quantity for order in orders if order.side is Side.SELL), ZERO)
    return max(abs(held + buys), abs(held - sells), abs(held))


def at_risk_quote(account: Account) -> dict[str, Decimal]:
    """Return what is at risk, by symbol; a symbol without a price counts nothing."""
    symbols = {*account.quantities, *(order.symbol for order in account.live)}
    return {
        symbol: worst_quantity(
            account.quantities.get(symbol, ZERO),
            (order for order in account.live if order.symbol == symbol),
        )
        * account.prices.get(symbol, ZERO)
        for symbol in symbols
    }


def reduces(terms: Terms, account: Account) -> bool:
    """Say whether the order only brings the position nearer to zero, whatever else fills."""
    held = account.quantities.get(terms.symbol, ZERO)
    if held * terms.side.sign >= 0:
        return False
    same = (o for o in account.live if o.symbol == terms.symbol and o.side is terms.side)
    return terms.quantity + sum((order.quantity for order in same), ZERO) <= abs(held)


def check(terms: Terms, limits: Limits, account: Account) -> Allowed | Denied:
    """Judge one order, already on the market's grids. The price of its symbol must be known."""
    price = account.prices[terms.symbol]
    if denied := _rate(limits, account) or _collar(terms, limits, price):
        return denied
    if reduces(terms, account):
        return Allowed(ZERO)
    return _new_risk(terms, limits, account)


def _rate(limits: Limits, account: Account) -> Denied | None:
    if account.orders_last_minute < limits.max_orders_per_minute:
        return None
    return Denied(
        "max orders per minute",
        f"{account.orders_last_minute} orders in the last minute, at most"
        f" {limits.max_orders_per_minute} are allowed",
    )


def _collar(terms: Terms, limits: Limits, price: Decimal) -> Denied | None:
    if terms.limit_price is None:
        return None
    worse_pct = (terms.limit_price - price) / price * HUNDRED * terms.side.sign
    if worse_pct <= limits.price_collar_pct:
        return None
    return Denied(
        "price collar",
        f"the limit {terms.limit_price} is {worse_pct:.2f} % worse than the last price {price},"
        f" at most {limits.price_collar_pct} % is allowed",
    )


def _new_risk(terms: Terms, limits: Limits, account: Account) -> Allowed | Denied:
    if denied := _switches(terms, limits, account) or _short(terms, limits, account):
        return denied
    loss_limit = account.equity_quote * limits.daily_loss_limit_pct / HUNDRED
    if -account.realized_today_quote >= loss_limit:
        return Denied(
            "daily loss limit",
            f"{-account.realized_today_quote} lost today, at most {loss_limit:.2f}"
            f" ({limits.daily_loss_limit_pct} % of equity) is allowed",
        )
    return _size(terms, limits, account)


def _switches(terms: Terms, limits: Limits, account: Account) -> Denied | None:
    if limits.kill_switch:
        return Denied("kill switch", "the kill switch is on: only orders that reduce are taken")
    if limits.read_only:
        return Denied("read-only", f"only orders that reduce are taken: {limits.read_only}")
    if terms.reduce_only or limits.reduce_only:
        held = account.quantities.get(terms.symbol, ZERO)
        who = "the signal" if terms.reduce_only else "the switch reduce only"
        return Denied(
            "reduce only",
            f"{who} allows only what reduces; {terms.side.value} {terms.quantity} would not, with"
            f" {held} held and what is live",
        )
    return None


def _short(terms: Terms, limits: Limits, account: Account) -> Denied | None:
    """Deny what sells more than is held and no live sell has a claim to."""
    if limits.allow_short or terms.side is Side.BUY:
        return None
    held = account.quantities.get(terms.symbol, ZERO)
    sells = (o for o in account.live if o.symbol == terms.symbol and o.side is Side.SELL)
    claimed = sum((order.quantity for order in sells), ZERO)
    if terms.quantity <= held - claimed:
        return None
    return Denied(
        "no short",
        f"sell {terms.quantity} {terms.symbol} is more than the bot holds: {held}, of which"
        f" {claimed} is in live sells already; the switch allow short is off",
    )


def _size(terms: Terms, limits: Limits, account: Account) -> Allowed | Denied:
    before = at_risk_quote(account)
    order = Live(terms.symbol, terms.side, terms.quantity)
    after = at_risk_quote(replace(account, live=(*account.live, order)))
    position, total = after[terms.symbol], sum(after.values(), ZERO)
    if position > limits.max_position_quote:
        return Denied(
            "max position size",
            f"the position could reach {position:.2f}, at most {limits.max_position_quote} is"
            " allowed (quote currency)",
        )
    total_limit = account.equity_quote * limits.risk_limit_pct / HUNDRED
    if total > total_limit:
        return Denied(
            "risk limit",
            f"{total:.2f} would be at risk, at most {total_limit:.2f} ({limits.risk_limit_pct} %"
            " of equity) is allowed",
        )
    return Allowed(total - sum(before.values(), ZERO))
