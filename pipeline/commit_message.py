"""What a commit message must have beside the form that `cz check` knows. Pure."""

import re
from collections.abc import Iterator

SUBJECT_LETTERS = 72
LARGE_LINES = 50
"""From here on a subject does not say why; people ask for it later."""
_NEEDS_WHY = re.compile(r"(feat|fix|refactor)[(!:]")
_SCISSORS = re.compile(r"^# -+ >8 -+$.*", re.MULTILINE | re.DOTALL)
_TRAILER = re.compile(r"[A-Z][\w-]*: \S")


def problems(message: str, changed_lines: int) -> Iterator[str]:
    """Yield what to change, each as a sentence.

    Args:
        message: as the editor leaves it, comments of git included.
        changed_lines: added and removed ones of the commit.
    """
    kept = [line for line in _SCISSORS.sub("", message).splitlines() if not line.startswith("#")]
    subject, *rest = "\n".join(kept).strip().splitlines() or [""]
    if len(subject) > SUBJECT_LETTERS:
        yield f"The subject has {len(subject)} letters: write at most {SUBJECT_LETTERS}."
    if rest and rest[0].strip():
        yield "Leave the line after the subject empty."
    body = [line for line in rest if line.strip() and not _TRAILER.match(line)]
    if changed_lines > LARGE_LINES and _NEEDS_WHY.match(subject) and not body:
        yield f"The commit changes {changed_lines} lines: say why in a body, after an empty line."


def changed_lines(numstat: str) -> int:
    """Return how many lines `git diff --numstat` says were added and removed."""
    counts = (row.split("\t")[:2] for row in numstat.splitlines())
    return sum(int(count) for pair in counts for count in pair if count.isdecimal())
