"""One comment for each stack under a pull request, one issue for each stack that has drifted.

Each is found again by the marker in its first line, and changed instead of written again.
"""

from collections.abc import Sequence

from pipeline.forge import Forge, Item

_DRIFT_TITLE = "{stack}: the cluster differs from git"
DRIFT_LABEL = "drift"
_OPEN = "issues?state=open&labels=" + DRIFT_LABEL + "&per_page=100"


class NoMarkerError(ValueError):
    """The text does not say in its first line whose it is."""


def marker_of(text: str) -> str:
    """Return the marker that begins a review.

    Raises:
        NoMarkerError: there is none.
    """
    first = text.partition("\n")[0].strip()
    if not (first.startswith("<!-- ") and first.endswith(" -->")):
        raise NoMarkerError(f"the text begins with {first[:80]!r}, not with a marker")
    return first


def find(notes: Sequence[Item], marker: str) -> Item | None:
    """Return the oldest note with this marker, or None."""
    ours = [note for note in notes if str(note.get("body") or "").startswith(marker)]
    return min(ours, key=lambda note: int(note["id"]), default=None)


def comment(forge: Forge, number: int, text: str) -> str:
    """Make or update the one comment of this text's stack; return what was done."""
    found = find(forge.pages(f"issues/{number}/comments?per_page=100"), marker_of(text))
    if found is None:
        forge.write("POST", f"issues/{number}/comments", {"body": text})
        return "made"
    if found["body"] == text:
        return "left as it is"
    forge.write("PATCH", f"issues/comments/{found['id']}", {"body": text})
    return "updated"


def issue(forge: Forge, stack: str, text: str, *, differs: bool) -> str:
    """Open, update or close the one issue about this stack's drift; return what was done."""
    found = find(forge.pages(_OPEN), marker_of(text))
    if not differs:
        if found is None:
            return "nothing to close"
        forge.write("PATCH", f"issues/{found['number']}", {"state": "closed", "body": text})
        return "closed"
    if found is None:
        fields = {
            "title": _DRIFT_TITLE.format(stack=stack),
            "body": text,
            "labels": [DRIFT_LABEL],
        }
        forge.write("POST", "issues", fields)
        return "opened"
    forge.write("PATCH", f"issues/{found['number']}", {"body": text})
    return "updated"
