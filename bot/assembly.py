"""Which venue, ledger, limits and checks the settings mean. Nothing here runs."""

from collections.abc import Awaitable, Callable, Mapping
from decimal import Decimal
from functools import partial
from random import Random
from typing import TYPE_CHECKING

from pydantic import SecretStr

from bot.authority.lease import Claim
from bot.authority.timings import DEFAULTS
from bot.config.reloadable import Reloadable
from bot.config.secret_files import SecretsError
from bot.config.settings import Settings
from bot.contract import secrets as names
from bot.contract.environment import PAPER_ENDPOINT, DeployEnv
from bot.contract.shards import by_shard
from bot.health.background import Checker
from bot.ledger.database import Database
from bot.ledger.ledger import Ledger
from bot.ledger.postgres import Postgres
from bot.ledger.sqlite import MEMORY, Sqlite
from bot.trader.keeper import Keeper
from bot.trader.market_state import STALE_SECONDS, MarketState
from bot.trading.risk import Limits
from bot.venues.paper import PaperVenue
from bot.venues.port import Venue

if TYPE_CHECKING:
    from bot.venues.cached import Cache

Secrets = Mapping[str, SecretStr]


def venue_of(settings: Settings, secrets: Secrets) -> Venue:
    """Return the venue that the endpoint names.

    Raises:
        SecretsError: its credentials are not there.
    """
    if settings.api_endpoint == PAPER_ENDPOINT:
        return PaperVenue(settings.symbols, Random(settings.pod_name))  # noqa: S311 - a paper market
    if missing := [n for n in (names.VENUE_API_KEY, names.VENUE_API_SECRET) if n not in secrets]:
        raise SecretsError(
            f"{', '.join(missing)}: not mounted, and {settings.api_endpoint} needs"
            f" {'them' if len(missing) > 1 else 'it'}; set the stack's `secrets`"
        )
    # Imported late: the paper venue needs no client of an exchange.
    from bot.venues.ccxt_access import Access  # noqa: PLC0415 - only where it is used
    from bot.venues.ccxt_binance import CcxtVenue  # noqa: PLC0415 - only where it is used

    access = Access(
        settings.api_endpoint,
        secrets[names.VENUE_API_KEY],
        secrets[names.VENUE_API_SECRET],
        sandbox=settings.deploy_env is not DeployEnv.PRODUCTION or not settings.enable_trading,
    )
    return CcxtVenue(access, settings.symbols, window_seconds=DEFAULTS.venue_window_seconds)


def database_of(settings: Settings, secrets: Secrets) -> Database:
    """Return Postgres when its URL is mounted, else SQLite: a file, or memory."""
    if url := secrets.get(names.DATABASE_URL):
        return Postgres(url.get_secret_value())
    return Sqlite(str(settings.ledger) if settings.ledger else MEMORY)


def cache_of(settings: Settings, secrets: Secrets) -> "Cache | None":
    """Return the cache of market data, if one is named."""
    if settings.redis_url is None:
        return None
    # Imported late: who names no cache loads no client of one.
    from bot.venues.cached import RedisCache  # noqa: PLC0415 - only where it is used

    password = secrets.get(names.REDIS_PASSWORD)
    return RedisCache(settings.redis_url, password.get_secret_value() if password else None)


def prices_of(
    settings: Settings, venue: Venue, cache: "Cache | None"
) -> Callable[[], Awaitable[Mapping[str, Decimal]]]:
    """Return what the feed asks: the venue, by way of the cache if there is one."""
    if cache is None:
        return venue.prices
    from bot.venues.cached import CachedPrices  # noqa: PLC0415 - only where it is used

    return CachedPrices(venue, cache, settings.api_endpoint, settings.symbols)


def limits_of(reloadable: Reloadable, account_read_only: str) -> Limits:
    """Return the limits now. `account_read_only`: why the ledger refuses new risk, if so."""
    by_config = "the switch readOnly is on" if reloadable.read_only else ""
    return Limits(
        max_position_quote=reloadable.max_position_size,
        risk_limit_pct=reloadable.risk_limit_pct,
        max_orders_per_minute=reloadable.max_orders_per_minute,
        price_collar_pct=reloadable.price_collar_pct,
        daily_loss_limit_pct=reloadable.daily_loss_limit_pct,
        reduce_only=reloadable.reduce_only,
        allow_short=reloadable.allow_short,
        read_only=account_read_only or by_config,
        kill_switch=reloadable.kill_switch,
    )


def checkers(  # noqa: PLR0913 - everything that it asks is passed in
    settings: Settings,
    *,
    ledger: Ledger,
    venue: Venue,
    market_state: MarketState,
    keeper: Keeper,
    cache: "Cache | None",
    trades: Callable[[], bool],
) -> list[Checker]:
    """Return what is asked in the background."""

    async def database() -> str | None:
        await ledger.ping()
        return None

    async def exchange() -> str | None:
        await venue.time()
        return None

    async def lease() -> str | None:
        if keeper.error:
            return keeper.error
        if keeper.refused:
            return refusal(keeper.refused, keeper.source_shown, keeper.ledger)
        if not trades():
            return None
        nobody = [
            f"{shard} ({', '.join(names)})"
            for shard, names in by_shard(settings.symbols).items()
            if not ((row := keeper.rows.get(shard)) and row.holder)
        ]
        return f"nobody holds shard {', '.join(nobody)}" if nobody else None

    async def feed() -> str | None:
        age = market_state.feed_age_seconds
        if age is None or age > STALE_SECONDS:
            return market_state.feed_error or f"the last prices are {age:.0f} s old"
        return None

    asked = {"database": database, "exchange": exchange, "lease": lease, "feed": feed}
    if cache:
        asked["cache"] = partial(_ping, cache)
    return [
        Checker(name, ask, critical=name in settings.critical_checks) for name, ask in asked.items()
    ]


def refusal(claim: Claim, source: str, ledger: str) -> str:
    """Say why a pod may hold nothing, and what ends that."""
    adopt = f"pulumi config set adoptLedger {ledger}"
    todo = {
        Claim.OLD_INTENT: "; this pod does not see it: is the API server in reach?",
        Claim.FOREIGN: f" ({source}); to take over: `pulumi config set adoptIntent {source}`",
        Claim.OTHER_LEDGER: f" ({ledger}); if it was moved here (docs/database.md): `{adopt}`",
        Claim.SCHEMA: "; run a newer version",
    }
    return claim.value + todo.get(claim, "")


async def _ping(cache: "Cache") -> None:
    await cache.ping()
