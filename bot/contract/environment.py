"""Names and defaults of the bot's environment variables.

The bot parses them (`bot.config.settings`), the Pulumi program writes them (`infra`); both take
names, rules and defaults from this package, so that a stack which `pulumi preview` accepts is one
that the bot accepts. Numbers and switches have a table: `bot.contract.parameters`.
"""

from dataclasses import dataclass
from enum import StrEnum


class DeployEnv(StrEnum):
    """Where the bot runs; decides the defaults and what is refused."""

    LOCAL = "local"
    STAGING = "staging"
    PRODUCTION = "production"


class Strategy(StrEnum):
    """What makes signals inside the bot."""

    AVERAGE_CROSS = "average-cross"
    NONE = "none"
    """Only those that come in by `POST /signals`."""


class ShutdownPolicy(StrEnum):
    """What becomes of orders and positions when the bot ends."""

    HANDOVER = "handover"
    """They stay as they are, for the bot that trades next."""
    CANCEL = "cancel"
    """Resting orders are cancelled, positions stay."""
    FLATTEN = "flatten"
    """Resting orders are cancelled and positions closed: pays spread and fees."""


# What a person sets.
DEPLOY_ENV = "DEPLOY_ENV"
API_ENDPOINT = "API_ENDPOINT"
ENABLE_TRADING = "ENABLE_TRADING"
SYMBOLS = "SYMBOLS"
ACCOUNT = "ACCOUNT"
"""Name of the venue account whose budgets and orders these are."""
STRATEGY = "STRATEGY"
SHUTDOWN_POLICY = "SHUTDOWN_POLICY"
CRITICAL_CHECKS = "CRITICAL_CHECKS"
"""Checks that make a pod unready when they fail, separated by commas; the others only warn."""
REDIS_URL = "REDIS_URL"
"""Of the cache; without user and password."""
ADOPT_INTENT = "ADOPT_INTENT"
"""Which other intent's authority over the database this stack may take over: its source."""

# What the platform sets.
COLOR = "BOT_COLOR"
HTTP_PORT = "BOT_HTTP_PORT"
INTENT_CONFIGMAP = "BOT_INTENT_CONFIGMAP"
INTENT_FILE = "BOT_INTENT_FILE"
SECRETS_DIR = "BOT_SECRETS_DIR"
CONFIG_DIR = "BOT_CONFIG_DIR"
"""Folder of the file that is reloaded while the bot runs (`bot.contract.reloadable`)."""
CONFIG_CONFIGMAP = "BOT_CONFIG_CONFIGMAP"
"""ConfigMap that the folder shows late; watched, a change takes effect at once."""
LEDGER = "BOT_LEDGER"
"""Path of a SQLite file; empty keeps the ledger in memory. The URL of a Postgres database holds a
password: it comes from the mounted Secret (`bot.contract.secrets.DATABASE_URL`) and goes first."""
ORDER_MARK = "BOT_ORDER_MARK"
"""What the client ids of this stack's orders begin with: tells stacks on one account apart."""
CLOSE_CONNECTIONS = "BOT_CLOSE_CONNECTIONS"
"""`false` leaves kept-alive clients on the color being left: only for the control measurement."""
IMAGE = "BOT_IMAGE"
POD_NAME = "POD_NAME"
POD_NAMESPACE = "POD_NAMESPACE"

# What the image sets (build arguments of the same names, without the prefix).
VERSION = "BOT_VERSION"
REVISION = "BOT_REVISION"
CREATED = "BOT_CREATED"
VERSION_DEFAULT = "0.0.0-dev"
"""Of a checkout that no build has stamped."""
STAMP_DEFAULT = "unknown"


@dataclass(frozen=True, slots=True)
class Defaults:
    """What a deployment environment means when nothing else is said."""

    api_endpoint: str
    max_position_size: str
    """Largest position per symbol, in quote currency; a decimal number as text."""
    risk_limit_pct: str
    """Share of equity that may be at risk, in percent; a decimal number as text."""
    enable_trading: bool
    strategy: Strategy


PAPER_ENDPOINT = "paper://embedded"
"""The exchange inside the process: moving prices, no money."""

DEFAULTS: dict[DeployEnv, Defaults] = {
    DeployEnv.LOCAL: Defaults(
        PAPER_ENDPOINT, "1000", "2", enable_trading=True, strategy=Strategy.AVERAGE_CROSS
    ),
    DeployEnv.STAGING: Defaults(
        "https://testnet.binance.vision", "1000", "2", enable_trading=True, strategy=Strategy.NONE
    ),
    # Production trades only when it is told so, explicitly.
    DeployEnv.PRODUCTION: Defaults(
        "https://api.binance.com", "500", "1", enable_trading=False, strategy=Strategy.NONE
    ),
}

DEPLOY_ENV_DEFAULT = DeployEnv.LOCAL
"""Where a process runs that nobody told; a pod is always told."""
ACCOUNT_DEFAULT = "main"
ACCOUNT_PATTERN = "^[a-z0-9][a-z0-9-]{0,31}$"
ORDER_MARK_DEFAULT = "bot"
"""Of a process on its own; the Pulumi program gives each stack another one."""
ORDER_MARK_MAX = 6
ORDER_MARK_PATTERN = f"^[a-z0-9]{{1,{ORDER_MARK_MAX}}}$"
CRITICAL_CHECKS_DEFAULT = ("database", "startup")
DEFAULT_SYMBOLS = ("BTC/USDT", "ETH/USDT", "SOL/USDT")
