"""What the bot is told: environment variables at its start, and the file that it reads again.

A value is in one of the two, never in both: a change of the file must not restart a pod.
"""

import json

from bot.contract import environment as env
from bot.contract import http, reloadable
from bot.contract.color import Color
from bot.contract.parameters import AT_START, RELOADABLE, Parameter, Value, to_json
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
        env.SHUTDOWN_POLICY: config.shutdown_policy.value,
        env.CLOSE_CONNECTIONS: "true" if config.close_connections else "false",
        env.COLOR: color.value,
        env.HTTP_PORT: str(http.PORT),
        env.INTENT_CONFIGMAP: names.INTENT,
        env.SECRETS_DIR: MOUNT_PATH,
        env.CONFIG_DIR: CONFIG_PATH,
        env.CONFIG_CONFIGMAP: names.CONFIG,
        **{row.variable: str(_value(config, row)) for row in AT_START},
        # Said once, for one move: a stack that never adopted has no such variable.
        **({env.ADOPT_INTENT: config.adopt_intent} if config.adopt_intent else {}),
    }


def config_file(config: StackConfig) -> str:
    """Return the text of the file that a running bot takes over."""
    content: dict[str, object] = {row.key: to_json(_value(config, row)) for row in RELOADABLE}
    word = config.acknowledge_risk_increase
    if word.by:
        content[reloadable.ACKNOWLEDGE_RISK_INCREASE] = {
            reloadable.ACKNOWLEDGED_BY: word.by,
            reloadable.ACKNOWLEDGED_REASON: word.reason,
            reloadable.ACKNOWLEDGED_VALUES: {
                key: to_json(value)
                for key, value in word.values.model_dump(exclude_none=True, by_alias=True).items()
            },
        }
    return json.dumps(content, indent=2) + "\n"


def _value(config: StackConfig, row: Parameter) -> Value:
    value: Value | None = getattr(config, row.name)
    return row.default_in(config.deploy_env) if value is None else value
