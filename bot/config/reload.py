"""The reloaded configuration: a valid new content takes effect, an invalid one raises an alarm.

A pod sees it twice: a watch of the ConfigMap tells it at once (`show`, `refuse`, `confirm`, `fail`:
the words of `bot.kubernetes`), and the mounted file follows within a minute or two.
`bot.config.newest` says which one counts; without a watch it is the file.

It reads the file every few milliseconds instead of asking the kernel for changes: a content of a
few hundred bytes costs microseconds, and no swap of a symlink, no editor and no file system can
hide a change from it. A content counts once it was seen twice, so a half-written one never does.
"""

import asyncio
import os
import stat
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import structlog

from bot.config.newest import Newest
from bot.config.reloadable import Content, Reloadable, ReloadError, parse, raised, unacknowledged
from bot.contract.reloadable import CONFIG_BYTES_MAX, CONFIG_FILE, content_hash

POLL_SECONDS = 0.08
AIM_SECONDS = 0.2
"""How long after it was written a content is in effect."""
assert 2 * POLL_SECONDS < AIM_SECONDS  # noqa: S101 - it is looked at twice

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
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self.current = start if folder is None else replace(start, read_only=True)
        self.generation = 0
        """How many contents took effect in this process."""
        self.content_hash = ""
        """Of the content in effect; the same in all pods that run on it."""
        self.invalid: str | None = None
        """What is wrong with the newest content."""
        self.refused_hash = ""
        """Of the newest content, while it is refused."""
        self.watch_error: str | None = None
        """Why the ConfigMap cannot be watched, while that lasts; the file alone counts then."""
        self._file = None if folder is None else folder / CONFIG_FILE
        self._start = start
        self._production = production
        self._on_change = on_change
        self._now = now
        self._newest = Newest()
        self._generation: str = ""
        self._gap: bool = True
        """Whether editions may have gone unseen since the watch showed one."""
        self._taken: Content | None = None
        self._judged: Seen | None = None
        self._last: Seen | None = None

    def start(self) -> None:
        """Read the file once, before anything trades; blocks as long as the disk does."""
        if self._file is not None:
            seen = self._last = read(self._file)
            self._newest.file_counts(seen, self._now())
            self._judge(seen)

    async def run(self) -> None:
        """Look until cancelled."""
        if self._file is None:
            await asyncio.Event().wait()
            return
        while True:
            self.look(await asyncio.to_thread(read, self._file))
            await asyncio.sleep(POLL_SECONDS)

    def look(self, seen: Seen) -> None:
        """Take or refuse what was seen, once it was seen twice in a row and is the newest."""
        settled = seen == self._last
        self._last = seen
        if settled and self._newest.file_counts(seen, self._now()) and seen != self._judged:
            self._judge(seen)

    def show(self, data: Mapping[str, str], generation: str) -> None:
        """Take or refuse what the ConfigMap says now."""
        text = data.get(CONFIG_FILE)
        if text is None:
            self.refuse(f"{CONFIG_FILE}: is not in the ConfigMap", generation)
        else:
            self._watched(sized(text.encode()), generation)

    def refuse(self, reason: str, generation: str) -> None:
        """Keep the configuration in effect: there is no other one."""
        self._watched(Seen(None, reason), generation)

    def confirm(self) -> None:
        """Note that nothing changed."""
        if self.watch_error:
            _log.info("configuration is watched again")
        self.watch_error = None
        self._newest.confirmed(self._now())

    def fail(self, reason: str) -> None:
        """Rely on the file until the ConfigMap can be watched again."""
        if reason != self.watch_error:
            _log.warning("configuration cannot be watched, the file counts", reason=reason)
        self.watch_error = reason
        self._gap = True

    def _watched(self, seen: Seen, generation: str) -> None:
        self.confirm()
        gap = self._gap and generation != self._generation
        self._gap, self._generation = False, generation
        self._newest.watched(seen, self._now(), gap=gap)
        if seen != self._judged:
            self._judge(seen)

    def _judge(self, seen: Seen) -> None:
        self._judged = seen
        try:
            content = self._accepted(seen)
        except ReloadError as error:
            self.invalid = str(error)
            self.refused_hash = "" if seen.raw is None else content_hash(seen.raw)
            _log.error(
                "configuration refused, the old one stays",
                errors=error.errors,
                generation=self.generation,
            )
            return
        self.invalid = None
        self.refused_hash = ""
        hashed = content_hash(seen.raw or b"")
        if hashed != self.content_hash:
            self._take(content, hashed)

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

    def _take(self, content: Content, hashed: str) -> None:
        self._taken = content
        self.content_hash = hashed
        self.generation += 1
        self.current = content.values
        word = content.acknowledgement
        _log.info(
            "configuration in effect",
            generation=self.generation,
            content_hash=hashed,
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
    return sized(raw)


def sized(raw: bytes) -> Seen:
    """Return the content, unless it is larger than any that is meant."""
    if len(raw) > CONFIG_BYTES_MAX:
        return Seen(None, f"{CONFIG_FILE}: larger than {CONFIG_BYTES_MAX} bytes; write one object")
    return Seen(raw)
