"""The last good intent, and how far it can be trusted.

A source that fails, or that holds something else than an intent, changes nothing about who trades:
the last good intent stays, and an alarm says so.
"""

from collections.abc import Callable, Mapping
from typing import Protocol

import structlog

from bot.contract.color import Color
from bot.contract.intent import Intent, IntentError
from bot.process.clock import Clock

_log = structlog.get_logger(__name__)


class IntentState:
    """Written by one source, read by everything else."""

    def __init__(self, color: Color, clock: Clock) -> None:
        self.intent: Intent | None = None
        self.generation: str | None = None
        """Which edition the source showed last, in the source's own words."""
        self.invalid: str | None = None
        """Why what the source holds is no intent, while that lasts."""
        self.source_error: str | None = None
        """Why the source cannot be read, while that lasts."""
        self.changes = 0
        self.source_errors = 0
        self.confirmed_at: float | None = None
        self._color = color
        self._clock = clock
        self._watchers: list[Callable[[], None]] = []

    def watch(self, changed: Callable[[], None]) -> None:
        """Call this after each new edition of the intent: who shall give up does so at once."""
        self._watchers.append(changed)

    @property
    def active(self) -> bool:
        """Whether the intent names this pod's color."""
        return self.intent is not None and self.intent.active_color is self._color

    @property
    def age_seconds(self) -> float | None:
        """Seconds since the source last confirmed the intent."""
        if self.confirmed_at is None:
            return None
        return max(0.0, self._clock.monotonic() - self.confirmed_at)

    def show(self, data: Mapping[str, str], generation: str) -> None:
        """Take what the source holds now."""
        self.confirm()
        try:
            intent = Intent.from_data(data)
        except IntentError as error:
            self.refuse(str(error), generation)
            return
        if self.invalid:
            _log.info("intent is valid again", generation=generation)
        self.invalid = None
        self.generation = generation
        if intent != self.intent:
            self._change(intent, generation)
        for changed in self._watchers:
            changed()

    def _change(self, intent: Intent, generation: str) -> None:
        first = self.intent is None
        self.intent = intent
        self.changes += not first
        _log.info(
            "intent seen" if first else "intent changed",
            active_color=intent.active_color.value,
            canary_percent=intent.canary_percent,
            ledger=intent.ledger,
            generation=generation,
        )

    def refuse(self, reason: str, generation: str) -> None:
        """Keep the last good intent: what the source holds is none."""
        self.confirm()
        if reason != self.invalid:
            _log.error("intent is invalid, the last good one stays", reason=reason, at=generation)
        self.invalid = reason

    def confirm(self) -> None:
        """Note that the source was reached and nothing changed."""
        if self.source_error:
            _log.info("intent source is back")
        self.source_error = None
        self.confirmed_at = self._clock.monotonic()

    def fail(self, reason: str) -> None:
        """Keep the last good intent: the source cannot be read."""
        self.source_errors += 1
        if reason != self.source_error:
            _log.warning("intent source failed, the last good intent stays", reason=reason)
        self.source_error = reason


class IntentSource(Protocol):
    """Where the intent comes from."""

    async def run(self, state: IntentState, /) -> None:
        """Keep the state up to date until cancelled. Errors of the source go into the state."""
        ...
