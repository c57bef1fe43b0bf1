"""Typed stack config: every key with its unit, default and reason.

Pure: it must not know Pulumi (`infra.program` reads) nor what runs already (`infra.checks` judges).
`infra.parsing` turns raw texts into it, with every error at once.
"""

import re
from decimal import Decimal
from typing import Annotated, Literal, cast
from urllib.parse import urlsplit

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    StringConstraints,
    ValidationInfo,
    field_validator,
)
from pydantic.alias_generators import to_camel
from pydantic_core import PydanticCustomError

from bot.contract.addresses import endpoint_error
from bot.contract.color import Color
from bot.contract.environment import (
    DEFAULT_SYMBOLS,
    DEFAULTS,
    DRAIN_SECONDS_DEFAULT,
    DRAIN_SECONDS_MAX,
    RISK_LIMIT_PCT_MAX,
    SHUTDOWN_SECONDS_DEFAULT,
    SHUTDOWN_SECONDS_MAX,
    DeployEnv,
)
from bot.contract.intent import CANARY_PERCENT_MAX, Intent
from bot.contract.symbols import parse_symbols

BUILD = "build"
"""The image value that lets this program build the image."""

_IMAGE = re.compile(
    r"(?:[A-Za-z0-9][A-Za-z0-9.-]*(?::[0-9]+)?/)?[a-z0-9]+(?:[._/-]+[a-z0-9]+)*"
    r"(?::[A-Za-z0-9_][\w.-]{0,127})?(?:@sha256:[0-9a-f]{64})?"
)
_DIGEST = re.compile(r"@sha256:[0-9a-f]{64}$")

Quantity = Annotated[str, StringConstraints(pattern=r"^[1-9][0-9]*(m|Ki|Mi|Gi)?$")]
DnsLabel = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$")]
FileName = Annotated[str, StringConstraints(pattern=r"^[-_A-Za-z0-9][-._A-Za-z0-9]{0,127}$")]


def _flag(value: object) -> object:
    """Take only `true` and `false`: nothing that trades money may be read from `on` or `1`."""
    if isinstance(value, bool):
        return value
    if value in ("true", "false"):
        return value == "true"
    raise PydanticCustomError("flag", "must be true or false")


def _symbols(value: object) -> object:
    """Take a YAML list, or one text with commas, in canonical spelling."""
    parts = cast("list[object]", value) if isinstance(value, list) else [value]
    try:
        return parse_symbols(",".join(str(part) for part in parts))
    except ValueError as error:
        raise PydanticCustomError("symbols", "{reason}", {"reason": str(error)}) from error


Flag = Annotated[bool, BeforeValidator(_flag)]
Symbols = Annotated[tuple[str, ...], BeforeValidator(_symbols)]


class _Strict(BaseModel):
    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        alias_generator=to_camel,
        hide_input_in_errors=True,
        regex_engine="python-re",
    )


class ColorConfig(_Strict):
    """What one color runs."""

    image: str = Field(
        default="",
        description="Image reference, or `build`. Default empty: a standby that runs nothing.",
    )
    replicas: int = Field(
        default=0,
        ge=0,
        le=100,
        description="Pods. Default 0, for the same reason; 100 guards against a slip.",
    )

    @field_validator("image")
    @classmethod
    def _image_is_a_reference(cls, image: str) -> str:
        if image in ("", BUILD) or _IMAGE.fullmatch(image):
            return image
        raise PydanticCustomError(
            "image", "must be `build` or REPOSITORY[:TAG]@sha256:<64 hexadecimal digits>"
        )

    @property
    def builds(self) -> bool:
        """Whether this program builds the image."""
        return self.image == BUILD

    @property
    def pinned(self) -> bool:
        """Whether the reference names one image for ever."""
        return _DIGEST.search(self.image) is not None


class Resources(_Strict):
    """What a pod asks for and may take."""

    cpu_request: Quantity = Field(
        default="100m", description="CPU. Default 100m: an idle bot needs 20m, a swap some more."
    )
    memory_request: Quantity = Field(
        default="96Mi", description="Memory. Default 96Mi: the resident 80 MiB and a reserve."
    )
    # There is no CPU limit: throttling delays heartbeats.
    memory_limit: Quantity = Field(
        default="192Mi", description="Memory. Default 192Mi: a leak ends one pod, not the node."
    )


class StackConfig(_Strict):
    """All keys of a stack, in the namespace of the project."""

    # `deploy_env` comes first: the endpoint is judged against it.
    deploy_env: DeployEnv = Field(
        description="Environment. No default: it decides what is refused."
    )
    api_endpoint: str = Field(default="", description="Exchange URL. Default: the environment's.")
    max_position_size: Decimal | None = Field(
        default=None,
        gt=0,
        description="Quote currency per symbol, above 0. Default: the environment's.",
    )
    risk_limit_pct: Decimal | None = Field(
        default=None,
        gt=0,
        le=RISK_LIMIT_PCT_MAX,
        description="Percent of equity, above 0. Default: the environment's.",
    )
    enable_trading: Flag | None = Field(
        default=None,
        description="Switch. Default: the environment's; production trades only if told.",
    )
    symbols: Symbols = Field(
        default=DEFAULT_SYMBOLS, description="What is traded, BASE/QUOTE. Default: the largest."
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="Level. Default info: what an operator reads at night."
    )
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
    drain_seconds: int = Field(
        default=DRAIN_SECONDS_DEFAULT,
        ge=0,
        le=DRAIN_SECONDS_MAX,
        description="Seconds that a pod serves on after SIGTERM. Default: what endpoints take to "
        "leave every node's tables.",
    )
    shutdown_seconds: int = Field(
        default=SHUTDOWN_SECONDS_DEFAULT,
        ge=1,
        le=SHUTDOWN_SECONDS_MAX,
        description="Seconds for open work after the drain. Default: the contract's.",
    )
    close_connections: Flag = Field(
        default=True,
        description="Switch: a color that is not live closes kept-alive connections. Default on: "
        "a swap moves new connections only; off is for showing that.",
    )
    rollout_seconds: int = Field(
        default=150,
        ge=10,
        le=1800,
        description="Seconds that an `up` waits for a color's pods. Default 150: a slow pull.",
    )
    render_to: str = Field(
        default="",
        description="Folder for rendered manifests, in a stack of its own. Default none: nothing "
        "is applied then, and secrets are written in clear.",
    )

    @field_validator("api_endpoint")
    @classmethod
    def _endpoint_suits_the_environment(cls, url: str, info: ValidationInfo) -> str:
        environment = info.data.get("deploy_env")
        if url and environment and (problem := endpoint_error(url, environment)):
            raise PydanticCustomError("endpoint", "{problem}", {"problem": problem})
        return url

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
    def trades_live_by_default(self) -> bool:
        """Whether orders would go to the production exchange without anyone having said so here."""
        live = urlsplit(DEFAULTS[DeployEnv.PRODUCTION].api_endpoint).hostname
        return (
            self.trades and self.enable_trading is None and urlsplit(self.endpoint).hostname == live
        )
