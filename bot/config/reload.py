"""Watches the reloaded file: a valid new content takes effect, an invalid one raises an alarm.

It reads the file every few milliseconds instead of asking the kernel for changes: a content of a
few hundred bytes costs microseconds, and no swap of a symlink, no editor and no file system can
hide a change from it. A content counts once it was seen twice, so a half-written one never does.
"""

import asyncio
import hashlib
import os
import stat
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import structlog

from bot.config.reloadable import Content, Reloadable, ReloadError, parse, raised, unacknowledged
from bot.contract.reloadable import CONFIG_BYTES_MAX, CONFIG_FILE

POLL_SECONDS = 0.08
AIM_SECONDS = 0.2
"""How long after it was written a content is in effect."""
assert 2 * POLL_SECONDS < AIM_SECONDS  # noqa: S101 - it is looked at twice

HASH_CHARACTERS = 16

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Seen:
    """What one look found: a content, or why there is none."""

    raw: bytes | None
    error: str = ""


class Reload:
    """The configuration in effect, and the alarm while the file holds something else.

    Until the file was valid once, the start values hold with `read_only` on: it may have been about
    to switch trading off. Without a folder the start values hold as they are.
    """

    def __init__(
        self,
        folder: Path | None,
        start: Reloadable,
        *,
        production: bool,
        on_change: Callable[[Reloadable], None],
    ) -> None:
        self.current = start if folder is None else replace(start, read_only=True)
        self.generation = 0
        """How many contents took effect in this process."""
        self.content_hash = ""
        """Of the content in effect; the same in all pods that run on it."""
        self.invalid: str | None = None
        """What is wrong with what the file holds now."""
        self._file = None if folder is None else folder / CONFIG_FILE
        self._start = start
        self._production = production
        self._on_change = on_change
        self._taken: Content | None = None
        self._judged: Seen | None = None
        self._last: Seen | None = None

    def start(self) -> None:
        """Read the file once, before anything trades; blocks as long as the disk does."""
        if self._file is not None:
            self._judge(read(self._file))

    async def run(self) -> None:
        """Look until cancelled."""
        if self._file is None:
            await asyncio.Event().wait()
            return
        while True:
            self.look(await asyncio.to_thread(read, self._file))
            await asyncio.sleep(POLL_SECONDS)

    def look(self, seen: Seen) -> None:
        """Take or refuse what was seen, once it was seen twice in a row."""
        settled = seen == self._last
        self._last = seen
        if settled and seen != self._judged:
            self._judge(seen)

    def _judge(self, seen: Seen) -> None:
        self._judged = seen
        try:
            content = self._accepted(seen)
        except ReloadError as error:
            self.invalid = str(error)
            _log.error(
                "configuration refused, the old one stays",
                file=str(self._file),
                errors=error.errors,
                generation=self.generation,
            )
            return
        self.invalid = None
        content_hash = hashlib.sha256(seen.raw or b"").hexdigest()[:HASH_CHARACTERS]
        if content_hash != self.content_hash:
            self._take(content, content_hash)

    def _accepted(self, seen: Seen) -> Content:
        if seen.raw is None:
            raise ReloadError([seen.error])
        content = parse(seen.raw, self._start)
        if self._production:
            before = self._taken or Content(self._start)
            rises = raised(before.values, content.values)
            word = content.acknowledgement
            if lines := unacknowledged(rises, word, before.acknowledgement):
                raise ReloadError(lines)
        return content

    def _take(self, content: Content, content_hash: str) -> None:
        self._taken = content
        self.content_hash = content_hash
        self.generation += 1
        self.current = content.values
        word = content.acknowledgement
        _log.info(
            "configuration in effect",
            generation=self.generation,
            content_hash=content_hash,
            acknowledged_by=word.by if word else None,
            acknowledged_reason=word.reason if word else None,
        )
        self._on_change(content.values)


def read(file: Path) -> Seen:
    """Return the file's content, or why it is not available. Never blocks on a pipe."""
    try:
        descriptor = os.open(file, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                return Seen(None, f"{file.name}: is not a file; write one JSON object there")
            raw = os.read(descriptor, CONFIG_BYTES_MAX + 1)
        finally:
            os.close(descriptor)
    except OSError as error:
        why = error.strerror or type(error).__name__
        return Seen(None, f"{file.name}: {why}; it must be there, readable by the bot's user")
    if len(raw) > CONFIG_BYTES_MAX:
        return Seen(None, f"{file.name}: larger than {CONFIG_BYTES_MAX} bytes; write one object")
    return Seen(raw)
