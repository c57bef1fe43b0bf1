"""Start-up as a check: which step it is in, and whether its time is over."""

from dataclasses import dataclass

import structlog

from bot.process.clock import Clock

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class StartupState:
    """One moment of a start."""

    done: bool
    step: str
    """What it is doing, in words; empty when done."""
    late: bool
    """Whether it took longer than it may."""
    elapsed_seconds: float
    """Up to now, or up to its end."""
    limit_seconds: float
    problem: str = ""
    """What went wrong in this step, while it is tried again."""
    critical: bool = True

    @property
    def reason(self) -> str:
        """Say why it is not done; empty when it is."""
        if self.done:
            return ""
        late = f", longer than {self.limit_seconds:g} s" if self.late else ""
        problem = f": {self.problem}" if self.problem else ""
        return f"{self.step} ({self.elapsed_seconds:.1f} s{late}){problem}"


class Startup:
    """Told by who starts the parts; read by the probes."""

    def __init__(self, limit_seconds: float, clock: Clock, *, critical: bool = True) -> None:
        self._limit_seconds = limit_seconds
        self._clock = clock
        self._critical = critical
        self._begun_at = clock.monotonic()
        self._ended_at: float | None = None
        self._step = "starting"
        self._problem = ""

    def step(self, text: str) -> None:
        """Enter the next step, such as `restoring the ledger`."""
        self._step, self._problem = text, ""
        _log.info("start-up", step=text, seconds=round(self.state().elapsed_seconds, 3))

    def trouble(self, problem: str) -> None:
        """Say what went wrong in this step, which is tried again."""
        self._problem = problem

    def done(self) -> None:
        """End the start: from now on the check passes."""
        if self._ended_at is None:
            self._ended_at = self._clock.monotonic()

    def state(self) -> StartupState:
        """Return this moment. Pure read."""
        done = self._ended_at is not None
        until = self._clock.monotonic() if self._ended_at is None else self._ended_at
        elapsed = until - self._begun_at
        return StartupState(
            done=done,
            step="" if done else self._step,
            late=not done and elapsed > self._limit_seconds,
            elapsed_seconds=elapsed,
            limit_seconds=self._limit_seconds,
            problem=self._problem,
            critical=self._critical,
        )
