"""`python -m bot status`: asks a running bot and prints for people what its metrics say.

Knows its two addresses and the names of the contract; shares no code with what it asks.
"""

import argparse
import json
import sys
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from http.client import HTTPException
from typing import Any, cast
from urllib.parse import urlsplit

from prometheus_client.parser import text_string_to_metric_families

from bot.contract import environment as env
from bot.contract import http
from bot.contract import metrics as names

TIMEOUT_SECONDS = 3.0
BODY_BYTES_MAX = 4 << 20
EXITS = {"healthy": 0, "unhealthy": 1, "degraded": 3}
"""By the words of `/health`; 2 is what the command line's own errors use."""
EXIT_UNREACHABLE = 1
DESCRIPTION = "Ask a running bot how it is. Exit code: 0 healthy, 3 degraded, 1 neither."

Samples = Mapping[tuple[str, ...], float]
"""Name and label values → value."""


class UnreachableError(Exception):
    """The bot did not answer, or something else did; the text says which."""


@dataclass(frozen=True, slots=True)
class Status:
    """What a bot says about itself; `None` is what it does not know."""

    state: str
    version: str
    environment: str
    color: str
    pod: str
    active: bool
    trading: bool
    stopped: tuple[str, ...]
    uptime_seconds: float
    lease_held: bool
    lease_epoch: int | None
    leases: int
    """How many are held, of the shards and the account's."""
    ledger: str
    """Its name, as its server says; empty before the first look at the leases."""
    role: str
    shards: tuple[Mapping[str, Any], ...]
    """As in the report."""
    checks: Mapping[str, bool]
    """Name → whether it passes."""
    notes: tuple[str, ...]
    orders: Mapping[str, int]
    """State → how many."""
    unknown_orders: int
    signals_pending: int
    positions: Mapping[str, str]
    """Symbol → base currency, a decimal number as text."""
    unrealized_profit: str
    """Quote currency, a decimal number as text."""
    last_reconcile: str | None
    reconcile_differences: int | None
    config_generation: int
    config_invalid: bool
    config_hash: str
    feed_age_seconds: float | None
    loop_lag_seconds: float


def status_of(health: Mapping[str, Any], samples: Samples) -> Status:
    """Put together what the two answers say.

    Raises:
        KeyError, TypeError, ValueError: these are not a bot's answers.
    """

    def number(name: str) -> float | None:
        return samples.get((name,))

    def labelled(name: str) -> dict[str, float]:
        return {key[1]: value for key, value in samples.items() if key[0] == name}

    epoch, differences = number(names.LEASE_EPOCH), number(names.RECONCILE_DIFFERENCES)
    orders = labelled(names.ORDERS_BY_STATE)
    return Status(
        state=str(health["state"]),
        version=str(health["version"]),
        environment=str(health["environment"]),
        color=str(health["color"]),
        pod=str(health["pod"]),
        active=bool(samples[(names.ACTIVE,)]),
        trading=bool(health["trading"]),
        stopped=tuple(health["stopped"]),
        uptime_seconds=float(health["uptimeSeconds"]),
        lease_held=bool(samples[(names.LEASE_HELD,)]),
        lease_epoch=None if epoch is None else int(epoch),
        leases=int(samples[(names.LEASES_HELD,)]),
        ledger=str(health["ledger"]),
        role=str(health["role"]),
        shards=tuple(health["shards"]),
        checks={name: bool(up) for name, up in labelled(names.CHECK_UP).items()},
        notes=tuple(health["notes"]),
        orders={state: int(count) for state, count in orders.items()},
        unknown_orders=int(samples[(names.UNKNOWN_ORDERS,)]),
        signals_pending=int(samples[(names.SIGNALS_PENDING,)]),
        # Amounts from the report: there they are decimal, a metric is a float.
        positions=dict(health["positions"]),
        unrealized_profit=str(health["unrealizedProfit"]),
        last_reconcile=health["lastReconcile"],
        reconcile_differences=None if differences is None else int(differences),
        config_generation=int(samples[(names.CONFIG_GENERATION,)]),
        config_invalid=bool(samples[(names.CONFIG_INVALID,)]),
        config_hash=str(health[http.CONFIG_HASH]),
        feed_age_seconds=number(names.FEED_AGE_SECONDS),
        loop_lag_seconds=samples[(names.LOOP_LAG_SECONDS,)],
    )


def as_text(status: Status) -> str:
    """Return it for people: one fact a line, what is wrong at the end."""
    s = status
    stopped = f", stopped by {', '.join(s.stopped)}" if s.stopped else ""
    epoch = "" if s.lease_epoch is None else f", epoch {s.lease_epoch}"
    held = "" if s.lease_held or not s.leases else ", none of them long enough to trade"
    failing = [f"{name} FAILS" for name, up in s.checks.items() if not up]
    orders = [f"{count} {state}" for state, count in s.orders.items() if count]
    positions = [f"{symbol} {quantity}" for symbol, quantity in s.positions.items()]
    age = s.feed_age_seconds
    lines = {
        "state": s.state,
        "version": f"{s.version} ({s.color}, {s.environment}, {s.pod})",
        "up": f"{s.uptime_seconds:.0f} s",
        "active": f"{_yes(s.active)}; trading: {_yes(s.trading)}{stopped}",
        "role": s.role,
        "leases": f"{s.leases} held{epoch}{held}" if s.leases else "none held",
        "ledger": s.ledger or "not asked yet",
        "checks": ", ".join([*failing, f"{len(s.checks) - len(failing)} pass"]),
        "positions": ", ".join(positions) or "none",
        "unrealized": f"{s.unrealized_profit} in quote currency",
        "orders": ", ".join(orders) or "none",
        "unknown": f"{s.unknown_orders} orders that only the venue can tell about",
        "signals": f"{s.signals_pending} pending",
        "reconciled": _reconciled(s),
        "config": f"generation {s.config_generation} {s.config_hash}".rstrip()
        + (", and the file is REFUSED" if s.config_invalid else ""),
        "market data": "never seen" if age is None else f"{age:.1f} s old",
        "loop lag": f"{s.loop_lag_seconds * 1000:.0f} ms",
    }
    text = "".join(f"{name:12} {value}\n" for name, value in lines.items())
    text += "".join(f"{'shard ' + str(shard['shard']):12} {_holder(shard)}\n" for shard in s.shards)
    return text + "".join(f"  ! {note}\n" for note in s.notes)


def _holder(shard: Mapping[str, Any]) -> str:
    who = "this pod" if shard["held"] else shard["holder"] or "NOBODY"
    left = f", {shard['secondsLeft']:.1f} s left" if shard["holder"] else ""
    return f"{', '.join(shard['symbols'])}: {who}, epoch {shard['epoch']}{left}"


def _reconciled(status: Status) -> str:
    if status.last_reconcile is None:
        return "never"
    at = datetime.fromisoformat(status.last_reconcile)
    return f"{at:%Y-%m-%d %H:%M:%S} UTC, {status.reconcile_differences or 0} differences"


def _yes(fact: bool) -> str:  # noqa: FBT001 - it is what is said
    return "yes" if fact else "no"


def as_json(status: Status) -> str:
    """Return it for programs."""
    fields = {name: getattr(status, name) for name in Status.__slots__}
    return json.dumps(fields, indent=2) + "\n"


def samples_of(text: str) -> Samples:
    """Read the exposition format.

    Raises:
        ValueError: it is something else.
    """
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def ask(url: str) -> Status:
    """Ask the bot at this address.

    Raises:
        UnreachableError: it did not answer, or something else did.
    """
    try:
        health: object = json.loads(_get(url + http.HEALTH))
        samples = samples_of(_get(url + http.METRICS).decode())
    except (OSError, HTTPException, ValueError) as error:
        why = error.reason if type(error) is urllib.error.URLError else error
        raise UnreachableError(f"{url}: {why}; is the bot running there?") from error
    try:
        return status_of(cast("Mapping[str, Any]", health), samples)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        what = f"{type(error).__name__}: {error}"
        raise UnreachableError(f"{url}: this is no bot of this version ({what})") from error


def _get(url: str) -> bytes:
    # No proxy: what is asked is near, and its address is said in full.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, timeout=TIMEOUT_SECONDS) as answer:
            return answer.read(BODY_BYTES_MAX)
    except urllib.error.HTTPError as error:
        with error:
            if error.code != HTTPStatus.SERVICE_UNAVAILABLE:
                raise
            return error.read(BODY_BYTES_MAX)


def _address(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise argparse.ArgumentTypeError(f"{text!r}: write http://host:port")
    return text.rstrip("/")


def parser(environ: Mapping[str, str]) -> argparse.ArgumentParser:
    """Return the command line's grammar."""
    port = environ.get(env.HTTP_PORT) or http.PORT
    top = argparse.ArgumentParser(prog="bot status", description=DESCRIPTION)
    top.add_argument("--json", action="store_true", help="print JSON")
    top.add_argument(
        "--url",
        type=_address,
        default=f"http://127.0.0.1:{port}",
        help="which bot; default: the one on this machine",
    )
    return top


def main(arguments: Sequence[str], environ: Mapping[str, str]) -> int:
    """Run the command; return 0 when healthy, 3 when degraded, 1 when not or not reachable."""
    chosen = parser(environ).parse_args(arguments)
    try:
        status = ask(chosen.url)
    except UnreachableError as error:
        sys.stderr.write(f"{error}\n")
        return EXIT_UNREACHABLE
    sys.stdout.write(as_json(status) if chosen.json else as_text(status))
    return EXITS.get(status.state, EXIT_UNREACHABLE)
