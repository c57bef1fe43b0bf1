"""Puts the parts together. Nothing here decides anything."""

import asyncio
import faulthandler
import os
from collections.abc import Mapping
from random import Random

import structlog

from bot import logs
from bot.clock import Clock
from bot.contract.addresses import printable_endpoint
from bot.engine import Engine
from bot.health.snapshot import Snapshot
from bot.http import build_app
from bot.identity import Identity
from bot.intent.file import FileSource
from bot.intent.fixed import FixedSource
from bot.intent.kubernetes import Access, ConfigMapSource
from bot.intent.state import IntentSource, IntentState
from bot.lifecycle import Lifecycle
from bot.metrics import Metrics
from bot.secret_files import read_secrets
from bot.server import build_server, listen
from bot.settings import Settings
from bot.signals import StopFlag
from bot.trading.thin_strategy import Limits
from bot.venues.thin_paper import STARTING_EQUITY, PaperVenue
from bot.venues.thin_port import Venue

LAST_RESORT_SECONDS = 1.0
"""How long after its deadline the process is ended by force, whatever it does."""


class Bot:
    """One pod's bot, built and not started."""

    def __init__(
        self,
        settings: Settings,
        *,
        source: IntentSource,
        venue: Venue,
        flag: StopFlag,
        clock: Clock,
    ) -> None:
        self.settings = settings
        self._clock = clock
        self._started_at = clock.monotonic()
        identity = Identity.of(settings)
        self.metrics = Metrics(identity, self.snapshot)
        self.state = IntentState(settings.color, clock)
        self.engine = Engine(
            venue=venue,
            symbols=settings.symbols,
            limits=limits_of(settings),
            may_trade=self.may_trade,
            on_order=self.metrics.order,
            clock=clock,
        )
        self.app = build_app(identity, self.snapshot, self.metrics, self.closing)
        self.lifecycle = Lifecycle(
            engine=self.engine,
            server=build_server(self.app, settings.shutdown_seconds),
            watch_intent=lambda: source.run(self.state),
            drain_seconds=settings.drain_seconds,
            shutdown_seconds=settings.shutdown_seconds,
            flag=flag,
            clock=clock,
        )

    def may_trade(self, symbol: str) -> bool:
        """Whether an order for this symbol may be sent now."""
        enabled = self.settings.enable_trading and not self.lifecycle.draining
        return enabled and self.state.allows(symbol)

    def closing(self) -> bool:
        """Whether clients should connect anew: the traffic belongs to others now."""
        leaving = self.lifecycle.draining or not self.state.active
        return leaving and self.settings.close_connections

    def snapshot(self) -> Snapshot:
        """Return this moment."""
        state, engine, now = self.state, self.engine, self._clock.monotonic()
        beat = engine.beat.at_monotonic
        return Snapshot(
            now=self._clock.utc(),
            uptime_seconds=now - self._started_at,
            draining=self.lifecycle.draining,
            beat_age_seconds=None if beat is None else max(0.0, now - beat),
            last_beat=engine.beat.at,
            intent=state.intent,
            intent_active=state.active,
            intent_age_seconds=state.age_seconds,
            intent_invalid=state.invalid,
            intent_source_error=state.source_error,
            intent_changes=state.changes,
            intent_source_errors=state.source_errors,
            trading_enabled=self.settings.enable_trading,
            venue="paper",
            venue_error=engine.book.venue_error,
            open_positions=len(engine.book.open_positions),
            unrealized_profit=engine.book.unrealized_profit,
        )


def limits_of(settings: Settings) -> Limits:
    """Return what the settings allow the strategy."""
    return Limits(
        max_position_size=settings.max_position_size,
        max_exposure=STARTING_EQUITY * settings.risk_limit_pct / 100,
    )


def intent_source(settings: Settings, environ: Mapping[str, str], clock: Clock) -> IntentSource:
    """Return the source that the settings name; without one the bot is alone and active."""
    if settings.intent_configmap:
        access = Access.in_cluster(environ, settings.pod_namespace, settings.intent_configmap)
        return ConfigMapSource(access, clock, Random())  # noqa: S311 - spreads retries, hides nothing
    if settings.intent_file:
        return FileSource(settings.intent_file)
    return FixedSource(settings.color)


def run(settings: Settings, environ: Mapping[str, str], flag: StopFlag) -> int:
    """Run one bot to its end; return the exit code.

    Raises:
        SecretsError: the mounted secrets cannot be read.
        PortError: the port cannot be had.
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
    return asyncio.run(_live(settings, environ, flag))


async def _live(settings: Settings, environ: Mapping[str, str], flag: StopFlag) -> int:
    clock = Clock()
    bot = Bot(
        settings,
        source=intent_source(settings, environ, clock),
        venue=PaperVenue(settings.symbols, Random(settings.pod_name)),  # noqa: S311 - a paper market
        flag=flag,
        clock=clock,
    )
    return await bot.lifecycle.run(listen(settings.http_port))


def end_by_force(settings: Settings) -> None:
    """From now on, end this process after its deadline, and print where each thread was.

    In C and on a thread of its own, so it works also when the event loop is stuck.
    """
    deadline = settings.drain_seconds + settings.shutdown_seconds
    faulthandler.dump_traceback_later(deadline + LAST_RESORT_SECONDS, exit=True)
