"""What is traded here, on which grids and within which bounds."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from testbed.venue.amounts import PLACES, places

MAX_OPEN_ORDERS = 200
"""Per symbol."""
COLLAR_UP = Decimal(5)
COLLAR_DOWN = Decimal("0.2")
"""A limit price must lie within these multiples of the last one."""


@dataclass(frozen=True, slots=True)
class Market:
    """One symbol. Quantities are in base, notionals in quote currency."""

    base: str
    quote: str
    start_price: Decimal
    tick: Decimal
    step: Decimal
    depth: Decimal
    """Quantity on one rung of the book; a larger order fills in parts."""
    max_quantity: Decimal = Decimal(9000)
    max_market_quantity: Decimal = Decimal(1000)
    min_notional: Decimal = Decimal(5)
    max_notional: Decimal = Decimal(9_000_000)
    max_price: Decimal = Decimal(1_000_000)

    def __post_init__(self) -> None:
        """Refuse grids on which price times quantity would need more places than balances have."""
        if places(self.tick) + places(self.step) > PLACES:
            raise ValueError(f"{self.id}: tick {self.tick} x step {self.step} needs > {PLACES}")

    @property
    def id(self) -> str:
        """The venue's spelling."""
        return self.base + self.quote

    @property
    def min_quantity(self) -> Decimal:
        """One step."""
        return self.step

    @property
    def min_price(self) -> Decimal:
        """One tick."""
        return self.tick


def _market(pair: str, start_price: str, tick: str, step: str, depth: str) -> Market:
    base, quote = pair.split("/")
    return Market(base, quote, Decimal(start_price), Decimal(tick), Decimal(step), Decimal(depth))


DEFAULT_MARKETS = (
    _market("BTC/USDT", "60000", tick="0.01", step="0.00001", depth="0.2"),
    _market("ETH/USDT", "3000", tick="0.01", step="0.0001", depth="4"),
    _market("SOL/USDT", "150", tick="0.01", step="0.001", depth="80"),
)
DEFAULT_BALANCES: Mapping[str, Decimal] = {
    "USDT": Decimal(100_000),
    "BTC": Decimal(1),
    "ETH": Decimal(10),
    "SOL": Decimal(100),
}


def describe(market: Market) -> dict[str, object]:
    """Return the market as `exchangeInfo` shows it."""
    return {
        "symbol": market.id,
        "status": "TRADING",
        "baseAsset": market.base,
        "baseAssetPrecision": PLACES,
        "quoteAsset": market.quote,
        "quotePrecision": PLACES,
        "quoteAssetPrecision": PLACES,
        "baseCommissionPrecision": PLACES,
        "quoteCommissionPrecision": PLACES,
        "orderTypes": ["LIMIT", "LIMIT_MAKER", "MARKET"],
        "icebergAllowed": False,
        "ocoAllowed": False,
        "otoAllowed": False,
        "quoteOrderQtyMarketAllowed": True,
        "allowTrailingStop": False,
        "cancelReplaceAllowed": False,
        "isSpotTradingAllowed": True,
        "isMarginTradingAllowed": False,
        "filters": _filters(market),
        "permissions": [],
        "permissionSets": [["SPOT"]],
        "defaultSelfTradePreventionMode": "NONE",
        "allowedSelfTradePreventionModes": ["NONE"],
    }


def _filters(market: Market) -> list[dict[str, object]]:
    return [
        {
            "filterType": "PRICE_FILTER",
            "minPrice": f"{market.min_price:f}",
            "maxPrice": f"{market.max_price:f}",
            "tickSize": f"{market.tick:f}",
        },
        {
            "filterType": "LOT_SIZE",
            "minQty": f"{market.min_quantity:f}",
            "maxQty": f"{market.max_quantity:f}",
            "stepSize": f"{market.step:f}",
        },
        {
            "filterType": "MARKET_LOT_SIZE",
            "minQty": "0.00000000",
            "maxQty": f"{market.max_market_quantity:f}",
            "stepSize": "0.00000000",
        },
        {
            "filterType": "NOTIONAL",
            "minNotional": f"{market.min_notional:f}",
            "applyMinToMarket": True,
            "maxNotional": f"{market.max_notional:f}",
            "applyMaxToMarket": True,
            "avgPriceMins": 0,
        },
        {
            "filterType": "PERCENT_PRICE_BY_SIDE",
            "bidMultiplierUp": f"{COLLAR_UP:f}",
            "bidMultiplierDown": f"{COLLAR_DOWN:f}",
            "askMultiplierUp": f"{COLLAR_UP:f}",
            "askMultiplierDown": f"{COLLAR_DOWN:f}",
            "avgPriceMins": 0,
        },
        {"filterType": "MAX_NUM_ORDERS", "maxNumOrders": MAX_OPEN_ORDERS},
    ]
