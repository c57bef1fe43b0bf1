"""What a change of each stack config key does to the pods: a table that covers every key.

`infra.reference` prints it. A test renders two configs that differ in one key and compares.
"""

from collections.abc import Iterator, Mapping
from enum import Enum
from types import MappingProxyType

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from bot.contract.parameters import PARAMETERS
from infra.config import StackConfig


class Effect(Enum):
    """What happens at the `pulumi up` that changes a key; the value is the manual's sentence."""

    RESTARTS_BOTH = "Restarts the pods of both colors."
    RESTARTS_BLUE = "Restarts blue's pods; green's run on."
    RESTARTS_GREEN = "Restarts green's pods; blue's run on."
    SCALES_BLUE = "Starts or ends pods of blue; the others run on."
    SCALES_GREEN = "Starts or ends pods of green; the others run on."
    RELOADS = "In effect in every ready pod before the `pulumi up` ends. Restarts nothing."
    MOVES_AUTHORITY = "Moves trading between the colors. Restarts nothing."
    REREADS_SIGNAL_KEYS = (
        "Restarts nothing. Running pods reread the files `signals-…`; the others count from a "
        "pod's next start."
    )
    BUILDS = "Builds again: restarts the pods of a color whose image is `build`, and no others."
    REPLACES_ALL = "Replaces every object, so all pods of both colors."
    RENDERS = "Applies nothing: writes manifests."
    NOT_IN_PODS = "Restarts nothing: pods do not know it."


def keys(model: type[BaseModel] = StackConfig, prefix: str = "") -> Iterator[tuple[str, FieldInfo]]:
    """Yield each key as it is set, with a dot where it is nested, and its field."""
    for name, field in model.model_fields.items():
        key, inner = f"{prefix}{field.alias or name}", field.annotation
        if isinstance(inner, type) and issubclass(inner, BaseModel):
            yield from keys(inner, f"{key}.")
        else:
            yield key, field


_BY_KEY = {
    "deployEnv": Effect.RESTARTS_BOTH,
    "apiEndpoint": Effect.RESTARTS_BOTH,
    "enableTrading": Effect.RESTARTS_BOTH,
    "symbols": Effect.RESTARTS_BOTH,
    "account": Effect.RESTARTS_BOTH,
    "strategy": Effect.RESTARTS_BOTH,
    "redisUrl": Effect.RESTARTS_BOTH,
    "adoptIntent": Effect.RESTARTS_BOTH,
    "adoptLedger": Effect.RESTARTS_BOTH,
    "criticalChecks": Effect.RESTARTS_BOTH,
    "activeColor": Effect.MOVES_AUTHORITY,
    "canaryPercent": Effect.MOVES_AUTHORITY,
    "blue.image": Effect.RESTARTS_BLUE,
    "blue.replicas": Effect.SCALES_BLUE,
    "green.image": Effect.RESTARTS_GREEN,
    "green.replicas": Effect.SCALES_GREEN,
    "allowInPlaceUpdate": Effect.NOT_IN_PODS,
    "imageRepository": Effect.BUILDS,
    "baseImage": Effect.BUILDS,
    "context": Effect.REPLACES_ALL,
    "namespace": Effect.REPLACES_ALL,
    "secrets": Effect.REREADS_SIGNAL_KEYS,
    "resources.cpuRequest": Effect.RESTARTS_BOTH,
    "resources.memoryRequest": Effect.RESTARTS_BOTH,
    "resources.memoryLimit": Effect.RESTARTS_BOTH,
    "shutdownPolicy": Effect.RESTARTS_BOTH,
    "closeConnections": Effect.RESTARTS_BOTH,
    "rolloutSeconds": Effect.NOT_IN_PODS,
    "renderTo": Effect.RENDERS,
}
_OF_PARAMETERS = {
    row.key: Effect.RELOADS if row.reloadable else Effect.RESTARTS_BOTH
    for row in PARAMETERS.values()
}
_OF_ACKNOWLEDGEMENT = {
    key: Effect.RELOADS for key, _ in keys() if key.startswith("acknowledgeRiskIncrease.")
}
EFFECTS: Mapping[str, Effect] = MappingProxyType(_BY_KEY | _OF_PARAMETERS | _OF_ACKNOWLEDGEMENT)
"""The effect of each key."""

if difference := {key for key, _ in keys()} ^ set(EFFECTS):
    raise AssertionError(f"without an effect here, or without a field: {sorted(difference)}")
