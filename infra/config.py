"""Typed stack config: every key with unit, default and reason; every error at once, with its key path.

Pure: raw strings in, one frozen value or one `ConfigError` out. It must not know Pulumi; `infra.program` does the reading.
What depends on more than the config (what runs already) is judged by `infra.checks`.
"""

import json
import re
from collections.abc import Collection, Mapping
from decimal import Decimal
from difflib import get_close_matches
from typing import Annotated, Any, cast
from urllib.parse import urlsplit

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    StringConstraints,
    ValidationError,
    ValidationInfo,
    field_validator,
)
from pydantic.alias_generators import to_camel
from pydantic_core import ErrorDetails, PydanticCustomError

from bot.contract.addresses import endpoint_error, printable_endpoint
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


class ConfigError(ValueError):
    """The stack config cannot be used; `problems` names every key, its value and what would be right."""

    def __init__(self, problems: list[str]) -> None:
        self.problems = problems
        super().__init__("\n".join(problems))


def _flag(value: object) -> object:
    """Take only `true` and `false`: a switch that trades money must not be read from `on`, `1` or `y`."""
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
        description="Image reference, `build`, or empty for a standby that runs nothing. Default empty: a color "
        "costs nothing until it is given something to run.",
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
        default="96Mi", description="Memory. Default 96Mi: the bot's resident 80 MiB and a reserve."
    )
    memory_limit: Quantity = Field(
        default="192Mi",
        description="Memory. Default 192Mi: a leak ends one pod, not the node. There is no CPU limit: throttling "
        "delays heartbeats.",
    )


class StackConfig(_Strict):
    """All keys of a stack, in the namespace of the project."""

    # `deploy_env` comes first: the endpoint is judged against it.
    deploy_env: DeployEnv = Field(
        description="Environment. No default: it decides what is refused."
    )
    api_endpoint: str = Field(
        default="",
        description="Exchange URL. Default: the environment's (bot.contract.environment).",
    )
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
        default=DEFAULT_SYMBOLS,
        description="What is traded, as BASE/QUOTE. Default: the three largest.",
    )
    active_color: Color = Field(description="Who is live. No default: the one lever of a swap.")
    canary_percent: int = Field(
        default=0,
        ge=0,
        le=CANARY_PERCENT_MAX,
        description="Percent of the shards that the other color trades. Default 0: none.",
    )
    blue: ColorConfig = Field(default=ColorConfig(), description="What blue runs.")
    green: ColorConfig = Field(default=ColorConfig(), description="What green runs.")
    allow_in_place_update: Flag = Field(
        default=False,
        description="Switch. Lets a trading color change its image without a swap. Default off: it gives up "
        "the warm way back.",
    )
    image_repository: str = Field(
        default="",
        pattern=r"^[^@\s]*$",
        description="Where a built image is pushed to, without tag. Needed when a color says `build`.",
    )
    base_image: str = Field(
        default="",
        description="BASE_IMAGE of the Dockerfile. Default: the Dockerfile's own, or BASE_IMAGE of the shell.",
    )
    context: str = Field(
        default="",
        description="Name of the kubeconfig context. No default: the ambient one may be another cluster.",
    )
    namespace: DnsLabel | None = Field(
        default=None, description="Kubernetes namespace. Default `<project>-<stack>`."
    )
    secrets: dict[FileName, SecretStr] = Field(
        default={},
        description="Files for the bot, by name, set with `--secret`. Default none: the paper exchange needs none.",
    )
    resources: Resources = Field(
        default=Resources(), description="What a pod asks for and may take."
    )
    drain_seconds: int = Field(
        default=DRAIN_SECONDS_DEFAULT,
        ge=0,
        le=DRAIN_SECONDS_MAX,
        description="Seconds that a pod serves on after SIGTERM. Default: what it takes endpoints to leave "
        "every node's tables.",
    )
    shutdown_seconds: int = Field(
        default=SHUTDOWN_SECONDS_DEFAULT,
        ge=1,
        le=SHUTDOWN_SECONDS_MAX,
        description="Seconds for open work after the drain, before the bot ends anyway.",
    )
    rollout_seconds: int = Field(
        default=150,
        ge=10,
        le=1800,
        description="Seconds that an `up` waits for a color's pods. Default 150: a pull on a slow day, not a coffee.",
    )
    render_to: str = Field(
        default="",
        description="Folder for rendered manifests, in a stack of its own; nothing is applied, and secrets are "
        "written in clear. Default none.",
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


def parse(raw: Mapping[str, object], secret_keys: Collection[str], project: str) -> StackConfig:
    """Return the typed config.

    Args:
        raw: key (without the project's prefix) → text, as Pulumi hands it over; nested ones are JSON.
        secret_keys: keys that hold something encrypted.
        project: prefix of every key in messages.

    Raises:
        ConfigError: with every problem at once.
    """
    problems = _secrecy_problems(raw, secret_keys, project)
    try:
        config = StackConfig.model_validate({key: _decode(value) for key, value in raw.items()})
    except ValidationError as error:
        details = error.errors(include_url=False)
        problems += [_problem(detail, secret_keys, project) for detail in details]
    else:
        if not problems:
            return config
    raise ConfigError(sorted(problems))


def _decode(value: object) -> object:
    if isinstance(value, str) and value.startswith(("{", "[")):
        try:
            return cast("object", json.loads(value))
        except ValueError:
            return value
    return value


def _secrecy_problems(
    raw: Mapping[str, object], secret_keys: Collection[str], project: str
) -> list[str]:
    """Find what is encrypted but would be shown, and what would be hidden but is not encrypted."""
    problems = [
        f"{project}:{key}: is encrypted, but its value is shown in manifests; set it without --secret, or put "
        f"what is secret under {project}:secrets"
        for key in raw
        if key in secret_keys and key != "secrets" and key in _keys(StackConfig)
    ]
    if raw.get("secrets") not in (None, "", "{}") and "secrets" not in secret_keys:
        problems.append(
            f"{project}:secrets: is not encrypted; set each with "
            "`pulumi config set --secret --path secrets.NAME`"
        )
    return problems


def _problem(detail: ErrorDetails, secret_keys: Collection[str], project: str) -> str:
    path = detail["loc"]
    key = f"{project}:{_dotted(path)}"
    if detail["type"] == "extra_forbidden":
        return f"{key}: unknown key{_nearest(path)}"
    if detail["type"] == "missing":
        return f"{key}: missing; set it with `pulumi config set {_dotted(path)} …`{_about(path)}"
    value = "[secret]" if path[0] in {*secret_keys, "secrets"} else _shown(path, detail["input"])
    message = detail["msg"].replace("Input should be", "must be").replace("Value error, ", "")
    return f"{key}: {value}: {message}{_spelling(detail)}{_about(path)}"


def _shown(path: tuple[int | str, ...], value: object) -> str:
    """Return a value as messages may show it; an endpoint may carry a password."""
    return repr(printable_endpoint(str(value)) if path[0] == "apiEndpoint" else value)


def _spelling(detail: ErrorDetails) -> str:
    if detail["type"] != "enum":
        return ""
    allowed = re.findall(r"'([^']*)'", detail["ctx"]["expected"]) if "ctx" in detail else []
    close = get_close_matches(str(detail["input"]), allowed, n=1)
    return f" (did you mean {close[0]}?)" if close else ""


def _dotted(path: tuple[int | str, ...]) -> str:
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return text.removeprefix(".")


def _keys(model: type[BaseModel]) -> dict[str, str]:
    """Return alias → description of a model's fields."""
    return {str(field.alias): field.description or "" for field in model.model_fields.values()}


def _model_at(path: tuple[int | str, ...]) -> type[BaseModel]:
    """Return the model that holds the last part of a path."""
    model: type[BaseModel] = StackConfig
    for part in path[:-1]:
        for field in model.model_fields.values():
            inner: Any = field.annotation
            if field.alias == part and isinstance(inner, type) and issubclass(inner, BaseModel):
                model = inner
    return model


def _nearest(path: tuple[int | str, ...]) -> str:
    known = list(_keys(_model_at(path)))
    close = get_close_matches(str(path[-1]), known, n=1)
    return (
        f"; did you mean {_dotted((*path[:-1], close[0]))}?"
        if close
        else f"; known: {', '.join(known)}"
    )


def _about(path: tuple[int | str, ...]) -> str:
    description = _keys(_model_at(path)).get(str(path[-1]), "")
    return f" ({description.partition('. ')[0]})" if description else ""
