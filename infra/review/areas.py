"""What kind of change a value's change is: one total table, looked up from the top. Pure.

What no line claims is OTHER, and a reviewer is told so: nothing passes unseen.
"""

import re
from enum import Enum

from bot.contract import environment as env
from bot.contract import parameters as rows
from bot.contract.intent import LEDGER_KEY
from infra import names
from infra.review.fields import FieldChange, sounds_secret


class Area(Enum):
    """What a change touches, the most dangerous first."""

    CLUSTER = "cluster settings"
    SELECTOR = "selectors"
    LEDGER = "ledger"
    INTENT = "trading colors"
    SECRETS = "secrets"
    RIGHTS = "rights"
    IMAGE = "images"
    PROBES = "probes"
    RESOURCES = "resources"
    TRADING = "trading settings"
    RISK_LIMITS = "trading limits"
    SHUTDOWN = "shutdown settings"
    DISRUPTION = "disruption budgets"
    REPLICAS = "numbers of pods"
    OTHER = "things that this text does not know"
    MIGRATION = "migrations"
    ENVIRONMENT = "environment variables"
    HARMLESS = "labels and notes"


_SHUTDOWN_VARIABLES = {
    rows.DRAIN_SECONDS.variable,
    rows.SHUTDOWN_SECONDS.variable,
    env.SHUTDOWN_POLICY,
}
_TRADING_VARIABLES = {
    env.DEPLOY_ENV,
    env.API_ENDPOINT,
    env.ENABLE_TRADING,
    env.SYMBOLS,
    env.ACCOUNT,
    env.STRATEGY,
    env.INTENT_CONFIGMAP,
    env.LEDGER,
}
_ENV = re.compile(r"spec\.template\.spec\.containers\[[^\]]*\]\.env\[([^\]]*)\]")
_TABLE: tuple[tuple[str, str, str, Area], ...] = (
    # kind, logical name, path, area; all three are whole matches
    ("Provider", ".*", ".*", Area.CLUSTER),
    ("Service", names.LIVE_SERVICE, r"spec\.selector.*", Area.SELECTOR),
    ("ConfigMap", names.INTENT, rf"data\.{LEDGER_KEY}", Area.LEDGER),
    ("ConfigMap", names.INTENT, r"data.*", Area.INTENT),
    ("ConfigMap", names.CONFIG, r"data.*", Area.RISK_LIMITS),
    ("Secret", ".*", ".*", Area.SECRETS),
    ("Role|RoleBinding|ClusterRole|ClusterRoleBinding", ".*", ".*", Area.RIGHTS),
    ("ServiceAccount|NetworkPolicy", ".*", ".*", Area.RIGHTS),
    ("Namespace", ".*", r"metadata\.labels.*", Area.RIGHTS),
    ("Job", ".*", ".*", Area.MIGRATION),
    ("PodDisruptionBudget", ".*", ".*", Area.DISRUPTION),
    ("Image", ".*", ".*", Area.IMAGE),
    ("Deployment", ".*", r"spec\.replicas", Area.REPLICAS),
    ("Deployment", ".*", r".*\.(startup|readiness|liveness)Probe\..*", Area.PROBES),
    ("Deployment", ".*", r".*\.resources(\..*)?", Area.RESOURCES),
    ("Deployment", ".*", r".*\.(image|imagePullPolicy)", Area.IMAGE),
    ("Deployment", ".*", r".*[sS]ecurityContext.*", Area.RIGHTS),
    ("Deployment", ".*", r".*\.(automountServiceAccountToken|serviceAccountName)", Area.RIGHTS),
    ("Deployment", ".*", r".*\.host(Network|PID|IPC|Path).*", Area.RIGHTS),
    ("Deployment", ".*", r".*\.terminationGracePeriodSeconds", Area.SHUTDOWN),
    ("Deployment", ".*", r".*\.lifecycle\..*", Area.SHUTDOWN),
    (".*", ".*", r"metadata\.(annotations|labels)\..*", Area.HARMLESS),
    ("Deployment", ".*", r"spec\.(progressDeadlineSeconds|revisionHistoryLimit)", Area.HARMLESS),
    ("Deployment", ".*", r".*\.template\.metadata\.annotations.*", Area.HARMLESS),
)


def area_of(field: FieldChange) -> Area:
    """Return what this change touches."""
    if match := _ENV.match(field.path):
        return _variable(match[1])
    for kind, name, path, area in _TABLE:
        if (
            re.fullmatch(kind, field.step.kind)
            and re.fullmatch(name, field.step.name)
            and re.fullmatch(path, field.path)
        ):
            return area
    return Area.OTHER


def _variable(name: str) -> Area:
    if sounds_secret(name):
        return Area.SECRETS
    if name in _SHUTDOWN_VARIABLES:
        return Area.SHUTDOWN
    if name == env.IMAGE:
        return Area.IMAGE
    return Area.TRADING if name in _TRADING_VARIABLES else Area.ENVIRONMENT
