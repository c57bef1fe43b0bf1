"""What the bot is told: environment variables at its start, and the file that it reads again.

A value is in one of the two, never in both: a change of the file must not restart a pod.
"""

import json
from decimal import Decimal

from bot.contract import environment as env
from bot.contract import http, reloadable
from bot.contract.color import Color
from infra import names
from infra.config import StackConfig
from infra.secret_files import MOUNT_PATH

CONFIG_PATH = "/etc/bot/config"


def settings(config: StackConfig, color: Color) -> dict[str, str]:
    """Return the bot's environment, by the names of its contract."""
    return {
        env.DEPLOY_ENV: config.deploy_env.value,
        env.API_ENDPOINT: config.endpoint,
        env.ENABLE_TRADING: "true" if config.trades else "false",
        env.SYMBOLS: ",".join(config.symbols),
        env.ACCOUNT: config.account,
        env.STRATEGY: (config.strategy or env.DEFAULTS[config.deploy_env].strategy).value,
        env.REDIS_URL: config.redis_url,
        env.CRITICAL_CHECKS: ",".join(config.critical_checks),
        env.RETENTION_DAYS: str(config.retention_days),
        env.STARTUP_SECONDS: str(config.startup_seconds),
        env.SHUTDOWN_POLICY: config.shutdown_policy.value,
        env.CLOSE_CONNECTIONS: "true" if config.close_connections else "false",
        env.COLOR: color.value,
        env.HTTP_PORT: str(http.PORT),
        env.INTENT_CONFIGMAP: names.INTENT,
        env.SECRETS_DIR: MOUNT_PATH,
        env.CONFIG_DIR: CONFIG_PATH,
        env.DRAIN_SECONDS: str(config.drain_seconds),
        env.SHUTDOWN_SECONDS: str(config.shutdown_seconds),
        # Said once, for one move: a stack that never adopted has no such variable.
        **({env.ADOPT_INTENT: config.adopt_intent} if config.adopt_intent else {}),
    }


def config_file(config: StackConfig) -> str:
    """Return the text of the file that a running bot takes over."""
    defaults = env.DEFAULTS[config.deploy_env]
    size, risk = config.max_position_size, config.risk_limit_pct
    told: dict[str, object] = {
        reloadable.MAX_POSITION_SIZE: defaults.max_position_size if size is None else f"{size:f}",
        reloadable.RISK_LIMIT_PCT: defaults.risk_limit_pct if risk is None else f"{risk:f}",
        reloadable.MAX_ORDERS_PER_MINUTE: config.max_orders_per_minute,
        reloadable.PRICE_COLLAR_PCT: f"{config.price_collar_pct:f}",
        reloadable.DAILY_LOSS_LIMIT_PCT: f"{config.daily_loss_limit_pct:f}",
        reloadable.REDUCE_ONLY: config.reduce_only,
        reloadable.READ_ONLY: config.read_only,
        reloadable.KILL_SWITCH: config.kill_switch,
        reloadable.LOG_LEVEL: config.log_level,
    }
    word = config.acknowledge_risk_increase
    if word.by:
        told[reloadable.ACKNOWLEDGE_RISK_INCREASE] = {
            reloadable.ACKNOWLEDGED_BY: word.by,
            reloadable.ACKNOWLEDGED_REASON: word.reason,
            reloadable.ACKNOWLEDGED_VALUES: {
                key: f"{value:f}" if isinstance(value, Decimal) else value
                for key, value in word.values.model_dump(exclude_none=True, by_alias=True).items()
            },
        }
    return json.dumps(told, indent=2) + "\n"
