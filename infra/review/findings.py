"""What a reviewer must look at, risky things first; each finding is one sentence. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum

from bot.contract.color import Color
from infra import names
from infra.review import declared_state, rules
from infra.review.area_changes import AreaChanges, Finding
from infra.review.areas import Area, area_of
from infra.review.declared_state import DeclaredState
from infra.review.fields import FieldChange, changed
from infra.review.preview import Operation, Preview, Step
from infra.review.wording import few


class Rank(IntEnum):
    """What is told before what; the areas follow in their own order."""

    REPLACED = 0
    DELETED = 1
    TOGETHER = 2
    AREA = 3


_RIGHTS = frozenset(
    {
        "Role",
        "RoleBinding",
        "ClusterRole",
        "ClusterRoleBinding",
        "ServiceAccount",
        "NetworkPolicy",
        "Secret",
    }
)
_KNOWN = _RIGHTS | {
    "ConfigMap",
    "Deployment",
    "Job",
    "Namespace",
    "PodDisruptionBudget",
    "Service",
}
_COST = {
    "Provider": "all that it holds is made anew in the other cluster, and ends in this one",
    "Namespace": "all in the namespace ends, and what is not declared here does not come back",
    "Deployment": "all pods of a Deployment end before the new ones start",
    "Service": "its address changes, and requests fail until clients look it up again",
    "ConfigMap": "pods cannot read a ConfigMap until it is there again",
}
"""What a replacement costs, the dearest first."""


@dataclass(frozen=True, slots=True)
class ReviewedPreview:
    """A preview with what its steps mean."""

    preview: Preview
    old: DeclaredState
    new: DeclaredState

    @classmethod
    def of(cls, preview: Preview) -> "ReviewedPreview":
        """Return the review of a preview."""
        return cls(preview, declared_state.before(preview), declared_state.after(preview))

    @property
    def first(self) -> bool:
        """Whether nothing was there before."""
        return not any(step.before for step in self.preview.steps if step.kind != "Provider")

    @property
    def elsewhere(self) -> str:
        """Into another what everything goes, `cluster` or `namespace`; empty when it stays."""
        kinds = {step.kind for step in replaced(self.preview)}
        return "cluster" if "Provider" in kinds else "namespace" if "Namespace" in kinds else ""

    @property
    def swaps(self) -> bool:
        """Whether another color becomes the active one."""
        return _active(self.old) is not None and _active(self.old) is not _active(self.new)


def _active(known: DeclaredState) -> Color | None:
    return known.intent.active_color if known.intent else known.selected


def findings(review: ReviewedPreview) -> list[Finding]:
    """Return everything that is to be said, the most dangerous first."""
    ranked = [
        *((Rank.REPLACED, 0, finding) for finding in _replaced(review)),
        *((Rank.DELETED, 0, finding) for finding in _deleted(review)),
        *((Rank.TOGETHER, 0, finding) for finding in _together(review)),
    ]
    order = list(Area)
    for area, sentences in _by_area(review).items():
        ranked += [(Rank.AREA, order.index(area), finding) for finding in sentences]
    ranked.sort(key=lambda entry: (not entry[2].attention, entry[0], entry[1]))
    return [finding for _, _, finding in ranked]


def touched(preview: Preview) -> dict[Area, list[FieldChange]]:
    """Return the values that change in what stays or is replaced, by what they touch."""
    fields: dict[Area, list[FieldChange]] = {}
    for step in preview.steps:
        if step.operation in (Operation.UPDATE, Operation.REPLACE):
            for field in changed(step):
                if not _is_its_name(field):
                    fields.setdefault(area_of(field), []).append(field)
    return fields


def _by_area(review: ReviewedPreview) -> dict[Area, list[Finding]]:
    """Return the sentences of each area that this preview touches."""
    fields = touched(review.preview)
    by_area = {
        area: rules.RULES[area](AreaChanges(tuple(fields.get(area, ())), review.old, review.new))
        for area in Area
        if area in fields
    }
    by_area.setdefault(Area.OTHER, []).extend(_created(review))
    return by_area


def _is_its_name(field: FieldChange) -> bool:
    """A replacement because of its name or namespace is told as a replacement."""
    return field.step.operation is Operation.REPLACE and field.path in field.step.reasons


def migrates(step: Step) -> bool:
    """Tell whether this is the Job that brings a color's database up to date; it runs once."""
    return step.kind == "Job" and step.name.startswith(f"{names.MIGRATION}-")


def replaced(preview: Preview) -> list[Step]:
    """Return what is replaced, the dearest first, without the Jobs that run once an image."""
    kinds = list(_COST)
    return sorted(
        (
            step
            for step in preview.steps
            if step.operation is Operation.REPLACE and not migrates(step)
        ),
        key=lambda step: kinds.index(step.kind) if step.kind in kinds else len(kinds),
    )


def apart(preview: Preview) -> set[Color]:
    """Return the colors whose Deployment is replaced: their pods end before others start."""
    colors = (
        declared_state.color_of(step) for step in replaced(preview) if step.kind == "Deployment"
    )
    return {color for color in colors if color}


def _is_intent(step: Step) -> bool:
    return (step.kind, step.name) == ("ConfigMap", names.INTENT)


def deleted(preview: Preview) -> list[Step]:
    """Return what is taken away, without the Jobs that have run."""
    return [
        step for step in preview.steps if step.operation is Operation.DELETE and not migrates(step)
    ]


def _replaced(review: ReviewedPreview) -> Iterator[Finding]:
    """Tell of replacements, those for one reason together, and of what each kind costs."""
    groups: dict[str, list[Step]] = {}
    for step in replaced(review.preview):
        groups.setdefault(", ".join(step.reasons), []).append(step)
    for why, steps in groups.items():
        verb = "is" if len(steps) == 1 else "are"
        reason = f" ({why})" if why else ""
        costs = [_COST[kind] for kind in dict.fromkeys(s.kind for s in steps) if kind in _COST]
        tail = f": {'; '.join(costs)}" if costs else ""
        names_of = few([step.title for step in steps])
        yield Finding(f"**{names_of} {verb} replaced**{reason}{tail}.")


def _deleted(review: ReviewedPreview) -> Iterator[Finding]:
    for step in deleted(review.preview):
        yield Finding(f"**{step.title} is deleted.**")


def _created(review: ReviewedPreview) -> Iterator[Finding]:
    """Tell of what is new; of a first deployment, once."""
    new = [step for step in review.preview.steps if step.operation is Operation.CREATE]
    if review.first and new:
        yield Finding(f"First deployment: nothing was there; {len(new)} objects are created.")
    for step in new:
        if step.kind not in _KNOWN | {"Provider", "Image"}:
            yield Finding(f"{step.title} is created, a kind that this text does not know.")
        elif step.kind in _RIGHTS and not review.first:
            yield Finding(f"{step.title} is created: it is about rights or secrets.")
        elif not review.first:
            what = " (runs once, before the pods start)" if migrates(step) else ""
            yield Finding(f"{step.title} is created{what}.", attention=False)
        yield from rules.wildcards(step)


def _together(review: ReviewedPreview) -> Iterator[Finding]:
    """Tell what is dangerous only because of what else is in the same `up`."""
    old, new, preview = review.old, review.new, review.preview
    active = _active(new)
    if review.elsewhere or any(_is_intent(step) for step in replaced(preview)):
        yield Finding(
            "**Who trades is said by another object then**: with a database, nobody trades until "
            "`adoptIntent` names the one that ruled."
        )
    if new.selected and new.intent and new.selected is not new.intent.active_color:
        message = f"the Service selects {new.selected}, the intent names {new.intent.active_color}"
        yield Finding(f"Requests and trading part: {message}.")
    for color in sorted(new.traders()):
        if new.intent and not new.pods[color].replicas:
            yield Finding(f"{color} shall trade, and has no pods.")
        restarts = declared_state.restarts(preview, color)
        if restarts and color in old.traders():
            how = "all at once" if color in apart(preview) else "one after another"
            yield Finding(f"{color} trades, and its pods restart, {how}.")
        elif restarts:
            yield Finding(f"{color} begins to trade in the same `up` in which its pods restart.")
    if review.swaps and active:
        yield from _way_back(review, active.other)


def _way_back(review: ReviewedPreview, left: Color) -> Iterator[Finding]:
    if declared_state.restarts(review.preview, left):
        yield Finding(f"{left} restarts in the same `up` that fields it: the way back is cold.")
    if review.old.pods[left].replicas and not review.new.pods[left].replicas:
        yield Finding(f"{left} is taken away in the same `up` that fields it: no way back.")


def attention(results: Sequence[Finding]) -> list[Finding]:
    """Return what someone must look at."""
    return [finding for finding in results if finding.attention]
