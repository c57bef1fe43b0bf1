"""The bot's configuration: parsed once, from a mapping, into one frozen value; all errors at once.

A plain model over the environment, without a settings library: nothing is read from anywhere else,
so what a test passes is what a pod gets.
"""

import socket
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
    field_validator,
)
from pydantic_core import ErrorDetails

from bot.config.fields import (
    AbsolutePath,
    Account,
    Checks,
    Flag,
    OrderMark,
    RedisUrl,
    Symbols,
    parameter,
)
from bot.contract import environment as env
from bot.contract import parameters as rows
from bot.contract.addresses import endpoint_error, printable_endpoint
from bot.contract.color import Color
from bot.contract.environment import DEFAULTS, Defaults, DeployEnv, ShutdownPolicy, Strategy
from bot.contract.errors import message_of
from bot.contract.http import PORT
from bot.contract.parameters import PARAMETERS, LogLevel

KUBERNETES_HOST = "KUBERNETES_SERVICE_HOST"
"""Set by Kubernetes in every container; that is how a pod knows that it is one."""

REQUIRED_IN_A_CLUSTER = (
    env.DEPLOY_ENV,
    env.COLOR,
    env.INTENT_CONFIGMAP,
    env.POD_NAME,
    env.POD_NAMESPACE,
)
"""What has a default for a process on its own; in a cluster it would let both colors trade."""

_MAY_BE_EMPTY = (
    env.INTENT_CONFIGMAP,
    env.INTENT_FILE,
    env.SECRETS_DIR,
    env.CONFIG_DIR,
    env.CONFIG_CONFIGMAP,
    env.LEDGER,
    env.REDIS_URL,
    env.ADOPT_INTENT,
    env.IMAGE,
    env.POD_NAME,
    env.POD_NAMESPACE,
    env.VERSION,
    env.REVISION,
    env.CREATED,
)
"""Names whose empty value means "not set". Elsewhere it is an error: a template lost its value."""


class SettingsError(ValueError):
    """The environment is not a configuration; `errors` holds one line for each thing wrong."""

    def __init__(self, errors: list[str]) -> None:
        super().__init__("; ".join(errors))
        self.errors = errors


def _defaults(data: dict[str, Any]) -> Defaults:
    return DEFAULTS[data.get("deploy_env", env.DEPLOY_ENV_DEFAULT)]


class Settings(BaseModel):
    """One pod's configuration. Field order matters: defaults and checks look at those above."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    deploy_env: DeployEnv = Field(env.DEPLOY_ENV_DEFAULT, validation_alias=env.DEPLOY_ENV)
    api_endpoint: str = Field(
        default_factory=lambda data: _defaults(data).api_endpoint,
        validation_alias=env.API_ENDPOINT,
    )
    max_position_size: Decimal = parameter(rows.MAX_POSITION_SIZE)
    risk_limit_pct: Decimal = parameter(rows.RISK_LIMIT_PCT)
    max_orders_per_minute: int = parameter(rows.MAX_ORDERS_PER_MINUTE)
    price_collar_pct: Decimal = parameter(rows.PRICE_COLLAR_PCT)
    daily_loss_limit_pct: Decimal = parameter(rows.DAILY_LOSS_LIMIT_PCT)
    reduce_only: bool = parameter(rows.REDUCE_ONLY)
    allow_short: bool = parameter(rows.ALLOW_SHORT)
    read_only: bool = parameter(rows.READ_ONLY)
    kill_switch: bool = parameter(rows.KILL_SWITCH)
    log_level: LogLevel = parameter(rows.LOG_LEVEL)
    retention_days: int = parameter(rows.RETENTION_DAYS)
    venue_lag_seconds: float = parameter(rows.VENUE_LAG_SECONDS)
    startup_seconds: float = parameter(rows.STARTUP_SECONDS)
    drain_seconds: float = parameter(rows.DRAIN_SECONDS)
    shutdown_seconds: float = parameter(rows.SHUTDOWN_SECONDS)
    enable_trading: Flag = Field(
        default_factory=lambda data: _defaults(data).enable_trading,
        validation_alias=env.ENABLE_TRADING,
    )
    symbols: Symbols = Field(env.DEFAULT_SYMBOLS, validation_alias=env.SYMBOLS)
    account: Account = Field(env.ACCOUNT_DEFAULT, validation_alias=env.ACCOUNT)
    strategy: Strategy = Field(
        default_factory=lambda data: _defaults(data).strategy, validation_alias=env.STRATEGY
    )
    shutdown_policy: ShutdownPolicy = Field(
        ShutdownPolicy.HANDOVER, validation_alias=env.SHUTDOWN_POLICY
    )
    critical_checks: Checks = Field(
        env.CRITICAL_CHECKS_DEFAULT, validation_alias=env.CRITICAL_CHECKS
    )
    redis_url: RedisUrl | None = Field(None, validation_alias=env.REDIS_URL)
    adopt_intent: str = Field("", validation_alias=env.ADOPT_INTENT)

    color: Color = Field(Color.BLUE, validation_alias=env.COLOR)
    http_port: int = Field(PORT, validation_alias=env.HTTP_PORT, ge=0, le=65535)
    """0 takes any free port, which the log then names."""
    intent_configmap: str | None = Field(None, validation_alias=env.INTENT_CONFIGMAP)
    intent_file: AbsolutePath | None = Field(None, validation_alias=env.INTENT_FILE)
    secrets_dir: AbsolutePath | None = Field(None, validation_alias=env.SECRETS_DIR)
    config_dir: AbsolutePath | None = Field(None, validation_alias=env.CONFIG_DIR)
    """Folder of the file that is reloaded; None: nothing is."""
    config_configmap: str | None = Field(None, validation_alias=env.CONFIG_CONFIGMAP)
    """ConfigMap behind that folder; None: it is not watched."""
    ledger: AbsolutePath | None = Field(None, validation_alias=env.LEDGER)
    """SQLite file; None: in memory, unless the mounted Secret names a database."""
    order_mark: OrderMark = Field(env.ORDER_MARK_DEFAULT, validation_alias=env.ORDER_MARK)
    close_connections: Flag = Field(default=True, validation_alias=env.CLOSE_CONNECTIONS)

    image: str = Field("", validation_alias=env.IMAGE)
    pod_name: str = Field(default_factory=socket.gethostname, validation_alias=env.POD_NAME)
    pod_namespace: str = Field("", validation_alias=env.POD_NAMESPACE)
    version: str = Field(env.VERSION_DEFAULT, validation_alias=env.VERSION)
    revision: str = Field(env.STAMP_DEFAULT, validation_alias=env.REVISION)
    created: str = Field(env.STAMP_DEFAULT, validation_alias=env.CREATED)

    @field_validator(*PARAMETERS, mode="before")
    @classmethod
    def _by_the_table(cls, value: object, info: ValidationInfo) -> object:
        return PARAMETERS[str(info.field_name)].parse(value)

    @field_validator("api_endpoint")
    @classmethod
    def _right_for_the_environment(cls, url: str, info: ValidationInfo) -> str:
        if error := endpoint_error(url, info.data.get("deploy_env", env.DEPLOY_ENV_DEFAULT)):
            raise ValueError(error)
        return url

    @classmethod
    def load(cls, environ: Mapping[str, str]) -> Self:
        """Parse the environment.

        Raises:
            SettingsError: with a line `KEY='value': what would be right` for each thing wrong.
        """
        given = {key: value for key, value in environ.items() if value or key not in _MAY_BE_EMPTY}
        errors = list(_placement_errors(given))
        try:
            settings = cls.model_validate(given)
        except ValidationError as error:
            errors += [_line(detail) for detail in error.errors() if _is_cause(detail)]
            raise SettingsError(errors) from None  # its own text repeats values in clear
        if errors:
            raise SettingsError(errors)
        return settings


def _placement_errors(given: Mapping[str, str]) -> Iterator[str]:
    """What is wrong between keys, and with keys that are missing where the bot runs."""
    if env.INTENT_CONFIGMAP in given and env.INTENT_FILE in given:
        yield f"{env.INTENT_FILE}={given[env.INTENT_FILE]!r}: unset it or {env.INTENT_CONFIGMAP}"
    if KUBERNETES_HOST in given:
        for key in REQUIRED_IN_A_CLUSTER:
            if key not in given:
                yield f"{key}: not set, and a pod needs it; the Pulumi program sets it"
    elif env.INTENT_CONFIGMAP in given:
        name = given[env.INTENT_CONFIGMAP]
        yield f"{env.INTENT_CONFIGMAP}={name!r}: only a pod can watch it; set {env.INTENT_FILE}"
    if env.CONFIG_CONFIGMAP in given and (
        KUBERNETES_HOST not in given or env.CONFIG_DIR not in given
    ):
        name = given[env.CONFIG_CONFIGMAP]
        yield (
            f"{env.CONFIG_CONFIGMAP}={name!r}: only a pod can watch it, beside {env.CONFIG_DIR}; "
            "unset it"
        )


def _is_cause(detail: ErrorDetails) -> bool:
    """Leave out defaults that could not be found because a field above them is wrong."""
    return detail["type"] != "default_factory_not_called"


def _line(detail: ErrorDetails) -> str:
    key = str(detail["loc"][0])
    value = str(detail["input"])
    if key in (env.API_ENDPOINT, env.REDIS_URL):
        value = printable_endpoint(value)
    return f"{key}={value!r}: {message_of(detail)}"
