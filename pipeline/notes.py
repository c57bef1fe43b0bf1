"""One comment under a pull request, one issue for each stack that has drifted or cannot be asked.

Each is found again by the marker in its first line, and changed instead of written again.
"""

from collections.abc import Mapping, Sequence
from enum import IntEnum

from pipeline.forge import Forge, Item

LETTERS_MAX = 65_536
"""What the forge takes in one comment."""
COMMENT_MARKER = "<!-- bot-handover:previews -->"
DRIFT_LABEL = "drift"
_DRIFT_MARKER = "<!-- bot-handover:drift:{stack} -->"
_OPEN = "issues?state=open&labels=" + DRIFT_LABEL + "&per_page=100"
_NO_PREVIEW = "### {stack}: no preview was made; the log of its job says why\n"


class TooLongError(ValueError):
    """The forge would not take it."""


class Drift(IntEnum):
    """What a check has found; the values are the exit codes of `infra-review`."""

    NONE = 0
    UNKNOWN = 1
    DETECTED = 3


_TITLES = {
    Drift.UNKNOWN: "{stack}: nobody knows whether the cluster differs from git",
    Drift.DETECTED: "{stack}: the cluster differs from git",
}


def find(notes: Sequence[Item], marker: str) -> Item | None:
    """Return the oldest note with this marker, or None."""
    ours = [note for note in notes if str(note.get("body") or "").startswith(marker)]
    return min(ours, key=lambda note: int(note["id"]), default=None)


def joined(reviews: Mapping[str, str | None]) -> str:
    """Return the one comment for all stacks.

    Args:
        reviews: the text of each stack; None where none could be made.

    Raises:
        TooLongError: together they are more than the forge takes.
    """
    texts = [text or _NO_PREVIEW.format(stack=stack) for stack, text in reviews.items()]
    whole = "\n".join([COMMENT_MARKER, *texts])
    if len(whole) > LETTERS_MAX:
        reason = f"{len(whole)} letters, and a comment has at most {LETTERS_MAX}"
        raise TooLongError(f"the reviews have {reason}: `make preview LIMIT=…` makes each shorter")
    return whole


def comment(forge: Forge, number: int, text: str) -> str:
    """Make or update the one comment of a pull request; return what was done."""
    comment = find(forge.pages(f"issues/{number}/comments?per_page=100"), COMMENT_MARKER)
    if comment is None:
        forge.write("POST", f"issues/{number}/comments", {"body": text})
        return "made"
    if comment["body"] == text:
        return "left as it is"
    forge.write("PATCH", f"issues/comments/{comment['id']}", {"body": text})
    return "updated"


def issue(forge: Forge, stack: str, drift: Drift, text: str) -> str:
    """Open, update or close the one issue about a stack; return what was done."""
    marker = _DRIFT_MARKER.format(stack=stack)
    issue = find(forge.pages(_OPEN), marker)
    body = f"{marker}\n{text}"
    if drift is Drift.NONE:
        if issue is None:
            return "nothing to close"
        forge.write("PATCH", f"issues/{issue['number']}", {"state": "closed", "body": body})
        return "closed"
    fields: dict[str, object] = {"title": _TITLES[drift].format(stack=stack), "body": body}
    if issue is None:
        forge.write("POST", "issues", {**fields, "labels": [DRIFT_LABEL]})
        return "opened"
    forge.write("PATCH", f"issues/{issue['number']}", fields)
    return "updated"
