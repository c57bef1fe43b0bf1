"""Starts the prober as a process of its own, and reads what it recorded."""

import json
import signal
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.support.checkout import ROOT
from tests.support.prober.rows import Row, load
from tests.support.prober.summary import Verdict
from tests.support.process import Shell, Started

_ENDING_SECONDS = 30


@dataclass(frozen=True, slots=True)
class Traffic:
    """What a run of the prober saw. Times are those of the machine's monotonic clock."""

    report: Mapping[str, Any]
    rows: Sequence[Row] = field(repr=False)

    @property
    def void(self) -> bool:
        """Whether the prober itself was late: then it proves nothing."""
        return self.report["verdict"] == Verdict.VOID

    def lost(self, kind: str) -> int:
        """Return the losses of a kind, `new` or `kept`."""
        return int(self.report[kind]["lost"])


class Prober:
    """Load on one address, for as long as the `with` block lasts."""

    def __init__(self, address: tuple[str, int], folder: Path, **plan: float) -> None:
        host, port = address
        options = (f"--{key.replace('_', '-')}={value}" for key, value in plan.items())
        self._rows = folder / "rows.jsonl"
        python = (sys.executable, "-m", "tests.support.prober", host, str(port))
        self._words = (*python, f"--rows={self._rows}", *options)
        self._shell = Shell(ROOT, {})
        self._started: Started | None = None

    def __enter__(self) -> Self:
        """Start, and wait until it sends."""
        self._started = self._shell.start(*self._words)
        assert self._started.process.stdout is not None
        assert "started" in self._started.process.stdout.readline(), self._started.finish().text
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End it, if `stop` was not reached."""
        if self._started is not None and self._started.process.poll() is None:
            self._started.process.kill()
            self._started.finish(check=False)

    def stop(self) -> Traffic:
        """Let it end in order, and read what it saw."""
        assert self._started is not None
        self._started.process.send_signal(signal.SIGTERM)
        done = self._started.finish(check=False, patience_seconds=_ENDING_SECONDS)
        assert done.output, f"the prober printed no summary: {done.text}"
        return Traffic(json.loads(done.output), load(self._rows))
