"""What `pulumi preview --json --show-sames` says, as typed steps. Pure.

Of a step the inputs are kept, before and after: what this program declares, without what the
cluster adds.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import cast

Tree = Mapping[str, object]

_NOTHING: Tree = {}


class Operation(StrEnum):
    """What becomes of a resource."""

    SAME = "same"
    CREATE = "create"
    UPDATE = "update"
    REPLACE = "replace"
    DELETE = "delete"


_OPERATIONS = {
    "same": Operation.SAME,
    "create": Operation.CREATE,
    "import": Operation.CREATE,
    "update": Operation.UPDATE,
    "replace": Operation.REPLACE,
    "create-replacement": Operation.REPLACE,
    "import-replacement": Operation.REPLACE,
    "read-replacement": Operation.REPLACE,
    "delete": Operation.DELETE,
    "delete-replaced": Operation.SAME,  # the other half of a replacement that is told once
    "discard-replaced": Operation.SAME,
    "remove-pending-replace": Operation.SAME,
    "read-discard": Operation.DELETE,
    "discard": Operation.DELETE,
}
_BEFORE = frozenset({"refresh", "read"})
"""What the engine does to know where it begins; the steps that follow say what comes of it."""


class NotAPreviewError(ValueError):
    """The text is not what `pulumi preview --json` prints."""


@dataclass(frozen=True, slots=True)
class Step:
    """One resource before and after."""

    operation: Operation
    kind: str
    """`Deployment`, `Provider`, …; the last word of the engine's type."""
    name: str
    """The logical name, which the program gave."""
    before: Tree = field(default_factory=lambda: _NOTHING)
    after: Tree = field(default_factory=lambda: _NOTHING)
    reasons: Sequence[str] = ()
    """Paths of properties that make a replacement necessary."""
    touched: Sequence[str] = ()
    """Paths that the engine saw change; the only trace of a change in what is secret."""

    @property
    def title(self) -> str:
        """Kind and name, as a person says them."""
        inputs = self.after or self.before
        metadata = inputs.get("metadata")
        named = cast("Tree", metadata).get("name") if isinstance(metadata, Mapping) else None
        return f"{self.kind} {named or self.name}"


@dataclass(frozen=True, slots=True)
class Preview:
    """All steps, or why there are none."""

    steps: Sequence[Step] = ()
    errors: Sequence[str] = ()
    """What the engine or the program refused; the steps mean nothing then."""


def parse(text: str) -> Preview:
    """Read what the engine printed.

    Raises:
        NotAPreviewError: it is something else.
    """
    try:
        payload = json.loads(text)
        steps = [_step(step) for step in payload["steps"] or () if _changes(step)]
        summary = cast("Mapping[str, int]", payload.get("changeSummary") or _NOTHING)
        missing = summary.get("same", 0) - sum(
            step["op"] == "same" for step in payload["steps"] or ()
        )
        errors = [
            str(entry["message"]).strip()
            for entry in payload.get("diagnostics") or ()
            if entry.get("severity") == "error"
        ]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise NotAPreviewError(
            f"this is not what `pulumi preview --json --show-sames` prints ({error!r})"
        ) from None
    if missing > 0:
        raise NotAPreviewError(f"{missing} steps are missing: `--show-sames` is needed")
    # The engine's order is that of its work, another one each time.
    steps.sort(key=lambda step: (step.kind, step.name))
    return Preview(steps, [error for error in errors if error])


def _changes(step: Tree) -> bool:
    """Leave out components, which only group others, the stack itself, and what comes before."""
    if step["op"] in _BEFORE:
        return False
    state = cast("Tree", step.get("newState") or step.get("oldState") or _NOTHING)
    return bool(state.get("custom"))


def _step(step: Tree) -> Step:
    urn = str(step["urn"])
    _, _, rest = urn.removeprefix("urn:pulumi:").partition("::")
    kind, name = rest.partition("::")[2].split("::", 1)
    # An operation that this table does not know is not passed over: it counts as a replacement.
    operation = _OPERATIONS.get(str(step["op"]), Operation.REPLACE)
    diff = cast("Tree", step.get("detailedDiff") or {})
    return Step(
        operation,
        _kind(kind.rpartition("$")[2]),
        name,
        _inputs(step.get("oldState")),
        _inputs(step.get("newState")) if operation is not Operation.DELETE else {},
        tuple(str(reason) for reason in cast("list[str]", step.get("replaceReasons") or ())),
        tuple(diff),
    )


def _kind(kind: str) -> str:
    return "Provider" if kind.startswith("pulumi:providers:") else kind.rpartition(":")[2]


def _inputs(state: object) -> Tree:
    if not isinstance(state, Mapping):
        return {}
    return cast("Tree", cast("Tree", state).get("inputs") or {})
