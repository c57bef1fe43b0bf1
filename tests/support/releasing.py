"""Releases on a stack that trades: `release` as people run it, under signals and load.

What a release took is told by three records that know nothing of each other: the release's journal,
the load's rows, and the exchange.
"""

import asyncio
import json
import sys
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from bot.contract.color import Color
from release.adapters.journal_sqlite import SqliteJournal
from release.assembly import FOLDER
from tests.support.checkout import ROOT
from tests.support.kube import wait_until
from tests.support.market import Market
from tests.support.prober.rows import Row
from tests.support.process import Done, Shell, Started
from tests.support.senders import Senders
from tests.support.traffic import Prober

PATIENCE_SECONDS = 240.0
LOAD: Mapping[str, float] = {"new_rate": 50, "lanes": 2, "lane_rate": 10}
"""Little beside that of a swap: the release itself has to run on this machine, too."""
SIGNALS = 10.0
AGAIN_SECONDS_MAX = 4.0
"""Who tries a version again and again that refuses everything must not be what breaks it."""
GIVE_UP_SECONDS = 240.0
"""Longer than any bad version is in charge: every signal must be accepted in the end."""
SHORT: Mapping[str, object] = {
    "bakeSeconds": 6,
    "stepSeconds": 4,
    "applyAttempts": 1,
    "deadlines.preflight": 10,
    "deadlines.verification": 45,
}
"""Of the stack config's `release:…`: a release that takes a minute."""
SOON: Mapping[str, object] = {"rolloutSeconds": 60, "resources": {"cpuRequest": "80m"}}
"""Of the stack config: who will not come is not waited for long; more stacks find room."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a release's journal."""

    at: float
    """Seconds since 1970."""
    kind: str
    data: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Releases:
    """The command, beside a market's stack config."""

    market: Market

    def configure(self, **keys: object) -> None:
        """Set keys `release:…`."""
        for key, value in keys.items():
            words = ("config", "set", "--path", f"release:{key}", "--", str(value))
            self.market.stack.pulumi(*words)

    def start(self, *words: str) -> Started:
        """Start a command and do not wait."""
        shell = self.market.stack.shell
        env = {**shell.env, "PYTHONPATH": str(ROOT)}
        command = (sys.executable, "-m", "release", *words, "--stack", self.market.stack.name)
        return Shell(shell.folder, env).start(*command)

    def run(self, *words: str, code: int = 0) -> Done:
        """Run a command to its end.

        Raises:
            AssertionError: it ended with another code.
        """
        return ended(self.start(*words), code)

    def json(self, *words: str) -> Any:  # noqa: ANN401 - whatever the command prints
        """Return what a command prints."""
        return json.loads(self.run(*words, "--json").output)

    def wait_phase(self, phase: str) -> None:
        """Wait until the last release is there."""
        wait_until(f"the release is {phase}", lambda: self._phase() == phase, seconds=120)

    def _phase(self) -> str:
        done = self.start("status", "--json").finish(check=False)
        return str(json.loads(done.output)["phase"]) if done.code == 0 else ""

    def journal(self) -> list[Entry]:
        """Return the last release's journal, as the command tells it."""
        records = map(json.loads, self.run("logs", "--json").output.splitlines())
        return [
            Entry(datetime.fromisoformat(r["at"]).timestamp(), r["kind"], r["data"])
            for r in records
        ]

    def entries(self) -> list[Entry]:
        """Return the journal of all releases, read where it is kept: in no time."""
        stack = self.market.stack
        journal = SqliteJournal(stack.shell.folder / FOLDER / "journal.sqlite", stack.name)
        records = asyncio.run(journal.read(after=0))
        return [Entry(r.at.timestamp(), r.kind, r.data) for r in records]


def ended(started: Started, code: int) -> Done:
    """Wait for the end of a command.

    Raises:
        AssertionError: it ended with another code.
    """
    done = started.finish(check=False, patience_seconds=PATIENCE_SECONDS)
    assert done.code == code, f"$ {done.command}\n{done.text}\nexit code {done.code}, not {code}"
    return done


@dataclass
class Pressure:
    """What is sent to the live Service as long as a `with` block lasts; rows when it is over."""

    senders: Senders
    rows: list[Row] = field(default_factory=list[Row])
    """Times on the wall clock."""
    void: bool = False
    """Whether the prober itself was late: then a loss may be its own."""

    @property
    def lost(self) -> list[Row]:
        """HTTP requests without a valid answer."""
        return [row for row in self.rows if row.lost]

    def lost_outside(self, begin: float, end: float) -> list[Row]:
        """Return those that were neither due nor done between these times."""
        return [row for row in self.lost if row.done < begin or row.due > end]

    def moved(self, color: Color, since: float) -> float:
        """Return when new requests went to this color for good, after a time."""
        others = [r.due for r in self.rows if r.lane is None and r.color is not color]
        last = max((due for due in others if due > since), default=since)
        return min(r.done for r in self.rows if r.lane is None and r.due > last)


@contextmanager
def pressure(market: Market, folder: Path, name: str) -> Generator[Pressure]:
    """Send signals, and requests that change nothing."""
    with (
        Prober(market.kube.address(), folder, **LOAD) as prober,
        market.senders(
            name,
            per_second=SIGNALS,
            again_seconds_max=AGAIN_SECONDS_MAX,
            give_up_seconds=GIVE_UP_SECONDS,
        ) as senders,
    ):
        made = Pressure(senders)
        yield made
        traffic = prober.stop()
    ahead = time.time() - time.monotonic()
    made.void = traffic.void
    made.rows += [_on_the_wall(row, ahead) for row in traffic.rows]


def _on_the_wall(row: Row, ahead: float) -> Row:
    return row._replace(due=row.due + ahead, sent=row.sent + ahead, done=row.done + ahead)
