"""Names of the objects in the cluster and the labels that find them, each written down once."""

from dataclasses import dataclass
from hashlib import sha256

from bot.contract.color import Color
from bot.contract.environment import ORDER_MARK_MAX

APP = "bot"
LIVE_SERVICE = "bot"
INTENT = "bot-intent"
CONFIG = "bot-config"
MIGRATION = "bot-migration"
SERVICE_ACCOUNT = "bot"
SECRET = "bot-secrets"  # noqa: S105 -- the name of an object, not a secret
CONTAINER = "bot"
PORT_NAME = "http"
SERVICE_PORT = 80

COLOR_LABEL = "bot.handover/color"
ADOPTED_LEDGER = "bot.handover/adopted-ledger"
SKIP_AWAIT = "pulumi.com/skipAwait"
REPLACE_UNREADY = "pulumi.com/replaceUnready"
PATCH_FORCE = "pulumi.com/patchForce"


def order_mark(project: str, stack: str) -> str:
    """Return what tells this stack's orders from those of others on the same account."""
    return sha256(f"{project}/{stack}".encode()).hexdigest()[:ORDER_MARK_MAX]


@dataclass(frozen=True, slots=True)
class Names:
    """What depends on the stack: the namespace and the labels."""

    stack: str
    namespace: str

    @property
    def labels(self) -> dict[str, str]:
        """Labels of everything that this stack declares."""
        return {"app.kubernetes.io/name": APP, "app.kubernetes.io/instance": self.stack}

    def color_labels(self, color: Color) -> dict[str, str]:
        """Labels of what belongs to one color; they select its pods, and never change."""
        return {**self.labels, COLOR_LABEL: color.value}

    @staticmethod
    def deployment(color: Color) -> str:
        """Name of a color's Deployment, its preview Service and its disruption budget."""
        return f"{APP}-{color}"
