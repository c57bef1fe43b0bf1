"""What must never be applied, judged from the finished config and what was deployed last. Pure.

Every problem comes at once, and each says which command fixes it. What only the cluster can tell is
the business of `infra.guard.readiness`.
"""

from bot.contract.color import Color
from bot.contract.environment import DeployEnv
from bot.contract.intent import CANARY_PERCENT_MAX
from bot.contract.parameters import AT_RISK, Risk
from bot.contract.secrets import DATABASE_URL, VENUE_API_KEY, VENUE_API_SECRET
from bot.contract.shards import shard_of
from infra.config import StackConfig
from infra.outputs import StackOutputs
from infra.sections import BUILD

_TRADING_SECRETS = {
    DATABASE_URL: "only one database can say which of two colors may trade",
    VENUE_API_KEY: "it takes none without a key",
    VENUE_API_SECRET: "it takes none that is not signed",
}
_MOVE = "docs/database.md#move-a-ledger"
SOME_IMAGE = "REPOSITORY@sha256:…"


def check(config: StackConfig, previous: StackOutputs | None) -> list[str]:
    """Return every reason not to apply this config; empty when there is none.

    Args:
        config: the finished stack config.
        previous: what the last complete `up` left behind, or None when there was none.
    """
    problems = [*_context(config), *_repository(config)]
    for color in Color:
        problems += _image(config, color)
    problems += [*_active(config), *_canary(config), *_trading(config), *_authority(config)]
    problems += [*_ledger(config), *_risk(config)]
    if previous is not None:
        problems += _built_while_trading(config, previous)
        problems += _changed_while_trading(config, previous)
        problems += _way_back(config, previous)
    return problems


def foresee(config: StackConfig, previous: StackOutputs | None) -> list[str]:
    """Return what a preview should say of the ledger: only the `up` sees what is at the address."""
    known = previous.ledger if previous else ""
    if previous is None or not known:
        return []
    if config.adopt_ledger not in {"", known}:
        moves = (
            f"adoptLedger: the pods leave ledger {known} for {config.adopt_ledger}; the `up` looks"
            f" whether {config.database} has it, restarts the pods of both colors, and trading"
            f" pauses until it is compared with the exchange ({_MOVE})"
        )
        return [moves]
    if previous.database == config.database:
        return []
    leads = (
        f"secrets.database-url: leads to {config.database or 'nothing'} instead of"
        f" {previous.database}; if that is another ledger than {known}, the `up` is refused until"
        f" adoptLedger names it ({_MOVE})"
    )
    return [leads]


def _ledger(config: StackConfig) -> list[str]:
    if not config.adopt_ledger or config.database:
        return []
    why = "is set, but secrets.database-url is not, so there is no ledger to adopt"
    return [f"adoptLedger: {why}; set that, or `pulumi config rm adoptLedger`"]


def _risk(config: StackConfig) -> list[str]:
    """Production above its defaults starts read-only, unless somebody acknowledged it."""
    if config.deploy_env is not DeployEnv.PRODUCTION:
        return []
    word = config.acknowledge_risk_increase
    problems: list[str] = []
    for row in AT_RISK:
        value, acknowledged = getattr(config, row.name), getattr(word.values, row.name)
        if row.risk is Risk.OFF or value is None:
            continue
        usual = row.default_in(config.deploy_env)
        if value > max(usual, acknowledged or 0):
            shown = str(value).lower() if isinstance(value, bool) else value
            is_switch = row.risk is Risk.ON
            more = "is not the default" if is_switch else f"is more than production's {usual}"
            command = _set(f"acknowledgeRiskIncrease.values.{row.key}", shown)
            problems.append(
                f"{row.key}: {shown} {more}, and nobody acknowledged it; take it back, or say who"
                f" and why (acknowledgeRiskIncrease.by, .reason) and {command}"
            )
    return problems


def _set(key: str, value: object) -> str:
    path = "--path " if "." in key else ""
    return f"`pulumi config set {path}{key} {value}`"


def _context(config: StackConfig) -> list[str]:
    if config.context or config.render_to:
        return []
    command = _set("context", '"<one of kubectl config get-contexts>"')
    return [f"context: is not set, and the ambient one is never used; name the cluster: {command}"]


def _repository(config: StackConfig) -> list[str]:
    if config.image_repository or not config.builds:
        return []
    command = _set("imageRepository", "registry.example/trading-bot")
    return [f"imageRepository: is not set, but an image is `build`; say where it goes: {command}"]


def _image(config: StackConfig, color: Color) -> list[str]:
    chosen = config.color(color)
    pin = _set(f"{color}.image", SOME_IMAGE)
    if chosen.replicas == 0:
        return []
    if not chosen.image:
        none = _set(f"{color}.replicas", 0)
        problem = f"{color}.image: is empty, but {color} shall run {chosen.replicas} pods"
        return [f"{problem}; name an image: {pin}, or run none: {none}"]
    if config.deploy_env is DeployEnv.PRODUCTION and not chosen.pinned:
        why = "is not pinned, and production runs only what was proven elsewhere"
        return [f"{color}.image: {chosen.image!r} {why}; give the digest: {pin}"]
    return []


def _active(config: StackConfig) -> list[str]:
    active = config.active_color
    if config.color(active).replicas > 0:
        return []
    start, stay = _set(f"{active}.replicas", 2), _set("activeColor", active.other)
    why = f"{active} is the active color: nothing would answer and nothing would trade"
    return [f"{active}.replicas: 0, but {why}; {start} and `pulumi up` before the swap, or {stay}"]


def _canary(config: StackConfig) -> list[str]:
    percent, standby = config.canary_percent, config.active_color.other
    if percent == 0:
        return []
    problems: list[str] = []
    stop = _set("canaryPercent", 0)
    if config.color(standby).replicas == 0:
        start = _set(f"{standby}.replicas", 2)
        why = f"but {standby} has no pods that could trade"
        problems.append(
            f"canaryPercent: {percent}, {why}; {start} and `pulumi up` first, or {stop}"
        )
    lowest, symbol = min((shard_of(symbol), symbol) for symbol in config.symbols)
    if lowest >= percent:
        enough = lowest + 1
        more = f"{symbol} is the first to move: {_set('canaryPercent', enough)}"
        advice = more if enough <= CANARY_PERCENT_MAX else f"no percentage would; {stop}"
        problems.append(f"canaryPercent: {percent} moves none of the configured symbols; {advice}")
    return problems


def _trading(config: StackConfig) -> list[str]:
    if not config.trades_live_by_default:
        return []
    on, off = _set("enableTrading", "true"), _set("enableTrading", "false")
    why = "apiEndpoint is the production exchange: money would move by default"
    return [f"enableTrading: is not set, and {why}; say it: {on}, or {off}"]


def _authority(config: StackConfig) -> list[str]:
    """Refuse to trade without what makes the two colors one trader."""
    if not config.trades_elsewhere:
        return []
    off = _set("enableTrading", "false")
    return [
        f"secrets.{name}: is not set, but orders go to an exchange, and {why}; "
        f'`pulumi config set --secret --path secrets.{name} "…"`, or {off}'
        for name, why in _TRADING_SECRETS.items()
        if name not in config.secrets
    ]


def _trades(config: StackConfig, color: Color) -> bool:
    return color is config.active_color or config.canary_percent > 0


def _traded(previous: StackOutputs, color: Color) -> bool:
    return color is previous.active_color or previous.canary_percent > 0


def _built_while_trading(config: StackConfig, previous: StackOutputs) -> list[str]:
    """Only a standby builds: the digest is pinned before a swap."""
    return [
        f"{color}.image: is `build`, but {color} trades; pin what it runs: "
        + _set(f"{color}.image", previous.color(color).image or SOME_IMAGE)
        for color in Color
        if config.color(color).builds and _trades(config, color)
    ]


def _changed_while_trading(config: StackConfig, previous: StackOutputs) -> list[str]:
    """Refuse another image under a color that trades, or that begins to in this very `up`.

    Both: a swap must go to pods that stand there already, and must leave the color that it comes
    from as it was, because that is the way back.
    """
    problems: list[str] = []
    for color in Color:
        image, before = config.color(color).image, previous.color(color).image
        if image == before or (image == BUILD and _trades(config, color)):
            continue
        if _traded(previous, color):
            if not config.allow_in_place_update:
                problems.append(_in_place(color, image, before))
        elif _trades(config, color):
            problems.append(_not_yet_there(config, previous, color))
    return problems


def _in_place(color: Color, image: str, before: str) -> str:
    back = _set(f"{color}.image", before)
    instead = _set(f"{color.other}.image", image or SOME_IMAGE)
    anyway = _set("allowInPlaceUpdate", "true")
    return (
        f"{color}.image: {image!r} would replace {before!r} under a color that trades; "
        f"put it back: {back}, and give the new one to the standby: {instead}; "
        f"or, without a way back: {anyway}"
    )


def _not_yet_there(config: StackConfig, previous: StackOutputs, color: Color) -> str:
    swap = color is config.active_color
    first = _set("activeColor", previous.active_color) if swap else _set("canaryPercent", 0)
    return (
        f"{color}.image: changes in the same `up` that lets {color} trade; deploy it first: "
        f"{first} and `pulumi up`, then let it trade"
    )


def _way_back(config: StackConfig, previous: StackOutputs) -> list[str]:
    """Refuse to take pods away in the `up` that leaves them: they trade on if it is refused."""
    left = previous.active_color
    had = previous.color(left).replicas
    if left is config.active_color or had == 0 or config.color(left).replicas > 0:
        return []
    keep = _set(f"{left}.replicas", had)
    return [f"{left}.replicas: 0 in the same `up` that leaves {left}; swap with {keep} first"]
