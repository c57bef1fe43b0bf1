"""What ledger and venue do not agree on, and what balances the ledger may expect. Pure.

A difference is what it is about; the text with its amounts may change from look to look.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum

from bot.trading.orders import ZERO, Fill, Report, Terms
from bot.trading.positions import moves_of

STALE_US = 10_000_000
"""How old a balance may be that a venue shows: it shows trades and balances at different times."""

LISTED_MAX = 10
"""In one line for people; the report has all."""


class Kind(StrEnum):
    """What a difference is about."""

    BALANCE = "balance"
    """A currency of which the account has another amount than the ledger expects."""
    FILL = "fill"
    """At the venue, of an order that is not ours."""
    ORDER = "order"
    """Rests at the venue and is not ours."""
    UNKNOWN_ORDER = "unknown order"
    """Bears our mark, and the ledger does not know it."""
    MISSING_FILL = "missing fill"
    """In the ledger, and the venue does not have it."""
    RESET = "reset"
    """The venue has forgotten all of it, as testnets do."""
    MISSING_ORDER = "missing order"
    """Rests by the ledger, and the venue does not have it."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that ledger and venue do not agree on."""

    kind: Kind
    about: tuple[str, ...]
    """What names it among its kind: a currency, symbol and trade, or an order."""
    text: str
    """What differs, with amounts."""
    symbol: str = ""
    """Whose shard it belongs to; empty: the account's."""
    venue_has: Decimal | None = None
    """Of a balance, as what the ledger expects."""
    ledger_expects: Decimal | None = None

    @property
    def subject(self) -> tuple[str, ...]:
        """What it is about: two with the same subject are one difference, seen twice."""
        return (self.kind.value, *self.about)

    @property
    def surplus(self) -> Decimal:
        """How much more the venue has of a currency; negative: less."""
        return (self.venue_has or ZERO) - (self.ledger_expects or ZERO)

    def __str__(self) -> str:
        """Return it as people read it."""
        return f"{' '.join(self.subject)}: {self.text}"


@dataclass(frozen=True, slots=True)
class Shown:
    """What a venue said that the account owns."""

    totals: Mapping[str, Decimal]
    asked_us: int
    """Venue time when it was asked."""


@dataclass(frozen=True, slots=True)
class Expected:
    """What the account should own, by the ledger."""

    totals: Mapping[str, Decimal]
    """By currency; none of one that was never compared."""
    moved: Mapping[str, Decimal]
    """By currency: what all fills, fees and bookings together brought."""
    fills: Sequence[Fill] = ()
    """Those that the totals count in last."""
    bookings: int = 0
    """The newest booking that is counted in."""

    def had(self, currency: str, shown: Shown) -> bool:
        """Say whether this was the balance at some moment, not long before it was asked for.

        A fill is in the venue's balance before it is in the ledger, and a venue's balance may be
        older than its trades: neither makes a difference.
        """
        held, total = self.totals[currency], shown.totals.get(currency, ZERO)
        if held == total:
            return True
        for fill in sorted(self.fills, key=lambda fill: fill.key, reverse=True):
            if fill.at_us < shown.asked_us - STALE_US:
                return False
            held -= moves_of(fill).get(currency, ZERO)
            if held == total:
                return True
        return False

    def only(self, currencies: Collection[str]) -> "Expected":
        """Return it without what is not traded here."""
        totals = {each: held for each, held in self.totals.items() if each in currencies}
        return replace(self, totals=totals)

    def baselines(self, currencies: Collection[str], shown: Shown) -> dict[str, Decimal]:
        """Return what lay in the account of currencies that were never compared before."""
        return {
            each: shown.totals.get(each, ZERO) - self.moved.get(each, ZERO)
            for each in set(currencies) - set(self.totals)
        }

    def differences(self, shown: Shown) -> list[Difference]:
        """Name the currencies of which the venue never had, lately, what the ledger expects."""
        return [
            balance(name, shown.totals.get(name, ZERO), self.totals[name])
            for name in sorted(self.totals)
            if not self.had(name, shown)
        ]


def balance(currency: str, venue_has: Decimal, ledger_expects: Decimal) -> Difference:
    """Name a currency of which the amounts differ."""
    text = f"the venue has {plain(venue_has)}, the ledger expects {plain(ledger_expects)}"
    return Difference(
        Kind.BALANCE, (currency,), text, venue_has=venue_has, ledger_expects=ledger_expects
    )


def foreign_fill(fill: Fill) -> Difference:
    """Name a trade of an order that is not ours."""
    text = f"{_traded(fill)}, by order {fill.order_id or 'without an id'}, which is not ours"
    return Difference(Kind.FILL, (fill.symbol, fill.trade_id), text, fill.symbol)


def missing_fill(fill: Fill) -> Difference:
    """Name a trade that only the ledger knows."""
    text = f"the venue does not have it: {_traded(fill)}"
    return Difference(Kind.MISSING_FILL, (fill.symbol, fill.trade_id), text, fill.symbol)


def reset(newest: Fill, count: int, lag_seconds: float) -> Difference:
    """Name a venue that has neither our last fills nor the order of the newest."""
    text = (
        f"the venue was reset, or shows things later than after {lag_seconds:g} s: it has neither"
        f" order {newest.order_id} nor our last {count} fills"
    )
    return Difference(Kind.RESET, ("venue",), text, newest.symbol)


def foreign_order(report: Report) -> Difference:
    """Name an order that rests at the venue and is not ours."""
    text = f"rests at the venue and is not ours{_asks(report.symbol, report.terms)}"
    return Difference(Kind.ORDER, (report.order_id,), text, report.symbol)


def unknown_order(order_id: str, symbol: str, terms: Terms | None = None) -> Difference:
    """Name an order that only this stack can have made, and that its ledger does not know."""
    text = (
        "bears this stack's mark, and the ledger does not know it: another process trades on a"
        f" copy of this ledger, or the ledger lost commits{_asks(symbol, terms)}"
    )
    return Difference(Kind.UNKNOWN_ORDER, (order_id,), text, symbol)


def missing_order(order_id: str, symbol: str) -> Difference:
    """Name an order that rests by the ledger alone."""
    return Difference(
        Kind.MISSING_ORDER, (order_id,), "the venue does not have it any more", symbol
    )


def _asks(symbol: str, terms: Terms | None) -> str:
    if terms is None:
        return f" ({symbol})"
    price = "the market" if terms.limit_price is None else plain(terms.limit_price)
    return f" ({terms.side.value} {plain(terms.quantity)} {symbol} at {price})"


def _traded(fill: Fill) -> str:
    return f"{fill.side.value} {plain(fill.quantity)} at {plain(fill.price)}"


def plain(amount: Decimal) -> str:
    """Return an amount as people write it: venues add zeros up to their last place.

    >>> plain(Decimal("100000.00000000"))
    '100000'
    """
    return f"{amount.normalize():f}"


def unique(named: Iterable[Difference]) -> list[Difference]:
    """Return one for each subject."""
    return list({difference.subject: difference for difference in named}.values())


def listed(named: Sequence[Difference]) -> str:
    """Return the first of them in one line, and how many more there are."""
    more = len(named) - LISTED_MAX
    parts = [str(difference) for difference in named[:LISTED_MAX]]
    return "; ".join([*parts, f"and {more} more"] if more > 0 else parts)


def lasting(
    now: Iterable[Difference], before: Iterable[Difference], expected: Expected, shown: Shown | None
) -> list[Difference]:
    """Return those that were there at the look before.

    Args:
        now: what this look found.
        before: what the look before found.
        expected: what the ledger says now: it may explain by now what the venue showed then.
        shown: the balances of the look before.
    """
    known = {difference.subject for difference in before}
    return [
        difference
        for difference in now
        if difference.subject in known
        and not (
            difference.kind is Kind.BALANCE
            and shown is not None
            and expected.had(difference.about[0], shown)
        )
    ]
