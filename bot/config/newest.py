"""Which of two views of one ConfigMap is newer: what the API shows, or the mounted file. Pure.

The API is the truth, and each of its watches shows every edition in order. The file shows the same
editions, but late and with some left out, at most FILE_LAG_SECONDS behind. So while the API is
ahead, a file that changes only follows; it counts once it has reached all that the API has shown.
Contents may repeat (a switch goes on and off again), so "seen before" does not mean "old".
"""

from dataclasses import dataclass

FILE_LAG_SECONDS = 150.0
"""The longest that a mounted file lags: a kubelet's period (60 s, up to half more) and its cache
(60 s)."""
FOLLOWED_SECONDS = 15.0
"""How long after its last word the API counts as followed: longer than a watch and the next one."""


@dataclass(slots=True)
class _Edition:
    content: object
    shown_at: float


class Newest:
    """Keeps the editions that the API has shown and the file has not reached yet.

    Contents are compared and not looked at. `now` is in seconds, on a clock that only rises.
    """

    def __init__(self) -> None:
        self._ahead: list[_Edition] = []
        self._watched: object = None
        self._file: object = None
        self._confirmed_at = 0.0
        self._gap_at: float | None = None
        """When the API last showed something that editions may have come before, unseen."""

    def watched(self, content: object, now: float, *, gap: bool) -> None:
        """The API shows this content.

        Args:
            content: what it shows; never None.
            now: when.
            gap: whether editions before it may have gone unseen.
        """
        self._confirmed_at = now
        file_was_first = not self._ahead and content == self._file
        if gap:
            self._gap_at = now
        if gap or (content != self._watched and not file_was_first):
            self._ahead.append(_Edition(content, now))
        self._watched = content

    def confirmed(self, now: float) -> None:
        """The API still shows what it showed last."""
        self._confirmed_at = now

    def file_counts(self, content: object, now: float) -> bool:
        """Return whether the file, which shows this content now, is as new as the API's view."""
        changed = content != self._file
        self._file = content
        if changed and (self._gap_at is None or now - self._gap_at >= FILE_LAG_SECONDS):
            self._reach(content)
        self._expire(content, now)
        return not self._ahead

    def _reach(self, content: object) -> None:
        """Leave out what the file has reached: it has moved on, and the first equal is the least.

        After a gap this does not hold: the file may show one that the API did not show.
        """
        for index, edition in enumerate(self._ahead):
            if edition.content == content:
                del self._ahead[: index + 1]
                return

    def _expire(self, content: object, now: float) -> None:
        """Leave out what the file must have reached by now.

        A file that still shows something else than the last one is of a node in trouble: it does
        not count against an API that is followed.
        """
        followed = now - self._confirmed_at < FOLLOWED_SECONDS
        late = now - FILE_LAG_SECONDS
        while self._ahead and self._ahead[0].shown_at <= late:
            last = len(self._ahead) == 1
            if last and followed and content != self._ahead[0].content:
                return
            del self._ahead[0]
