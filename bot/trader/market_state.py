"""What is known of the market and the account: prices and their age, grids, equity."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from bot.trader.keeper import boot_seconds
from bot.trading.markets import Market
from bot.trading.orders import ZERO
from bot.trading.positions import Position

STALE_SECONDS = 10.0
"""Older prices are not traded on; the signal waits, and expires if that lasts."""


class QuoteError(ValueError):
    """The symbols are not all of one quote currency; limits could not be added up."""


@dataclass(slots=True)
class MarketState:
    """Written by the feed and by reconciliation, read by everything else."""

    symbols: tuple[str, ...]
    markets: Mapping[str, Market] = field(default_factory=dict[str, Market])
    prices: Mapping[str, Decimal] = field(default_factory=dict[str, Decimal])
    priced_at: float | None = None
    """Boot time."""
    feed_error: str | None = "not asked yet"
    positions: Mapping[str, Position] = field(default_factory=dict[str, Position])
    balances: Mapping[str, Decimal] = field(default_factory=dict[str, Decimal])
    """Totals, by currency."""

    def __post_init__(self) -> None:
        """Refuse symbols whose values cannot be added up."""
        quotes = sorted({symbol.partition("/")[2] for symbol in self.symbols})
        if len(quotes) > 1:
            raise QuoteError(
                f"SYMBOLS={','.join(self.symbols)!r}: one account is counted in one quote"
                f" currency, these have {', '.join(quotes)}; run one stack for each"
            )

    @property
    def quote(self) -> str:
        """The currency that everything is counted in."""
        return self.symbols[0].partition("/")[2]

    @property
    def feed_age_seconds(self) -> float | None:
        """Seconds since prices were seen; None: never."""
        return None if self.priced_at is None else max(0.0, boot_seconds() - self.priced_at)

    @property
    def fresh(self) -> bool:
        """Whether the prices may be traded on."""
        age = self.feed_age_seconds
        return age is not None and age <= STALE_SECONDS

    def show(self, prices: Mapping[str, Decimal]) -> None:
        """Take new prices."""
        self.prices, self.priced_at, self.feed_error = prices, boot_seconds(), None

    @property
    def open_positions(self) -> dict[str, Position]:
        """Those that hold something."""
        return {symbol: p for symbol, p in self.positions.items() if p.quantity}

    @property
    def unrealized_quote(self) -> Decimal:
        """What closing everything at the last prices would bring."""
        known = (p for s, p in self.open_positions.items() if s in self.prices)
        return sum((p.unrealized_quote(self.prices[p.symbol]) for p in known), ZERO)

    @property
    def equity_quote(self) -> Decimal:
        """What the account is worth, counting the currencies that are traded here."""
        worth = self.balances.get(self.quote, ZERO)
        for symbol, price in self.prices.items():
            worth += self.balances.get(symbol.partition("/")[0], ZERO) * price
        return worth
