"""The five questions of a reviewer, answered without the diff. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bot.contract.color import Color
from infra import names
from infra.review import declared_state
from infra.review.area_changes import Finding
from infra.review.areas import Area
from infra.review.findings import (
    ReviewedPreview,
    apart,
    attention,
    deleted,
    findings,
    migrates,
    replaced,
    touched,
)
from infra.review.preview import Operation
from infra.review.undo import undo
from infra.review.wording import arrow, few, listed, shards_text, symbols_text

NOTHING_CHANGES = "nothing changes"


@dataclass(frozen=True, slots=True)
class Answers:
    """A headline, and the answers in the order of their questions."""

    headline: str
    moves: str
    restarts: str
    replaced: str
    risky: str
    undo: str


def answers(review: ReviewedPreview) -> Answers:
    """Answer all five."""
    results = findings(review)
    return Answers(
        headline=_headline(review, results),
        moves=_moves(review),
        restarts=_restarts(review),
        replaced=_replaced(review),
        risky=_risky(attention(results)),
        undo=undo(review),
    )


def _headline(review: ReviewedPreview, results: Sequence[Finding]) -> str:
    if all(step.operation is Operation.SAME for step in review.preview.steps):
        return NOTHING_CHANGES
    if review.first:
        active = review.new.intent.active_color if review.new.intent else "nobody"
        return f"first deployment, {active} trades"
    moved = [f"everything goes to another {review.elsewhere}"] if review.elsewhere else []
    parts = [*_main(review), *(moved or [_headline_moves(review)]), _headline_restarts(review)]
    parts.append("probes change" if Area.PROBES in touched(review.preview) else "probes unchanged")
    count = len(attention(results))
    look = f"{count} thing{'s' if count > 1 else ''} to look at" if count else "nothing to look at"
    return f"{', '.join(parts)}; {_headline_replaced(review)}; {look}"


def _main(review: ReviewedPreview) -> Iterator[str]:
    """Say what the change is about: who trades and on what; else the areas that it touches."""
    old, new = review.old, review.new
    headlined: set[Area] = {Area.SELECTOR, Area.INTENT, Area.IMAGE, Area.MIGRATION, Area.HARMLESS}
    if old.intent and new.intent and old.intent.active_color is not new.intent.active_color:
        left, taken = old.intent.active_color, new.intent.active_color
        versions = _versions(old.pods[left].version, new.pods[taken].version)
        yield f"active color {left} → {taken} ({versions})"
    elif old.intent and new.intent and old.intent != new.intent:
        standby = new.intent.active_color.other
        change = f"{old.intent.canary_percent} % → {new.intent.canary_percent} %"
        yield f"canary {change} on {standby} ({new.pods[standby].version})"
    for color in Color:
        if old.pods[color].image != new.pods[color].image:
            role = "active" if color in old.traders() else "standby"
            change = arrow(old.pods[color].version, new.pods[color].version)
            yield f"{role} {color} {change}"
    areas = touched(review.preview)
    others = [area.value for area in Area if area in areas.keys() - headlined - {Area.PROBES}]
    if others:
        yield f"{listed(others)} change"


def _versions(old: str, new: str) -> str:
    return f"both {old}" if old == new else arrow(old, new)


def _headline_moves(review: ReviewedPreview) -> str:
    moved = declared_state.moves(review.old, review.new)
    return " and ".join(f"{shards_text(move)} move" for move in moved) or "no shards move"


def _restarting(review: ReviewedPreview) -> list[Color]:
    return [color for color in Color if declared_state.restarts(review.preview, color)]


def _headline_restarts(review: ReviewedPreview) -> str:
    if review.elsewhere == "cluster":
        return "all pods end and start there"
    colors = _restarting(review)
    return f"pods of {listed(list(map(str, colors)))} restart" if colors else "no pod restarts"


def _headline_replaced(review: ReviewedPreview) -> str:
    gone, new = len(deleted(review.preview)), len(replaced(review.preview))
    parts = [f"{new} replaced"] if new else []
    parts += [f"{gone} deleted"] if gone else []
    return ", ".join(parts) or "nothing replaced"


def _moves(review: ReviewedPreview) -> str:
    if review.first:
        if review.new.intent is None:
            return "Nothing: no intent is declared."
        return f"Everything begins: {review.new.intent.active_color} gets all shards."
    if review.elsewhere:
        return f"Everything, to another {review.elsewhere}: all pods end here, others start there."
    moved = declared_state.moves(review.old, review.new)
    sentences = [
        f"{shards_text(move).capitalize()} from {move.giver} to {move.taker}: "
        f"{symbols_text(move)}. Positions and open orders are kept."
        for move in moved
    ]
    if review.old.selected is not review.new.selected and review.new.selected:
        sentences.append(f"All HTTP requests go to {review.new.selected}.")
    if sentences:
        return " ".join(sentences)
    traders = sorted(review.new.traders())
    held = [f"{color} ({review.new.pods[color].version})" for color in traders]
    return (
        f"No shard and no request. {listed(held)} trade{'' if held[1:] else 's'} on."
        if held
        else ("No shard and no request.")
    )


def _restarts(review: ReviewedPreview) -> str:
    sentences = list(_pod_restarts(review))
    jobs = [
        str(declared_state.color_of(step))
        for step in review.preview.steps
        if migrates(step) and step.operation in (Operation.CREATE, Operation.REPLACE)
    ]
    if jobs:
        sentences.append(f"A migration runs before the pods of {listed(jobs)} start.")
    return " ".join(sentences) or "No pod restarts."


def _pod_restarts(review: ReviewedPreview) -> Iterator[str]:
    old, new = review.old, review.new
    together = apart(review.preview)
    for color in Color:
        had, has = old.pods[color].replicas, new.pods[color].replicas
        role = "trades" if color in old.traders() else "standby"
        if review.elsewhere == "cluster" and has:
            yield f"{color} ({role}): its {had} pods end here, {has} start in the other cluster."
        elif declared_state.restarts(review.preview, color):
            how = "all at once" if color in together else "one after another"
            yield f"{color} ({role}): its {has} pods, {how}."
        elif had and not has:
            yield f"{color} ({role}): its {had} pods end."
        elif has and not had:
            yield f"{color}: {has} pods start."
        elif has != had:
            verb = "more start" if has > had else "end"
            yield f"{color} ({role}): {abs(has - had)} pods {verb}, the others stay."


def _replaced(review: ReviewedPreview) -> str:
    parts: list[str] = []
    if new := replaced(review.preview):
        rest = ", and with it everything that it holds" if review.elsewhere == "cluster" else ""
        parts.append(f"Replaced: {few([step.title for step in new])}{rest}.")
    if gone := deleted(review.preview):
        parts.append(f"Deleted: {few([step.title for step in gone])}.")
    jobs = [
        step
        for step in review.preview.steps
        if migrates(step) and step.operation in (Operation.REPLACE, Operation.DELETE)
    ]
    rest = (
        f" Only the finished Job{'s' if len(jobs) > 1 else ''} {names.MIGRATION}." if jobs else ""
    )
    return " ".join(parts) or f"Nothing.{rest}"


def _risky(results: Sequence[Finding]) -> str:
    if not results:
        return "Nothing that this text knows of."
    first = results[0].text
    more = len(results) - 1
    return f"{first} And {more} more, above." if more else first
