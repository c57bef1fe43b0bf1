"""How a change is taken back, and what that costs. Pure."""

from collections.abc import Iterator

from bot.contract.intent import ACTIVE_COLOR_KEY, CANARY_PERCENT_KEY, Intent
from bot.contract.parameters import RELOADABLE
from infra import names
from infra.review import declared_state
from infra.review.fields import FILE_PATH, changed
from infra.review.findings import ReviewedPreview, deleted, migrates, replaced
from infra.review.preview import Operation, Step
from infra.review.wording import few, listed

_RELOADABLE = frozenset(row.key for row in RELOADABLE)
_SET = "pulumi config set"


def undo(review: ReviewedPreview) -> str:
    """Return what to do, the quickest way first."""
    changes = [step for step in review.preview.steps if step.operation is not Operation.SAME]
    if not changes:
        return "There is nothing to undo."
    if review.first:
        return "`pulumi destroy` takes it all away again."
    sentences = list(_intent(review))
    rest = [step for step in changes if not _is_the_swap(step)]
    if any(_is_the_file(step) for step in rest):
        sentences.append(_file(review))
        rest = [step for step in rest if not _is_the_file(step)]
    if rest:
        sentences.append(_revert(review))
    if gone := [*replaced(review.preview), *deleted(review.preview)]:
        again = few([step.title for step in gone])
        sentences.append(f"Going back costs the same again, for {again}.")
    if any(_may_change_the_schema(step) for step in changes):
        sentences.append("The database keeps its new schema: migrations only add.")
    return " ".join(sentences)


def _is_the_swap(step: Step) -> bool:
    return (step.kind, step.name) in (
        ("Service", names.LIVE_SERVICE),
        ("ConfigMap", names.INTENT),
    ) and step.operation is Operation.UPDATE


def _may_change_the_schema(step: Step) -> bool:
    """Tell whether a migration comes from an image that has not migrated yet."""
    path = ("spec", "template", "spec", "containers", 0, "image")
    images = [declared_state.branch(tree, *path) for tree in (step.before, step.after)]
    return migrates(step) and step.operation is not Operation.DELETE and images[0] != images[1]


def _is_the_file(step: Step) -> bool:
    return (step.kind, step.name) == ("ConfigMap", names.CONFIG) and (
        step.operation is Operation.UPDATE
    )


def _intent(review: ReviewedPreview) -> Iterator[str]:
    old, new = review.old.intent, review.new.intent
    if old is None or new is None or old == new:
        return
    yield f"`{_commands(old, new)} && pulumi up`, in seconds."
    back = old.active_color
    pods = review.new.pods[back]
    if old.active_color is new.active_color:
        return
    if not pods.replicas:
        yield f"{back} has no pods then: it must be started first."
    elif not declared_state.restarts(review.preview, back):
        yield f"{back} stays warm for that: {pods.replicas} pods on {pods.version}."


def _commands(old: Intent, new: Intent) -> str:
    commands: list[str] = []
    if old.active_color is not new.active_color:
        commands.append(f"{_SET} {ACTIVE_COLOR_KEY} {old.active_color}")
    if old.canary_percent != new.canary_percent:
        commands.append(f"{_SET} {CANARY_PERCENT_KEY} {old.canary_percent}")
    return " && ".join(commands)


def _file(review: ReviewedPreview) -> str:
    fields = [
        field for step in review.preview.steps if _is_the_file(step) for field in changed(step)
    ]
    commands = [
        f"{_SET} {field.path.removeprefix(FILE_PATH)} {field.before}"
        for field in fields
        if field.path.removeprefix(FILE_PATH) in _RELOADABLE and field.before is not None
    ]
    if not commands:
        return "Revert the commit and `pulumi up`; no pod restarts."
    return f"`{' && '.join(commands)} && pulumi up`, without a restart."


def _revert(review: ReviewedPreview) -> str:
    if review.elsewhere == "cluster":
        return "Revert the commit and `pulumi up`: everything is made anew again, back here."
    old, new = review.old.pods, review.new.pods
    again = [str(color) for color in old if declared_state.restarts(review.preview, color)]
    shared = sorted(color for color in old if old[color].replicas != new[color].replicas)
    if again:
        return f"Revert the commit and `pulumi up`: pods of {listed(again)} restart again."
    if shared:
        return f"Revert the commit and `pulumi up`: {listed(list(map(str, shared)))} scales back."
    return "Revert the commit and `pulumi up`; no pod restarts."
