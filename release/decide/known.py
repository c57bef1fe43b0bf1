"""What a journal keeps of the outputs, so that a rollback at night need not ask the engine."""

from collections.abc import Mapping, Sequence
from typing import cast

import infra.outputs as keys
from bot.contract.color import Color
from infra.outputs import StackOutputs
from release.decide.model import Json, Record

OUTPUTS = "outputs"


def to_json(outputs: StackOutputs) -> dict[str, Json]:
    """Return the outputs as the stack exports them."""
    told: dict[str, Json] = {
        keys.ACTIVE_COLOR: outputs.active_color.value,
        keys.CANARY_PERCENT: outputs.canary_percent,
        keys.NAMESPACE: outputs.namespace,
        keys.LIVE_SERVICE: outputs.live_service,
        keys.INTENT: outputs.intent_config_map,
        keys.MIGRATIONS: outputs.migrations,
    }
    for color in Color:
        one = outputs.color(color)
        told[keys.image_key(color)] = one.image
        told[keys.replicas_key(color)] = one.replicas
        told[keys.deployment_key(color)] = one.deployment
        told[keys.service_key(color)] = one.service
        told[keys.selector_key(color)] = one.selector
    return told


def last(records: Sequence[Record]) -> StackOutputs | None:
    """Return the outputs that the newest release began with: names in them do not change."""
    for record in reversed(records):
        if isinstance(found := record.data.get(OUTPUTS), dict):
            return StackOutputs.from_mapping(cast("Mapping[str, object]", found))
    return None
