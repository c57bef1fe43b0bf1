"""The manifest of a color's Deployment: pure functions from finished config to typed arguments."""

from dataclasses import dataclass

from pulumi import Input

from bot.contract import environment as env
from bot.contract import http
from bot.contract.color import Color
from infra import names, sandbox
from infra.config import StackConfig
from infra.environment import CONFIG_PATH, settings
from infra.kinds import (
    ConfigMapVolumeSourceArgs,
    ContainerArgs,
    ContainerPortArgs,
    DeploymentInitArgs,
    DeploymentSpecArgs,
    DeploymentStrategyArgs,
    EnvVarArgs,
    EnvVarSourceArgs,
    HTTPGetActionArgs,
    LabelSelectorArgs,
    ObjectFieldSelectorArgs,
    ObjectMetaArgs,
    PodSpecArgs,
    PodTemplateSpecArgs,
    ProbeArgs,
    RollingUpdateDeploymentArgs,
    TopologySpreadConstraintArgs,
    VolumeArgs,
    VolumeMountArgs,
)
from infra.names import Names

NO_IMAGE = "no-image.invalid/set-the-color-image:none"
"""What an empty standby names: Kubernetes wants a reference, and `.invalid` never resolves."""

TERMINATION_MARGIN_SECONDS = 5
"""Between the bot's own deadline and the kill."""

_STARTUP_MARGIN_SECONDS = 5
_CONFIG_VOLUME = "config"
_REVISIONS_KEPT = 3
_PROGRESS_MARGIN_SECONDS = 5
"""The controller gives up before the wait does, so that the wait can tell it."""
_POD_FIELDS = {
    env.POD_NAME: "metadata.name",
    env.POD_NAMESPACE: "metadata.namespace",
}


@dataclass(frozen=True, slots=True)
class ColorSpec:
    """What a color's manifests are made from."""

    stack: Names
    config: StackConfig
    color: Color
    image: Input[str]
    """What to run; `NO_IMAGE` for a standby that runs nothing."""
    order_mark: str
    """What the client ids of its orders begin with; the same for both colors."""


def deployment_args(spec: ColorSpec) -> DeploymentInitArgs:
    """Return a color's Deployment."""
    stack, config, color = spec.stack, spec.config, spec.color
    labels, adopted = stack.color_labels(color), config.adopt_ledger
    return DeploymentInitArgs(
        metadata=ObjectMetaArgs(
            name=stack.deployment(color),
            namespace=stack.namespace,
            labels=labels,
            annotations={names.SKIP_AWAIT: "true"},
        ),
        spec=DeploymentSpecArgs(
            replicas=config.color(color).replicas,
            revision_history_limit=_REVISIONS_KEPT,
            progress_deadline_seconds=config.rollout_seconds - _PROGRESS_MARGIN_SECONDS,
            selector=LabelSelectorArgs(match_labels=labels),
            strategy=DeploymentStrategyArgs(
                type="RollingUpdate",
                rolling_update=RollingUpdateDeploymentArgs(max_unavailable=0, max_surge=1),
            ),
            template=PodTemplateSpecArgs(
                metadata=ObjectMetaArgs(
                    labels=labels,
                    annotations={
                        "prometheus.io/scrape": "true",
                        "prometheus.io/port": str(http.PORT),
                        "prometheus.io/path": http.METRICS,
                        # A pod reads the database's URL at its start: this starts them anew.
                        **({names.ADOPTED_LEDGER: adopted} if adopted else {}),
                    },
                ),
                spec=_pod(spec),
            ),
        ),
    )


def grace_seconds(config: StackConfig) -> int:
    """Return how long the kubelet waits after SIGTERM: drain, shutdown and a margin add up."""
    return config.drain_seconds + config.shutdown_seconds + TERMINATION_MARGIN_SECONDS


def _pod(spec: ColorSpec) -> PodSpecArgs:
    return PodSpecArgs(
        service_account_name=names.SERVICE_ACCOUNT,
        automount_service_account_token=True,  # the watches of intent and limits need it
        enable_service_links=False,
        termination_grace_period_seconds=grace_seconds(spec.config),
        security_context=sandbox.pod_security(),
        topology_spread_constraints=[
            _spread(spec, "kubernetes.io/hostname"),
            _spread(spec, "topology.kubernetes.io/zone"),
        ],
        containers=[_container(spec)],
        volumes=[
            sandbox.secrets_volume(),
            VolumeArgs(
                name=_CONFIG_VOLUME,
                config_map=ConfigMapVolumeSourceArgs(
                    name=names.CONFIG, default_mode=sandbox.READ_ONLY_MODE
                ),
            ),
        ],
    )


def _spread(spec: ColorSpec, topology: str) -> TopologySpreadConstraintArgs:
    return TopologySpreadConstraintArgs(
        max_skew=1,
        topology_key=topology,
        when_unsatisfiable="ScheduleAnyway",
        label_selector=LabelSelectorArgs(match_labels=spec.stack.color_labels(spec.color)),
    )


def _container(spec: ColorSpec) -> ContainerArgs:
    return ContainerArgs(
        name=names.CONTAINER,
        image=spec.image,
        ports=[ContainerPortArgs(name=names.PORT_NAME, container_port=http.PORT, protocol="TCP")],
        env=[
            *(
                EnvVarArgs(name=name, value=value)
                for name, value in settings(spec.config, spec.color).items()
            ),
            EnvVarArgs(name=env.ORDER_MARK, value=spec.order_mark),
            EnvVarArgs(name=env.IMAGE, value=spec.image),
            *pod_fields(*_POD_FIELDS),
        ],
        # Start-up is asked each second: that is what a swap waits for. The bot's own deadline ends
        # first, so that it can say what it waited for.
        startup_probe=_probe(
            http.STARTUPZ, period=1, failures=spec.config.startup_seconds + _STARTUP_MARGIN_SECONDS
        ),
        readiness_probe=_probe(http.READYZ, period=2, failures=2),
        liveness_probe=_probe(http.LIVEZ, period=10, failures=3),
        resources=sandbox.requirements(spec.config.resources),
        security_context=sandbox.container_security(),
        volume_mounts=[
            sandbox.secrets_mount(),
            # A folder, never `subPath`: that would keep the file of the pod's start for ever.
            VolumeMountArgs(name=_CONFIG_VOLUME, mount_path=CONFIG_PATH, read_only=True),
        ],
    )


def pod_fields(*fields: str) -> list[EnvVarArgs]:
    """Return environment variables that Kubernetes fills in."""
    return [EnvVarArgs(name=name, value_from=_field(_POD_FIELDS[name])) for name in fields]


def _field(path: str) -> EnvVarSourceArgs:
    return EnvVarSourceArgs(field_ref=ObjectFieldSelectorArgs(field_path=path))


def _probe(path: str, *, period: int, failures: int) -> ProbeArgs:
    return ProbeArgs(
        http_get=HTTPGetActionArgs(path=path, port=names.PORT_NAME),
        period_seconds=period,
        timeout_seconds=2,
        failure_threshold=failures,
    )
