"""Puts the parts together. Nothing here decides anything."""

import asyncio
import faulthandler
import os
from collections.abc import Iterator, Mapping
from random import Random
from typing import TYPE_CHECKING

import structlog

from bot.assembly import (
    Secrets,
    cache_of,
    checkers,
    database_of,
    limits_of,
    prices_of,
    venue_of,
)
from bot.authority.orders import FATE_OF, Order
from bot.authority.protocol import Rules
from bot.authority.timings import Timings
from bot.config.reload import Reload
from bot.config.reloadable import Reloadable
from bot.config.secret_files import read_secrets
from bot.config.settings import Settings
from bot.contract.addresses import printable_endpoint
from bot.contract.environment import DeployEnv, Strategy
from bot.contract.shards import by_shard
from bot.health.background import Checks
from bot.health.snapshot import Shard, Snapshot
from bot.health.startup import Startup
from bot.intake.intake import Intake, routes
from bot.intent.file import FileSource
from bot.intent.fixed import FixedSource
from bot.intent.state import IntentSource, IntentState
from bot.kubernetes.config_map import Access, ConfigMapWatch
from bot.ledger.leases import Taken
from bot.ledger.ledger import Ledger
from bot.ledger.outcomes import Incident
from bot.process import logs
from bot.process.clock import Clock
from bot.process.identity import Identity
from bot.process.lifecycle import Lifecycle
from bot.process.server import build_server, listen
from bot.process.stop_flag import StopFlag
from bot.process.watchdog import Pulse, Watchdog
from bot.serving.http import build_app
from bot.serving.metrics import Metrics
from bot.trader.keeper import Keeper, boot_seconds
from bot.trader.market_state import MarketState
from bot.trader.reconciler import Reconciler
from bot.trader.recovery import Recovery
from bot.trader.risk_check import RiskCheck
from bot.trader.trader import Trader
from bot.trader.turns import Executor
from bot.trading.orders import ZERO, Report
from bot.trading.risk import Limits
from bot.trading.signals import Fate, Signal
from bot.trading.strategy import SIGNAL_PREFIX, AverageCross
from bot.venues.port import Venue

if TYPE_CHECKING:
    from bot.venues.cached import Cache

LAST_RESORT_SECONDS = 1.0
"""How long after its deadline the process is ended by force, whatever it does."""
SECONDS_PER_DAY = 86_400.0

_log = structlog.get_logger(__name__)


class Bot:
    """One pod's bot, built and not started."""

    def __init__(  # noqa: PLR0913 - everything that it touches is passed in
        self,
        settings: Settings,
        *,
        source: IntentSource,
        venue: Venue,
        ledger: Ledger,
        flag: StopFlag,
        clock: Clock,
        cache: "Cache | None" = None,
        config_watch: ConfigMapWatch | None = None,
    ) -> None:
        self.settings = settings
        self._clock = clock
        self._started_at = clock.monotonic()
        identity = Identity.of(settings)
        self.metrics = Metrics(identity, self.snapshot)
        self.state = IntentState(settings.color, clock)
        self.pulse = Pulse()
        self.startup = Startup(
            settings.startup_seconds, clock, critical="startup" in settings.critical_checks
        )
        self.reload = Reload(
            settings.config_dir,
            Reloadable.of(settings),
            production=settings.deploy_env is DeployEnv.PRODUCTION,
            on_change=lambda new: logs.set_level(new.log_level),
        )
        rules = Rules(
            Timings(venue_lag_seconds=settings.venue_lag_seconds), mark=settings.order_mark
        )
        self.market_state = MarketState(settings.symbols)
        self.reconciler = Reconciler(
            ledger=ledger,
            venue=venue,
            market_state=self.market_state,
            mark=settings.order_mark,
            lag_seconds=settings.venue_lag_seconds,
        )
        ledger.on_incident = self._incident
        self.recovery = Recovery(
            ledger=ledger,
            venue=venue,
            market_state=self.market_state,
            boot=boot_seconds,
            rules=rules,
        )
        self.keeper = Keeper(
            pod=settings.pod_name,
            color=settings.color,
            ledger=ledger,
            venue=venue,
            intent=self.state,
            wants=self.wants,
            before_release=self._wind_down,
            on_taken=self._taken,
            recovery=self.recovery,
            adopts=settings.adopt_intent,
            rules=rules,
        )
        self._traded = by_shard(settings.symbols)
        self._strategy = AverageCross() if settings.strategy is Strategy.AVERAGE_CROSS else None
        self.trader = Trader(
            ledger=ledger,
            venue=venue,
            read_prices=prices_of(settings, venue, cache),
            market_state=self.market_state,
            keeper=self.keeper,
            executor=Executor(ledger, venue, RiskCheck(self.market_state, self.limits), self),
            reconciler=self.reconciler,
            recovery=self.recovery,
            startup=self.startup,
            on_prices=self._on_prices,
            policy=settings.shutdown_policy,
            shutdown_seconds=settings.shutdown_seconds,
            retention_seconds=settings.retention_days * SECONDS_PER_DAY,
            clock=clock,
            rules=rules,
        )
        asked = checkers(
            settings,
            ledger=ledger,
            venue=venue,
            market_state=self.market_state,
            keeper=self.keeper,
            cache=cache,
            trades=lambda: self.state.active and self.wants(),
        )
        self.checks = Checks(asked, clock)
        intake = Intake(
            inbox=self.trader,
            symbols=settings.symbols,
            secrets=settings.secrets_dir,
            clock=clock,
        )
        self.app = build_app(
            identity, self.snapshot, self.metrics, self.closing, extra=routes(intake)
        )
        self.lifecycle = Lifecycle(
            engine=self.trader,
            server=build_server(self.app, settings.shutdown_seconds),
            background={
                "intent": lambda: source.run(self.state),
                "reload": self.reload.run,
                **({"limits": lambda: config_watch.run(self.reload)} if config_watch else {}),
                "checks": self.checks.run,
            },
            drain_seconds=settings.drain_seconds,
            shutdown_seconds=settings.shutdown_seconds,
            flag=flag,
            on_drain=self.keeper.wake,
            clock=clock,
        )

    async def _wind_down(self, leases: frozenset[int]) -> None:
        await self.trader.wind_down(leases)  # the trader is made after the keeper

    def _taken(self, taken: Taken) -> None:
        if taken.pause_seconds is not None and taken.before.lease in self._traded:
            self.metrics.pause(taken.pause_seconds, handed_over=taken.handed_over)

    def _incident(self, incident: Incident) -> None:
        self.reconciler.read_only = incident.reason
        self.metrics.lost_order_filled()
        _log.error(
            "a lost order was filled",
            order=incident.order_id,
            attempt_after=incident.attempt_after,
            trade=incident.trade_id,
        )

    def wants(self) -> bool:
        """Whether this process may hold the lease, as far as it is its own choice."""
        return self.settings.enable_trading and not self.lifecycle.draining

    def limits(self) -> Limits:
        """Return the limits now."""
        return limits_of(self.reload.current, self.reconciler.read_only or "")

    def closing(self) -> bool:
        """Whether clients should connect anew: the traffic belongs to others now."""
        leaving = self.lifecycle.draining or not self.state.active
        return leaving and self.settings.close_connections

    # What the executor tells (bot.trader.turns.Watcher).

    def decided(self, order: Order) -> None:
        """An intent is committed."""
        if self.market_state.priced_at is not None and order.signal.startswith(SIGNAL_PREFIX):
            self.metrics.tick_to_intent(boot_seconds() - self.market_state.priced_at)

    def answered(
        self, order: Order, report: Report | None, since_decided_seconds: float | None
    ) -> None:
        """What became of an order is recorded."""
        if since_decided_seconds is not None and report is not None:
            self.metrics.intent_to_ack(since_decided_seconds)
        self.metrics.order(order.terms.side if order.terms else "", order.state)
        if fate := FATE_OF.get(order.state):
            self.metrics.signal(fate)

    def ended(self, signal: str, fate: Fate, reason: str) -> None:
        """A signal has its fate without an order."""
        del signal, reason
        self.metrics.signal(fate)

    def late(self, refused_by: str) -> None:
        """An order was refused for being late."""
        self.metrics.late(refused_by)

    def quiet(self, seconds: float) -> None:
        """The venue asked for silence."""
        self.trader.quiet_until = boot_seconds() + seconds

    def _on_prices(self) -> list[Signal]:
        if self._strategy is None:
            return []
        at = self._clock.utc().timestamp()
        size = self.reload.current.max_position_size
        signals: list[Signal] = []
        positions = self.market_state.positions
        for symbol, price in self.market_state.prices.items():
            held = positions[symbol].quantity if symbol in positions else ZERO
            market = self.market_state.markets[symbol]
            if signal := self._strategy.on_price(market, price, at, held, size):
                signals.append(signal)
        return signals

    def _stops(self) -> tuple[str, ...]:
        limits = self.limits()
        named = {"kill switch": limits.kill_switch, "reduce only": limits.reduce_only}
        read_only = (f"read-only: {limits.read_only}",) if limits.read_only else ()
        return (*(name for name, on in named.items() if on), *read_only)

    def _shards(self) -> Iterator[Shard]:
        keeper = self.keeper
        for shard, symbols in self._traded.items():
            row, safe = keeper.rows.get(shard), keeper.safe_seconds_of(shard)
            held = safe > 0
            yield Shard(
                shard,
                symbols,
                epoch=row.epoch if row else 0,
                held=held,
                holder=row.holder if row else None,
                color=row.color.value if row and row.holder and row.color else None,
                seconds_left=safe
                if held or not row
                else max(0.0, row.expires_at - keeper.rows_now),
            )

    def _differences(self) -> tuple[str, ...] | None:
        reconciler = self.reconciler
        return tuple(str(one) for one in reconciler.differences) if reconciler.done_at else None

    def snapshot(self) -> Snapshot:
        """Return this moment."""
        state, trader, market_state = self.state, self.trader, self.market_state
        now = self._clock.monotonic()
        beat = trader.beat.at_monotonic
        return Snapshot(
            now=self._clock.utc(),
            uptime_seconds=now - self._started_at,
            draining=self.lifecycle.draining,
            beat_age_seconds=None if beat is None else max(0.0, now - beat),
            last_beat=trader.beat.at,
            intent=state.intent,
            intent_active=state.active,
            intent_age_seconds=state.age_seconds,
            intent_invalid=state.invalid,
            intent_source_error=state.source_error,
            intent_changes=state.changes,
            intent_source_errors=state.source_errors,
            trading_enabled=self.settings.enable_trading,
            venue=trader.venue_name,
            venue_error=market_state.feed_error,
            open_positions=len(market_state.open_positions),
            unrealized_profit=market_state.unrealized_quote,
            checks=self.checks.results(),
            startup=self.startup.state(),
            loop_lag_seconds=self.pulse.lag_seconds,
            feed_age_seconds=market_state.feed_age_seconds,
            lease_held=self.keeper.safe_seconds > 0,
            lease_epoch=self.keeper.epoch,
            leases_held=len(self.keeper.leases),
            shards=tuple(self._shards()),
            recovery=self.recovery.step,
            authority_refused=self.keeper.refused.name.lower() if self.keeper.refused else "",
            ledger=self.keeper.ledger,
            orders_by_state=self.reconciler.orders_by_state,
            signals_pending=self.reconciler.signals_pending,
            reconcile_differences=self._differences(),
            last_reconcile=self.reconciler.done_at,
            positions={symbol: p.quantity for symbol, p in market_state.open_positions.items()},
            config_generation=self.reload.generation,
            config_hash=self.reload.content_hash,
            config_invalid=self.reload.invalid,
            config_refused=self.reload.refused_hash,
            config_watch_error=self.reload.watch_error,
            stops=self._stops(),
        )


def intent_source(settings: Settings, environ: Mapping[str, str], clock: Clock) -> IntentSource:
    """Return the source that the settings name; without one the bot is alone and active."""
    if settings.intent_configmap:
        return config_map_watch(settings, environ, clock, settings.intent_configmap)
    if settings.intent_file:
        return FileSource(settings.intent_file)
    return FixedSource(settings.color)


def config_map_watch(
    settings: Settings, environ: Mapping[str, str], clock: Clock, name: str
) -> ConfigMapWatch:
    """Return a watch of one ConfigMap in the pod's own namespace."""
    access = Access.in_cluster(environ, settings.pod_namespace, name)
    return ConfigMapWatch(access, clock, Random())  # noqa: S311 - spreads retries, hides nothing


def run(settings: Settings, environ: Mapping[str, str], flag: StopFlag) -> int:
    """Run one bot to its end; return the exit code.

    Raises:
        SecretsError: the mounted secrets cannot be read, or one that is needed is not there.
        PortError: the port is not available.
    """
    secrets = read_secrets(settings.secrets_dir)
    logs.configure(
        settings.log_level,
        fields={"color": settings.color, "pod": settings.pod_name, "version": settings.version},
        secrets=[secret.get_secret_value() for secret in secrets.values()],
    )
    structlog.get_logger(__name__).info(
        "starting",
        environment=settings.deploy_env.value,
        endpoint=printable_endpoint(settings.api_endpoint),
        trading=settings.enable_trading,
        symbols=list(settings.symbols),
        secrets=sorted(secrets),
        pid=os.getpid(),
    )
    flag.when_set(lambda: end_by_force(settings))
    return asyncio.run(_live(settings, environ, flag, secrets))


async def _live(
    settings: Settings, environ: Mapping[str, str], flag: StopFlag, secrets: Secrets
) -> int:
    clock = Clock()
    database, cache = database_of(settings, secrets), cache_of(settings, secrets)
    structlog.get_logger(__name__).info("ledger", where=database.where)
    bot = Bot(
        settings,
        source=intent_source(settings, environ, clock),
        venue=venue_of(settings, secrets),
        ledger=Ledger(database, settings.account),
        flag=flag,
        clock=clock,
        cache=cache,
        config_watch=config_map_watch(settings, environ, clock, settings.config_configmap)
        if settings.config_configmap
        else None,
    )
    bot.reload.start()
    watchdog = Watchdog(bot.pulse)
    watchdog.start()
    beating = asyncio.create_task(bot.pulse.run(), name="pulse")
    try:
        return await bot.lifecycle.run(listen(settings.http_port))
    finally:
        watchdog.stop()
        beating.cancel()
        if cache:
            await cache.close()


def end_by_force(settings: Settings) -> None:
    """From now on, end this process after its deadline, and print where each thread was.

    In C and on a thread of its own, so it works also when the event loop is stuck.
    """
    deadline = settings.drain_seconds + settings.shutdown_seconds
    faulthandler.dump_traceback_later(deadline + LAST_RESORT_SECONDS, exit=True)
