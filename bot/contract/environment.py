"""Names, bounds and defaults of the bot's environment variables.

The bot parses them (`bot.settings`), the Pulumi program writes them (`infra`); both take names,
bounds and defaults from here, so that a stack which `pulumi preview` accepts is one that the bot
accepts.
"""

from dataclasses import dataclass
from enum import StrEnum


class DeployEnv(StrEnum):
    """Where the bot runs; decides the defaults and what is refused."""

    LOCAL = "local"
    STAGING = "staging"
    PRODUCTION = "production"


# What a person sets.
DEPLOY_ENV = "DEPLOY_ENV"
API_ENDPOINT = "API_ENDPOINT"
MAX_POSITION_SIZE = "MAX_POSITION_SIZE"
RISK_LIMIT_PCT = "RISK_LIMIT_PCT"
ENABLE_TRADING = "ENABLE_TRADING"
SYMBOLS = "SYMBOLS"
LOG_LEVEL = "LOG_LEVEL"

# What the platform sets.
COLOR = "BOT_COLOR"
HTTP_PORT = "BOT_HTTP_PORT"
INTENT_CONFIGMAP = "BOT_INTENT_CONFIGMAP"
INTENT_FILE = "BOT_INTENT_FILE"
SECRETS_DIR = "BOT_SECRETS_DIR"
DRAIN_SECONDS = "BOT_DRAIN_SECONDS"
SHUTDOWN_SECONDS = "BOT_SHUTDOWN_SECONDS"
CLOSE_CONNECTIONS = "BOT_CLOSE_CONNECTIONS"
"""`false` leaves kept-alive clients on the color being left: only for the control measurement."""
IMAGE = "BOT_IMAGE"
POD_NAME = "POD_NAME"
POD_NAMESPACE = "POD_NAMESPACE"
POD_UID = "POD_UID"
POD_IP = "POD_IP"
NODE_NAME = "NODE_NAME"

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


PAPER_ENDPOINT = "paper://embedded"
"""The exchange inside the process: moving prices, no money."""

DEFAULTS: dict[DeployEnv, Defaults] = {
    DeployEnv.LOCAL: Defaults(PAPER_ENDPOINT, "1000", "2", enable_trading=True),
    DeployEnv.STAGING: Defaults("https://testnet.binance.vision", "1000", "2", enable_trading=True),
    # Production trades only when it is told so, explicitly.
    DeployEnv.PRODUCTION: Defaults("https://api.binance.com", "500", "1", enable_trading=False),
}

RISK_LIMIT_PCT_MAX = 100
DEFAULT_SYMBOLS = ("BTC/USDT", "ETH/USDT", "SOL/USDT")

DRAIN_SECONDS_MAX = 600
SHUTDOWN_SECONDS_MAX = 600
DRAIN_SECONDS_DEFAULT = 6
"""How long a pod serves on after SIGTERM: endpoints take seconds to leave every node's tables."""
SHUTDOWN_SECONDS_DEFAULT = 10
"""How long the bot may take for open work after the drain, before it ends anyway."""
