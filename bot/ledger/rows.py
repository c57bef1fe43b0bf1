"""Rows of the tables as the values that the rest of the bot knows, and back."""

from decimal import Decimal

from bot.authority.lease import LeaseRow
from bot.authority.orders import Order
from bot.authority.orders import Signal as AuthoritySignal
from bot.contract.color import Color
from bot.ledger.database import Row
from bot.ledger.outcomes import Noted
from bot.ledger.port import OrderRecord, SignalRecord
from bot.trading.differences import Difference, Kind
from bot.trading.orders import LIVE, RESTING, UNRESOLVED, Fill, Lifetime, Side, State, Terms
from bot.trading.positions import Position
from bot.trading.signals import Fate, Signal

ABOUT_SEPARATOR = " "
TERMS = "symbol, side, quantity, limit_price, lifetime, reduce_only"
"""The columns that signals and orders share, in the order of `terms_values`."""


def _listed(states: frozenset[State]) -> str:
    return ", ".join(f"'{state.value}'" for state in sorted(states))


UNRESOLVED_STATES = _listed(UNRESOLVED)
RESTING_STATES = _listed(RESTING)
LIVE_STATES = _listed(LIVE)
"""For `state IN (…)`; made of our own words."""


def amount(value: object) -> Decimal:
    """Postgres gives decimals, SQLite their text."""
    return Decimal(str(value))


def terms_values(terms: Terms) -> tuple[object, ...]:
    """Return the values of TERMS."""
    return (
        terms.symbol,
        terms.side.value,
        terms.quantity,
        terms.limit_price,
        terms.lifetime.value,
        terms.reduce_only,
    )


def terms_of(row: Row) -> Terms:
    """Return what a signal or an order asks for."""
    limit = row["limit_price"]
    return Terms(
        symbol=row["symbol"],
        side=Side(row["side"]),
        quantity=amount(row["quantity"]),
        limit_price=None if limit is None else amount(limit),
        lifetime=Lifetime(row["lifetime"]),
        reduce_only=bool(row["reduce_only"]),
    )


def order_of(row: Row) -> Order:
    """Return an order as authority looks at it."""
    return Order(
        order_id=row["order_id"],
        signal=row["signal_id"],
        attempt=row["attempt"],
        shard=row["shard"],
        epoch=row["epoch"],
        holder=row["holder"],
        stamp=row["stamp"],
        dead_after=row["dead_after"],
        state=State(row["state"]),
        terms=terms_of(row),
    )


def pending_of(row: Row) -> AuthoritySignal:
    """Return a signal as authority looks at it."""
    return AuthoritySignal(
        signal=row["signal_id"],
        shard=row["shard"],
        received_at=row["received_at"],
        max_age_seconds=row["max_age_seconds"],
        terms=terms_of(row),
    )


def lease_of(row: Row) -> LeaseRow:
    """Return the row that authority judges."""
    return LeaseRow(
        lease=row["lease"],
        epoch=row["epoch"],
        holder=row["holder"],
        color=Color(row["color"]) if row["color"] else None,
        expires_at=row["expires_at"],
        paused_at=row["paused_at"],
        mark=row["mark"],
    )


def fill_of(row: Row) -> Fill:
    """Return one fill."""
    return Fill(
        trade_id=row["trade_id"],
        order_id=row["order_id"],
        symbol=row["symbol"],
        side=Side(row["side"]),
        quantity=amount(row["quantity"]),
        price=amount(row["price"]),
        at_us=row["at_us"],
        fee=amount(row["fee"]),
        fee_currency=row["fee_currency"],
    )


def signal_of(row: Row) -> Signal:
    """Return a signal as it was asked for."""
    return Signal(row["signal_id"], terms_of(row), row["max_age_seconds"], row["source"])


def record_of(row: Row, orders: list[Row]) -> SignalRecord:
    """Return a signal and what became of it."""
    return SignalRecord(
        signal=signal_of(row),
        received_at=row["received_at"],
        fate=Fate(row["fate"]) if row["fate"] else None,
        reason=row["reason"],
        fate_at=row["fate_at"],
        orders=tuple(
            OrderRecord(
                order_id=order["order_id"],
                attempt=order["attempt"],
                terms=terms_of(order),
                state=State(order["state"]),
                filled_quantity=str(order["filled_quantity"]),
                reason=order["reason"],
            )
            for order in orders
        ),
    )


def noted_of(row: Row) -> Noted:
    """Return a difference as it was noted."""
    return Noted(
        Difference(
            kind=Kind(row["kind"]),
            about=tuple(row["about"].split(ABOUT_SEPARATOR)),
            text=row["text"],
            venue_has=_maybe(row["venue_has"]),
            ledger_expects=_maybe(row["ledger_expects"]),
        ),
        row["found_at"],
    )


def _maybe(value: object) -> Decimal | None:
    return None if value is None else amount(value)


def position_of(row: Row) -> Position:
    """Return a snapshot."""
    trade = row["last_trade_id"]
    return Position(
        symbol=row["symbol"],
        quantity=amount(row["quantity"]),
        average_price=amount(row["average_price"]),
        realized_quote=amount(row["realized_quote"]),
        fees_quote=amount(row["fees_quote"]),
        last_key=(row["last_at_us"], int(trade) if trade.isdecimal() else 0, trade),
    )
