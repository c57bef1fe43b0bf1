"""What the engine's events and errors say, in lines for people."""

import re
import threading
from collections.abc import Callable

from pulumi.automation import CommandError, OpType
from pulumi.automation.events import DiagnosticEvent, EngineEvent, StepEventMetadata

_COLORS = re.compile(r"<\{%[^%]*%\}>|\x1b\[[0-9;]*m")
_STDERR = re.compile(r"^ stderr: ", re.MULTILINE)
_ERROR_CHARACTERS = 4000
_QUIET = frozenset({OpType.SAME, OpType.READ, OpType.REFRESH})
_DONE = {
    OpType.CREATE: "created",
    OpType.UPDATE: "updated",
    OpType.DELETE: "deleted",
    OpType.REPLACE: "replaced",
    OpType.CREATE_REPLACEMENT: "created anew",
    OpType.DELETE_REPLACED: "deleted what was replaced",
}
_TOLD = ("error", "warning", "info", "info#err")


class Listener:
    """Hears one `up`: a line for each thing done, and the errors for the end. Thread-safe."""

    def __init__(self, say: Callable[[str], object]) -> None:
        self.say = say
        self._lock = threading.Lock()
        self._errors: list[str] = []

    def hear(self, event: EngineEvent) -> None:
        """Take in one event."""
        if event.diagnostic_event is not None:
            self._diagnosed(event.diagnostic_event)
        elif event.res_outputs_event is not None:
            self._stepped(event.res_outputs_event.metadata, "")
        elif event.res_op_failed_event is not None:
            self._stepped(event.res_op_failed_event.metadata, "failed: ")

    def errors(self) -> str:
        """Return all errors so far, each once."""
        with self._lock:
            return "\n".join(dict.fromkeys(self._errors))[-_ERROR_CHARACTERS:]

    def _diagnosed(self, event: DiagnosticEvent) -> None:
        text = plain(event.message)
        if not text or event.ephemeral or event.severity not in _TOLD:
            return
        if event.severity == "error":
            with self._lock:
                self._errors.append(text)
        # The rest of a warning is advice for somebody who sits before it.
        lines = text.splitlines()
        for line in lines if event.severity == "error" else lines[:1]:
            self.say(line)

    def _stepped(self, step: StepEventMetadata, prefix: str) -> None:
        if step.op in _QUIET or "::pulumi:" in step.urn:
            return
        kind, _, name = step.urn.rpartition("::")
        done = step.op.value if prefix else _DONE.get(step.op, step.op.value)
        self.say(f"{prefix}{kind.rpartition(':')[2]} {name} {done}")


def plain(text: str) -> str:
    """Return a text without the engine's color marks."""
    return _COLORS.sub("", text).strip()


def words_of(error: Exception) -> str:
    """Return what a failed command said, without what only a programmer wants."""
    text = str(error)
    if isinstance(error, CommandError):
        text = _STDERR.split(text)[-1].strip() or text
    return plain(text)[-_ERROR_CHARACTERS:]
