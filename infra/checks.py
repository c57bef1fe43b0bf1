"""What must never be applied, judged from the finished config and from what was deployed last. Pure.

Every problem comes at once, and each says which command mends it. What only the cluster can tell is `infra.guard`'s.
"""

from bot.contract.color import Color
from bot.contract.environment import DeployEnv
from bot.contract.intent import CANARY_PERCENT_MAX
from bot.contract.shards import shard_of
from infra.config import BUILD, StackConfig
from infra.outputs import StackOutputs


def check(config: StackConfig, previous: StackOutputs | None) -> list[str]:
    """Return every reason not to apply this config; empty when there is none.

    Args:
        config: the finished stack config.
        previous: what the last complete `up` left behind, or None when there was none.
    """
    problems = _platform(config)
    for color in Color:
        problems += _color(config, color)
    problems += _active(config) + _canary(config) + _trading(config)
    if previous is not None:
        problems += _pinned_before_it_trades(config, previous)
        problems += _changed_under_trade(config, previous)
        problems += _way_back(config, previous)
    return problems


def _set(key: str, value: object) -> str:
    path = "--path " if "." in key else ""
    return f"`pulumi config set {path}{key} {value}`"


def _platform(config: StackConfig) -> list[str]:
    problems: list[str] = []
    if not config.context and not config.render_to:
        problems.append(
            "context: is not set, and the ambient kubeconfig context is never used; name the cluster: "
            f"{_set('context', '<name from kubectl config get-contexts>')}"
        )
    if config.builds and not config.image_repository:
        problems.append(
            "imageRepository: is not set, but a color's image is `build`; say where to push it: "
            f"{_set('imageRepository', 'registry.example/trading-bot')}"
        )
    return problems


def _color(config: StackConfig, color: Color) -> list[str]:
    chosen = config.color(color)
    if chosen.replicas == 0:
        return []
    if not chosen.image:
        return [
            f"{color}.image: is empty, but {color} shall run {chosen.replicas} pods; name an image: "
            f"{_set(f'{color}.image', 'REPOSITORY@sha256:…')}, or run none: {_set(f'{color}.replicas', 0)}"
        ]
    if config.deploy_env is DeployEnv.PRODUCTION and not chosen.pinned:
        return [
            f"{color}.image: {chosen.image!r} is not pinned, and production runs only what was proven elsewhere; "
            f"give the digest: {_set(f'{color}.image', 'REPOSITORY@sha256:…')}"
        ]
    return []


def _active(config: StackConfig) -> list[str]:
    active = config.active_color
    if config.color(active).replicas > 0:
        return []
    return [
        f"{active}.replicas: 0, but {active} is the active color: nothing would answer and nothing would "
        f"trade; {_set(f'{active}.replicas', 2)} and `pulumi up` before {active} becomes active, or "
        f"{_set('activeColor', active.other)}"
    ]


def _pinned_before_it_trades(config: StackConfig, previous: StackOutputs) -> list[str]:
    return [
        f"{color}.image: is `build`, but {color} trades, and only a standby builds; pin what it runs: "
        f"{_set(f'{color}.image', previous.color(color).image or 'REPOSITORY@sha256:…')}"
        for color in Color
        if config.color(color).builds and _trades(config, color)
    ]


def _canary(config: StackConfig) -> list[str]:
    percent = config.canary_percent
    if percent == 0:
        return []
    standby = config.active_color.other
    problems: list[str] = []
    if config.color(standby).replicas == 0:
        problems.append(
            f"canaryPercent: {percent}, but {standby} has no pods that could trade; "
            f"{_set(f'{standby}.replicas', 2)} and `pulumi up` first, or {_set('canaryPercent', 0)}"
        )
    shards = {symbol: shard_of(symbol) for symbol in config.symbols}
    nearest = min(shards, key=lambda symbol: shards[symbol])
    if shards[nearest] >= percent:
        problems.append(
            f"canaryPercent: {percent} moves none of the configured symbols; the first to move is {nearest}: "
            f"{_set('canaryPercent', shards[nearest] + 1)}"
            if shards[nearest] < CANARY_PERCENT_MAX
            else f"canaryPercent: {percent} moves none of the configured symbols, and no percentage would; "
            f"{_set('canaryPercent', 0)}"
        )
    return problems


def _trading(config: StackConfig) -> list[str]:
    if not config.trades_live_by_default:
        return []
    return [
        "enableTrading: is not set, and apiEndpoint is the production exchange: money would move by default; say "
        f"it: {_set('enableTrading', 'true')}, or {_set('enableTrading', 'false')}"
    ]


def _changed_under_trade(config: StackConfig, previous: StackOutputs) -> list[str]:
    """Refuse another image under a color that trades, or that begins to in this very `up`.

    Both: a swap must go to pods that stand there already, and must leave the color that it comes from as it was,
    because that is the way back.
    """
    problems: list[str] = []
    for color in Color:
        image, before = config.color(color).image, previous.color(color).image
        if image in (before, BUILD):
            continue
        if _traded(previous, color):
            if not config.allow_in_place_update:
                problems.append(_in_place(color, image, before))
        elif _trades(config, color):
            problems.append(_not_yet_there(config, previous, color))
    return problems


def _trades(config: StackConfig, color: Color) -> bool:
    return color is config.active_color or config.canary_percent > 0


def _traded(previous: StackOutputs, color: Color) -> bool:
    return color is previous.active_color or previous.canary_percent > 0


def _in_place(color: Color, image: str, before: str) -> str:
    return (
        f"{color}.image: {image or 'empty'!r} would replace {before!r} under a color that trades; put it back: "
        f"{_set(f'{color}.image', before)}, and give the new one to the other color: "
        f"{_set(f'{color.other}.image', image or '…')}; or, without a way back: "
        f"{_set('allowInPlaceUpdate', 'true')}"
    )


def _not_yet_there(config: StackConfig, previous: StackOutputs, color: Color) -> str:
    lever = "activeColor" if color is config.active_color else "canaryPercent"
    value = previous.active_color if lever == "activeColor" else 0
    return (
        f"{color}.image: changes in the same `up` that lets {color} trade; first deploy it: "
        f"{_set(lever, value)} and `pulumi up`, then pin it and swap"
    )


def _way_back(config: StackConfig, previous: StackOutputs) -> list[str]:
    """Refuse to take the pods away in the same `up` that leaves them: if the swap is refused, they still trade."""
    left = previous.active_color
    had = previous.color(left).replicas
    if left is config.active_color or had == 0 or config.color(left).replicas > 0:
        return []
    return [
        f"{left}.replicas: 0 in the same `up` that leaves {left}; swap first with "
        f"{_set(f'{left}.replicas', had)}, then take its pods away"
    ]
