"""A stack that trades for real: its own database, its own exchange whose record is the oracle."""

import asyncio
import json
import time
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
import httpx2

from bot.authority.lease import ACCOUNT
from bot.contract.color import Color
from bot.contract.intent import Intent
from bot.contract.secrets import DATABASE_URL, SIGNALS_TOKEN, VENUE_API_KEY, VENUE_API_SECRET
from bot.contract.shards import shard_of
from infra import names
from testbed import net
from testbed.venue.events import EVENT, Accepted
from testbed.venue.server import DEFAULT_KEY, DEFAULT_SECRET
from tests.support.bot import SYMBOLS, TOKEN, body
from tests.support.database import empty_database
from tests.support.deployed import deployed
from tests.support.kube import Kube, wait_until
from tests.support.platform import Platform
from tests.support.senders import AGAIN_SECONDS, GIVE_UP_SECONDS, Make, Senders
from tests.support.stack import Stack, two_colors
from tests.support.venue import venue_process

MAX_AGE_SECONDS = 60.0
"""Longer than any pause that these tests make: every signal must be executed."""
FATES_SECONDS = 60.0
PER_SECOND = 20.0
LEASES = ACCOUNT + 1
"""One for each shard, one for the account."""


@dataclass(frozen=True, slots=True)
class Market:
    """A stack, and where the truth about it is."""

    stack: Stack
    kube: Kube
    database_url: str
    venue_url: str

    def senders(
        self,
        name: str,
        *,
        per_second: float = PER_SECOND,
        again_seconds_max: float = AGAIN_SECONDS,
        give_up_seconds: float = GIVE_UP_SECONDS,
        make: Make = body,
    ) -> Senders:
        """Return senders of signals through the live Service."""
        return Senders(
            self.kube.address,
            TOKEN,
            per_second=per_second,
            name=name,
            max_age_seconds=MAX_AGE_SECONDS,
            again_seconds_max=again_seconds_max,
            give_up_seconds=give_up_seconds,
            make=make,
        )

    def record(self) -> list[Accepted]:
        """Return the orders that the exchange accepted, in its order."""
        text = httpx2.get(f"{self.venue_url}/admin/record", trust_env=False).text
        events = [EVENT.validate_json(line) for line in text.splitlines()]
        return [event for event in events if isinstance(event, Accepted)]

    def query(self, sql: str, *parameters: object) -> list[dict[str, Any]]:
        """Return rows of the ledger."""

        async def ask() -> list[dict[str, Any]]:
            connection = await asyncpg.connect(self.database_url)
            try:
                return [dict(row) for row in await connection.fetch(sql, *parameters)]
            finally:
                await connection.close()

        return asyncio.run(ask())

    def holders(self) -> dict[str, str]:
        """Return who holds the lease of each symbol."""
        shards = {shard_of(symbol): symbol for symbol in SYMBOLS}
        sql = "SELECT lease, holder FROM leases WHERE holder IS NOT NULL AND expires_at > $1"
        rows = self.query(sql, time.time())
        return {shards[r["lease"]]: r["holder"] for r in rows if r["lease"] in shards}

    def trades_since(self, color: Color, moment: float) -> float | None:
        """Return when pods of a color first decided an order after a moment; None: not yet."""
        rows = self.query(
            "SELECT min(decided_at) AS at FROM orders WHERE decided_at > $1 AND holder LIKE $2",
            moment,
            f"bot-{color}-%",
        )
        return rows[0]["at"]

    def turn_to(self, color: Color) -> float:
        """Move all shards by the intent alone, at Pulumi's back; return when that was asked for.

        Raises:
            AssertionError: the other color does not hold everything in time.
        """
        asked = time.time()
        data = json.dumps({"data": Intent(color).to_data()})
        self.kube.kubectl("patch", "configmap", names.INTENT, "--type=merge", "-p", data)
        self.wait_all_held(color)
        return asked

    def wait_all_held(self, color: Color) -> None:
        """Wait until this color holds every lease."""

        def all_held() -> bool:
            (row,) = self.query(
                "SELECT count(*) AS n FROM leases WHERE color = $1 AND holder IS NOT NULL", color
            )
            return row["n"] == LEASES

        wait_until(f"{color} holds everything", all_held)

    def positions(self) -> dict[str, tuple[str, str]]:
        """Return quantity and fees paid so far, by symbol, as the ledger has them."""
        rows = self.query("SELECT symbol, quantity, fees_quote FROM positions ORDER BY symbol")
        return {
            row["symbol"]: (f"{row['quantity'].normalize()}", f"{row['fees_quote'].normalize()}")
            for row in rows
        }

    def judge(self, accepted: Iterable[str]) -> list[str]:
        """Return every promise about these signals that was broken, in words."""
        sent = sorted(accepted)
        assert sent, "no signal was accepted"
        fates = self._fates(sent)
        record = self.record()
        ledger = {row["order_id"]: row for row in self.query("SELECT * FROM orders")}
        return [
            *(f"{n}: {fates[n]}, not executed" for n in sent if fates[n] != "executed"),
            *_doubles(record, ledger, set(sent)),
            *_epochs(record, ledger),
        ]

    def _fates(self, signals: list[str]) -> dict[str, str | None]:
        end = time.monotonic() + FATES_SECONDS
        while True:
            rows = self.query(
                "SELECT signal_id, fate FROM signals WHERE signal_id = ANY($1)", signals
            )
            fates: dict[str, str | None] = dict.fromkeys(signals)
            fates |= {row["signal_id"]: row["fate"] for row in rows}
            if all(fates.values()) or time.monotonic() > end:
                return fates
            time.sleep(0.2)


def _doubles(
    record: list[Accepted], ledger: dict[str, dict[str, Any]], names: set[str]
) -> list[str]:
    times = dict.fromkeys(names, 0)
    broken: list[str] = []
    for event in record:
        row = ledger.get(event.client_id)
        if row is None:
            broken.append(f"{event.client_id}: at the exchange, and not in the ledger")
        elif row["signal_id"] in times:
            times[row["signal_id"]] += 1
    return broken + [f"{name}: executed {n} times" for name, n in times.items() if n != 1]


def _epochs(record: list[Accepted], ledger: dict[str, dict[str, Any]]) -> list[str]:
    """Hold the record against the rule: in a shard, the epoch of accepted orders never falls."""
    newest: dict[int, tuple[int, str]] = {}
    broken: list[str] = []
    for event in record:
        row = ledger.get(event.client_id)
        if row is None:
            continue
        epoch, holder = newest.get(row["shard"], (0, ""))
        if row["epoch"] < epoch or (row["epoch"] == epoch and row["holder"] != holder):
            broken.append(
                f"{event.client_id}: epoch {row['epoch']} of {row['holder']} was accepted after"
                f" epoch {epoch} of {holder}"
            )
        newest[row["shard"]] = (row["epoch"], row["holder"])
    return broken


@contextmanager
def trading_stack(
    name: str, image: str, folder: Path, platform: Platform, **more: object
) -> Generator[Market]:
    """Deploy a stack of two colors that trades, and take it away again."""
    with empty_database() as database_url, venue_process(net.NODE_ADDRESS) as venue_url:
        created = Stack.create(name, folder, platform)
        secrets = {
            DATABASE_URL: database_url,
            SIGNALS_TOKEN: TOKEN,
            VENUE_API_KEY: DEFAULT_KEY,
            VENUE_API_SECRET: DEFAULT_SECRET,
        }
        config = two_colors(
            image,
            platform,
            apiEndpoint=venue_url,
            symbols=list(SYMBOLS),
            strategy="none",
            maxOrdersPerMinute=6000,
            maxPositionSize="10000000",
            riskLimitPct="100",
            dailyLossLimitPct="100",
            venueLagSeconds="0.5",
            allowShort=True,
            **more,
        )
        with deployed(created, config, secrets) as stack:
            yield Market(stack, Kube.of(stack), database_url, venue_url)
