"""Structured logs: one JSON object a line on standard output, UTC, no secret ever.

The libraries' own logs (uvicorn's above all) and Python's warnings go through the same pipe.
"""

import logging
import sys
from collections.abc import Iterable, Mapping
from typing import TextIO, cast

import structlog
from structlog.types import EventDict, Processor, WrappedLogger

MASK = "***"


class Masker:
    """Replaces secret values wherever they turn up in an event: text, keys, nested values."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._secrets: list[str] = []
        self.hide(secrets)

    def hide(self, secrets: Iterable[str]) -> None:
        """Replace these too, from now on; what was hidden once stays hidden."""
        # The longest first, so that a secret inside another one leaves nothing of it over.
        known = {*self._secrets, *(secret for secret in secrets if secret)}
        self._secrets = sorted(known, key=len, reverse=True)

    def __call__(self, _logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        """Be a structlog processor."""
        if not self._secrets:
            return event
        return {self._text(str(key)): self._any(value) for key, value in event.items()}

    def _any(self, value: object) -> object:
        if value is None or isinstance(value, bool):
            return value
        if isinstance(value, Mapping):
            items = cast("Mapping[object, object]", value).items()
            return {self._text(str(key)): self._any(item) for key, item in items}
        if isinstance(value, (list, tuple, set, frozenset)):
            return [self._any(member) for member in cast("Iterable[object]", value)]
        text = str(value)
        masked = self._text(text)
        return value if masked == text else masked

    def _text(self, text: str) -> str:
        for secret in self._secrets:
            text = text.replace(secret, MASK)
        return text


_masker = Masker()
"""Of this process's one pipe; secrets that are read later are told by `hide`."""


def hide(secrets: Iterable[str]) -> None:
    """Keep these out of all logs from now on."""
    _masker.hide(secrets)


def configure(
    level: str,
    *,
    fields: Mapping[str, str],
    secrets: Iterable[str] = (),
    stream: TextIO | None = None,
) -> None:
    """Send all logs of this process through one pipe. `fields` are stamped on every line."""

    def stamp(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        return {**fields, **event}

    hide(secrets)
    shared: list[Processor] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        stamp,
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            structlog.stdlib.PositionalArgumentsFormatter(),
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
    )
    handler = logging.StreamHandler(stream or sys.stdout)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                _without_color,
                structlog.processors.format_exc_info,
                _masker,
                structlog.processors.JSONRenderer(),
            ],
        )
    )
    logging.getLogger().handlers[:] = [handler]
    set_level(level)
    # Off first: who swapped `warnings.showwarning` meanwhile would keep this from having an effect.
    logging.captureWarnings(capture=False)
    logging.captureWarnings(capture=True)


def set_level(level: str) -> None:
    """Log from this level on: debug, info, warning or error."""
    root = logging.getLogger()
    root.setLevel(level.upper())
    # One line per request is what metrics are for; these two log each.
    for chatty in ("httpx2", "httpcore2"):
        logging.getLogger(chatty).setLevel(max(logging.WARNING, root.level))


def _without_color(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Drop the second copy of the message that uvicorn makes for terminals."""
    event.pop("color_message", None)
    return event
