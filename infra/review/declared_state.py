"""What a preview means for the two colors: who trades what, and on which version. Pure."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from bot.contract import environment as env
from bot.contract.color import Color
from bot.contract.intent import LEDGER_KEY, Intent, IntentError
from bot.contract.shards import SHARD_COUNT, shard_of
from infra import names
from infra.review.preview import Operation, Preview, Step, Tree

_DIGEST = re.compile(r"@sha256:([0-9a-f]{64})$")
_TAG = re.compile(r":([A-Za-z0-9_][\w.-]{0,127})(?:@|$)")
_DIGEST_LETTERS = 12


@dataclass(frozen=True, slots=True)
class Pods:
    """What one color runs."""

    replicas: int
    image: str
    template: Tree
    """The pods' template; a change of it is a restart."""

    @property
    def version(self) -> str:
        """The image in a word: its tag, else the begin of its digest."""
        return version_of(self.image)


NO_PODS = Pods(0, "", {})


@dataclass(frozen=True, slots=True)
class DeclaredState:
    """What is declared at one moment."""

    pods: Mapping[Color, Pods]
    intent: Intent | None
    """None when there is none, or the preview cannot know it."""
    selected: Color | None
    """The color that the live Service selects."""
    symbols: Sequence[str]

    def traders(self) -> set[Color]:
        """Return the colors that trade at least one shard."""
        if self.intent is None:
            return set()
        return {self.intent.color_of(shard) for shard in (0, SHARD_COUNT - 1)}


@dataclass(frozen=True, slots=True)
class Move:
    """Shards that change hands."""

    giver: Color
    taker: Color
    shards: Sequence[int]
    symbols: Sequence[str]
    """Those of the configured symbols that are in these shards."""


def version_of(image: str) -> str:
    """Return the image in a word.

    >>> version_of("r.example:5000/bot:1.5.0@sha256:" + "0" * 64)
    '1.5.0'
    """
    name = image.rpartition("/")[2]
    if tag := _TAG.search(name.partition("@sha256")[0]):
        return tag[1]
    if digest := _DIGEST.search(image):
        return f"sha256:{digest[1][:_DIGEST_LETTERS]}"
    return image or "no image"


def pinned(image: str) -> bool:
    """Tell whether a reference names one image for ever."""
    return _DIGEST.search(image) is not None


def before(preview: Preview) -> DeclaredState:
    """Return what was declared last."""
    return _declared([(step, step.before) for step in preview.steps if step.before])


def after(preview: Preview) -> DeclaredState:
    """Return what would be declared."""
    return _declared([(step, step.after) for step in preview.steps if step.after])


def color_of(step: Step) -> Color | None:
    """Return the color that a Deployment, Job or preview Service belongs to."""
    for color in Color:
        if step.name in (names.Names.deployment(color), f"{names.MIGRATION}-{color}"):
            return color
    return None


def moves(old: DeclaredState, new: DeclaredState) -> list[Move]:
    """Return which shards change hands; empty when nobody had them, too."""
    if old.intent is None or new.intent is None:
        return []
    moves: list[Move] = []
    for giver in Color:
        shards = [
            shard
            for shard in range(SHARD_COUNT)
            if old.intent.color_of(shard) is giver and new.intent.color_of(shard) is giver.other
        ]
        symbols = [symbol for symbol in new.symbols if shard_of(symbol) in shards]
        if shards:
            moves.append(Move(giver, giver.other, shards, symbols))
    return moves


def restarts(preview: Preview, color: Color) -> bool:
    """Tell whether pods of this color that run now are ended for others of the same color."""
    old, new = before(preview).pods[color], after(preview).pods[color]
    if not old.replicas or not new.replicas:
        return False
    replaced = any(
        step.kind == "Deployment"
        and color_of(step) is color
        and step.operation is Operation.REPLACE
        for step in preview.steps
    )
    return replaced or old.template != new.template


def _declared(declared: Sequence[tuple[Step, Tree]]) -> DeclaredState:
    pods = dict.fromkeys(Color, NO_PODS)
    intent, selected = None, None
    symbols: Sequence[str] = env.DEFAULT_SYMBOLS
    for step, tree in declared:
        color = color_of(step)
        if step.kind == "Deployment" and color:
            pods[color] = _pods(tree)
            symbols = _symbols(pods[color]) or symbols
        elif (step.kind, step.name) == ("Service", names.LIVE_SERVICE):
            selected = _selected(tree)
        elif (step.kind, step.name) == ("ConfigMap", names.INTENT):
            intent = _intent(tree)
    return DeclaredState(pods, intent, selected, symbols)


def branch(tree: object, *path: str | int) -> object:
    """Return what is at a path, or None."""
    for part in path:
        if isinstance(part, int) and isinstance(tree, list):
            items = cast("list[object]", tree)
            tree = items[part] if part < len(items) else None
        elif isinstance(tree, Mapping):
            tree = cast("Tree", tree).get(str(part))
        else:
            return None
    return tree


def _pods(tree: Tree) -> Pods:
    template = branch(tree, "spec", "template")
    image = branch(template, "spec", "containers", 0, "image")
    replicas = branch(tree, "spec", "replicas")
    return Pods(
        int(float(str(replicas or 0))),
        str(image or ""),
        cast("Tree", template) if isinstance(template, Mapping) else {},
    )


def variable(pods: Pods, name: str) -> str | None:
    """Return an environment variable that the template sets to a text."""
    variables = branch(pods.template, "spec", "containers", 0, "env")
    for entry in cast("list[object]", variables) if isinstance(variables, list) else ():
        if branch(entry, "name") == name:
            value = branch(entry, "value")
            return None if value is None else str(value)
    return None


def _symbols(pods: Pods) -> list[str]:
    return [symbol for symbol in (variable(pods, env.SYMBOLS) or "").split(",") if symbol]


def _selected(tree: Tree) -> Color | None:
    label = branch(tree, "spec", "selector", names.COLOR_LABEL)
    return Color(str(label)) if label in list(Color) else None


def _intent(tree: Tree) -> Intent | None:
    data = branch(tree, "data")
    if not isinstance(data, Mapping):
        return None
    mapping = cast("Tree", data)
    try:
        # Who trades; a preview cannot know each ledger, and it is spoken of by itself.
        return Intent.from_data({k: str(v) for k, v in mapping.items() if k != LEDGER_KEY})
    except IntentError:
        return None
