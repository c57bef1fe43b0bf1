"""What a stack exports: the hand-over to `release`, and what the next `up` knows of this one.

Keys are stable. Values come from what the provider recorded, not from the config, so a failed `up`
leaves the truth.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from bot.contract.color import Color

ACTIVE_COLOR = "activeColor"
CANARY_PERCENT = "canaryPercent"
NAMESPACE = "namespace"
LIVE_SERVICE = "liveService"
INTENT = "intentConfigMap"
LEDGER = "ledger"
"""Name of the only ledger that the pods may use (`bot.contract.ledger`); empty: any."""
DATABASE = "database"
"""Where that ledger is: host, port and name of the database, without what is secret."""
CONFIG_HASH = "configHash"
"""Of the limits that every ready pod had at the end of an `up`; a failed one leaves the former."""
MIGRATIONS = "migrationSelector"
"""Of the pods of both colors' migrations, as `kubectl -l` takes it."""


def image_key(color: Color) -> str:
    """Key of the reference that a color runs; what `build` became."""
    return f"{color}Image"


def replicas_key(color: Color) -> str:
    """Key of the number of pods of a color."""
    return f"{color}Replicas"


def deployment_key(color: Color) -> str:
    """Key of the name of a color's Deployment."""
    return f"{color}Deployment"


def service_key(color: Color) -> str:
    """Key of the name of a color's preview Service."""
    return f"{color}Service"


def selector_key(color: Color) -> str:
    """Key of the label selector of a color's pods, as `kubectl -l` takes it."""
    return f"{color}Selector"


@dataclass(frozen=True, slots=True)
class ColorOutputs:
    """What was deployed for one color."""

    image: str
    replicas: int
    deployment: str
    service: str
    selector: str


@dataclass(frozen=True, slots=True)
class StackOutputs:
    """What was deployed last."""

    active_color: Color
    canary_percent: int
    namespace: str
    live_service: str
    intent_config_map: str
    blue: ColorOutputs
    green: ColorOutputs
    migrations: str = ""
    """Label selector of the migrations' pods; empty when an older program deployed the stack."""
    ledger: str = ""
    """The only one that the pods may use; empty: any."""
    database: str = ""
    """Where it is: host, port and name."""

    def color(self, color: Color) -> ColorOutputs:
        """Return what was deployed for this color."""
        return self.blue if color is Color.BLUE else self.green

    @classmethod
    def from_mapping(cls, outputs: Mapping[str, object]) -> "StackOutputs | None":
        """Read exported outputs; None when the stack was never deployed to its end.

        Numbers may arrive as 2.0: the engine knows no integers.
        """
        if ACTIVE_COLOR not in outputs:
            return None
        return cls(
            active_color=Color(str(outputs[ACTIVE_COLOR])),
            canary_percent=int(float(str(outputs.get(CANARY_PERCENT, 0)))),
            namespace=str(outputs.get(NAMESPACE, "")),
            live_service=str(outputs.get(LIVE_SERVICE, "")),
            intent_config_map=str(outputs.get(INTENT, "")),
            blue=_color(outputs, Color.BLUE),
            green=_color(outputs, Color.GREEN),
            migrations=str(outputs.get(MIGRATIONS, "")),
            ledger=str(outputs.get(LEDGER, "")),
            database=str(outputs.get(DATABASE, "")),
        )


def _color(outputs: Mapping[str, object], color: Color) -> ColorOutputs:
    return ColorOutputs(
        image=str(outputs.get(image_key(color), "")),
        replicas=int(float(str(outputs.get(replicas_key(color), 0)))),
        deployment=str(outputs.get(deployment_key(color), "")),
        service=str(outputs.get(service_key(color), "")),
        selector=str(outputs.get(selector_key(color), "")),
    )
