"""Typed stack config: every key with its unit, default and reason.

Pure: it must not know Pulumi (`infra.program` reads) nor what runs already (`infra.checks` judges).
`infra.parsing` turns raw texts into it, with every error at once.
"""

from decimal import Decimal
from urllib.parse import urlsplit

from pydantic import (
    Field,
    SecretStr,
    ValidationInfo,
    field_validator,
)
from pydantic_core import PydanticCustomError

from bot.contract import parameters as rows
from bot.contract.addresses import endpoint_error
from bot.contract.color import Color
from bot.contract.environment import (
    ACCOUNT_DEFAULT,
    ACCOUNT_PATTERN,
    CRITICAL_CHECKS_DEFAULT,
    DEFAULT_SYMBOLS,
    DEFAULTS,
    PAPER_ENDPOINT,
    DeployEnv,
    ShutdownPolicy,
    Strategy,
)
from bot.contract.intent import CANARY_PERCENT_MAX, Intent
from bot.contract.ledger import LEDGER_PATTERN
from bot.contract.parameters import PARAMETERS, LogLevel
from bot.contract.secrets import DATABASE_URL
from infra.fields import (
    Checks,
    DnsLabel,
    FileName,
    Flag,
    RedisUrl,
    Symbols,
    parameter,
)
from infra.sections import Acknowledgement, ColorConfig, Resources, Strict
from infra.upstream import port, postgres_address


class StackConfig(Strict):
    """All keys of a stack, in the namespace of the project."""

    # `deploy_env` comes first: the endpoint is judged against it.
    deploy_env: DeployEnv = Field(
        description="Environment. No default: it decides what is refused."
    )
    api_endpoint: str = Field(default="", description="Exchange URL. Default: the environment's.")
    max_position_size: Decimal | None = parameter(rows.MAX_POSITION_SIZE)
    risk_limit_pct: Decimal | None = parameter(rows.RISK_LIMIT_PCT)
    enable_trading: Flag | None = Field(
        default=None,
        description="Switch. Default: the environment's; production trades only if told.",
    )
    max_orders_per_minute: int = parameter(rows.MAX_ORDERS_PER_MINUTE)
    price_collar_pct: Decimal = parameter(rows.PRICE_COLLAR_PCT)
    daily_loss_limit_pct: Decimal = parameter(rows.DAILY_LOSS_LIMIT_PCT)
    reduce_only: bool = parameter(rows.REDUCE_ONLY)
    allow_short: bool = parameter(rows.ALLOW_SHORT)
    read_only: bool = parameter(rows.READ_ONLY)
    kill_switch: bool = parameter(rows.KILL_SWITCH)
    log_level: LogLevel = parameter(rows.LOG_LEVEL)
    acknowledge_risk_increase: Acknowledgement = Field(
        default=Acknowledgement(), description="Who answers for risk that is raised. Default: none."
    )
    symbols: Symbols = Field(
        default=DEFAULT_SYMBOLS, description="What is traded, BASE/QUOTE. Default: the largest."
    )
    account: str = Field(
        default=ACCOUNT_DEFAULT,
        pattern=ACCOUNT_PATTERN,
        description="Name of the exchange account whose orders and budgets these are. "
        "Default main.",
    )
    strategy: Strategy | None = Field(
        default=None,
        description="What makes signals inside the bot. Default: the environment's; beyond local "
        "none, only those that are posted.",
    )
    redis_url: RedisUrl = Field(
        default="",
        description="Cache of market data, without user and password. Default none: slower, no "
        "less right.",
    )
    adopt_intent: str = Field(
        default="",
        max_length=100,
        description="Uid of another stack's intent whose authority over the database this one may "
        "take over; the bot's log names it. Take it out of the old stack at the same time: two "
        "stacks that name each other take it from each other for ever. Default none: it waits.",
    )
    adopt_ledger: str = Field(
        default="",
        pattern=f"{LEDGER_PATTERN}|^$",
        description="Name of the ledger that the pods [move to](database.md#move-a-ledger), when "
        "`database-url` leads to another one; the refused `up` and the bot's log name it. Default "
        "none: such an `up` is refused.",
    )
    critical_checks: Checks = Field(
        default=CRITICAL_CHECKS_DEFAULT,
        description="Checks that take a pod out of the Service when they fail. Default: what it "
        "cannot be without.",
    )
    retention_days: int = parameter(rows.RETENTION_DAYS)
    venue_lag_seconds: float = parameter(rows.VENUE_LAG_SECONDS)
    active_color: Color = Field(description="Who is live. No default: the one lever of a swap.")
    canary_percent: int = Field(
        default=0,
        ge=0,
        le=CANARY_PERCENT_MAX,
        description="Percent of the shards that the other color trades. Default 0: none.",
    )
    blue: ColorConfig = Field(
        default=ColorConfig(), description="What blue runs. Default: nothing."
    )
    green: ColorConfig = Field(
        default=ColorConfig(), description="What green runs. Default: nothing."
    )
    allow_in_place_update: Flag = Field(
        default=False,
        description="Switch: a trading color may change its image without a swap. Default off: "
        "it gives up the warm way back.",
    )
    image_repository: str = Field(
        default="",
        pattern=r"^[^@\s]*$",
        description="Where a built image is pushed to, without tag. Default none: most stacks "
        "run what another has built.",
    )
    base_image: str = Field(
        default="",
        description="BASE_IMAGE of the Dockerfile. Default: the shell's BASE_IMAGE, else its own.",
    )
    context: str = Field(
        default="",
        description="Name of a kubeconfig context. No default: the ambient one may be any cluster.",
    )
    namespace: DnsLabel | None = Field(
        default=None, description="Kubernetes namespace. Default `<project>-<stack>`."
    )
    secrets: dict[FileName, SecretStr] = Field(
        default={},
        description="Files for the bot, by name. Default none: the paper exchange needs none.",
    )
    resources: Resources = Field(
        default=Resources(), description="What a pod asks for and may take."
    )
    startup_seconds: int = parameter(rows.STARTUP_SECONDS)
    shutdown_policy: ShutdownPolicy = Field(
        default=ShutdownPolicy.HANDOVER,
        description="What becomes of orders and positions when a pod ends. Default handover: "
        "closing them at each deploy pays spread and fees.",
    )
    drain_seconds: int = parameter(rows.DRAIN_SECONDS)
    shutdown_seconds: int = parameter(rows.SHUTDOWN_SECONDS)
    close_connections: Flag = Field(
        default=True,
        description="Switch: a color that is not live closes kept-alive connections. Default on: "
        "a swap moves new connections only; off is for showing that.",
    )
    rollout_seconds: int = Field(
        default=150,
        ge=10,
        le=1800,
        description="Seconds that an `up` waits for a color's migration, then for its pods, and at "
        "the end until every ready pod has taken changed limits. Default 150: a slow pull.",
    )
    render_to: str = Field(
        default="",
        description="Folder for rendered manifests, in a stack of its own. Default none: nothing "
        "is applied then, and secrets are written in clear.",
    )

    @field_validator(*PARAMETERS, mode="before")
    @classmethod
    def _by_the_table(cls, value: object, info: ValidationInfo) -> object:
        return PARAMETERS[str(info.field_name)].parse(value)

    @field_validator("api_endpoint")
    @classmethod
    def _endpoint_suits_the_environment(cls, url: str, info: ValidationInfo) -> str:
        environment = info.data.get("deploy_env")
        if url and environment and (problem := endpoint_error(url, environment)):
            raise PydanticCustomError("endpoint", "{problem}", {"problem": problem})
        return url

    @field_validator("secrets")
    @classmethod
    def _database_is_a_postgres(cls, secrets: dict[str, SecretStr]) -> dict[str, SecretStr]:
        url = secrets.get(DATABASE_URL)
        if url and not postgres_address(url.get_secret_value()):
            raise PydanticCustomError(
                "database",
                "database-url must be postgresql://USER:PASSWORD@HOST[:PORT]/DATABASE",
            )
        return secrets

    def color(self, color: Color) -> ColorConfig:
        """Return what this color runs."""
        return self.blue if color is Color.BLUE else self.green

    @property
    def intent(self) -> Intent:
        """Who shall trade."""
        return Intent(self.active_color, self.canary_percent)

    @property
    def builds(self) -> bool:
        """Whether any color's image is built by this program."""
        return self.blue.builds or self.green.builds

    @property
    def endpoint(self) -> str:
        """The exchange, with the environment's default."""
        return self.api_endpoint or DEFAULTS[self.deploy_env].api_endpoint

    @property
    def trades(self) -> bool:
        """Whether orders are sent, with the environment's default."""
        if self.enable_trading is None:
            return DEFAULTS[self.deploy_env].enable_trading
        return self.enable_trading

    @property
    def database(self) -> str:
        """Host, port and name of the database, without what is secret; empty when there is none."""
        url = self.secrets.get(DATABASE_URL)
        return (postgres_address(url.get_secret_value()) or "") if url else ""

    @property
    def egress_ports(self) -> frozenset[int]:
        """TCP ports of the exchange, the database and the cache."""
        database = self.secrets.get(DATABASE_URL)
        urls = [self.endpoint, self.redis_url, database.get_secret_value() if database else ""]
        return frozenset(number for url in urls if (number := port(url)))

    @property
    def trades_elsewhere(self) -> bool:
        """Whether orders leave this process: for an exchange that remembers them."""
        return self.trades and self.endpoint != PAPER_ENDPOINT

    @property
    def trades_live_by_default(self) -> bool:
        """Whether orders would go to the production exchange without anyone having said so here."""
        live = urlsplit(DEFAULTS[DeployEnv.PRODUCTION].api_endpoint).hostname
        return (
            self.trades and self.enable_trading is None and urlsplit(self.endpoint).hostname == live
        )
