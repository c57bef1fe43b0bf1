"""The nested parts of the stack config."""

from decimal import Decimal
from typing import Any, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic.alias_generators import to_camel
from pydantic_core import PydanticCustomError

from bot.contract import parameters as rows
from bot.contract.parameters import AT_RISK, Parameter, Risk
from infra.fields import DIGEST, IMAGE, Quantity

BUILD = "build"
"""The image value that lets this program build the image."""


class Strict(BaseModel):
    """Frozen, and refuses keys that it does not know."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        alias_generator=to_camel,
        hide_input_in_errors=True,
        regex_engine="python-re",
    )


class ColorConfig(Strict):
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
        if image in ("", BUILD) or IMAGE.fullmatch(image):
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
        return DIGEST.search(self.image) is not None


class Resources(Strict):
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


_ACKNOWLEDGED = {
    None: "",
    Risk.HIGHER: "Up to where. Default: not raised.",
    Risk.ON: "true, when it is switched on. Default: it is not.",
    Risk.OFF: "false, when it is switched off. Default: it is not.",
}


def _acknowledged(row: Parameter) -> Any:  # noqa: ANN401 - pydantic's fields are of any type
    return Field(default=None, description=_ACKNOWLEDGED[row.risk])


class AcknowledgedValues(Strict):
    """What is acknowledged: the values that raise risk, as they are set beside it."""

    max_position_size: Decimal | None = _acknowledged(rows.MAX_POSITION_SIZE)
    risk_limit_pct: Decimal | None = _acknowledged(rows.RISK_LIMIT_PCT)
    max_orders_per_minute: int | None = _acknowledged(rows.MAX_ORDERS_PER_MINUTE)
    price_collar_pct: Decimal | None = _acknowledged(rows.PRICE_COLLAR_PCT)
    daily_loss_limit_pct: Decimal | None = _acknowledged(rows.DAILY_LOSS_LIMIT_PCT)
    reduce_only: bool | None = _acknowledged(rows.REDUCE_ONLY)
    allow_short: bool | None = _acknowledged(rows.ALLOW_SHORT)
    read_only: bool | None = _acknowledged(rows.READ_ONLY)
    kill_switch: bool | None = _acknowledged(rows.KILL_SWITCH)

    @field_validator(*(row.name for row in AT_RISK), mode="before")
    @classmethod
    def _by_the_table(cls, value: object, info: ValidationInfo) -> object:
        return rows.PARAMETERS[str(info.field_name)].parse(value)


class Acknowledgement(Strict):
    """Someone's word for risk that is raised in production; the bot takes it once."""

    by: str = Field(
        default="",
        max_length=500,
        description="Who raises risk in production. Default: nobody, so the bot refuses a rise.",
    )
    reason: str = Field(default="", max_length=500, description="Why. Default: nothing is raised.")
    values: AcknowledgedValues = Field(
        default=AcknowledgedValues(), description="What is raised. Default: nothing."
    )

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        values = self.values.model_dump(exclude_none=True)
        if any((self.by, self.reason, values)) and not all((self.by, self.reason, values)):
            raise PydanticCustomError("acknowledgement", "must have by, reason and values")
        return self
