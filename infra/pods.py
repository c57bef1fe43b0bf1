"""The manifest of a color's Deployment: pure functions from finished config to typed arguments."""

from dataclasses import dataclass

from pulumi import Input
from pulumi_kubernetes.apps.v1 import (
    DeploymentInitArgs,
    DeploymentSpecArgs,
    DeploymentStrategyArgs,
    RollingUpdateDeploymentArgs,
)
from pulumi_kubernetes.core.v1 import (
    CapabilitiesArgs,
    ContainerArgs,
    ContainerPortArgs,
    EnvVarArgs,
    EnvVarSourceArgs,
    HTTPGetActionArgs,
    ObjectFieldSelectorArgs,
    PodSecurityContextArgs,
    PodSpecArgs,
    PodTemplateSpecArgs,
    ProbeArgs,
    ResourceRequirementsArgs,
    SeccompProfileArgs,
    SecretVolumeSourceArgs,
    SecurityContextArgs,
    TopologySpreadConstraintArgs,
    VolumeArgs,
    VolumeMountArgs,
)
from pulumi_kubernetes.meta.v1 import LabelSelectorArgs, ObjectMetaArgs

from bot.contract import environment as env
from bot.contract import http
from bot.contract.color import Color
from infra import names
from infra.config import StackConfig
from infra.names import Names
from infra.secret_files import MOUNT_PATH

NO_IMAGE = "no-image.invalid/set-the-color-image:none"
"""What an empty standby names: Kubernetes wants a reference, and `.invalid` never resolves."""

USER_ID = 65532
"""The user of the image; a number, so that the kubelet can see that it is not root."""

TERMINATION_MARGIN_SECONDS = 5
"""Between the bot's own deadline and the kill."""

_SECRETS_VOLUME = "secrets"
_READ_ONLY = 0o440
_REVISIONS_KEPT = 3
_PROGRESS_MARGIN_SECONDS = 5
"""The controller gives up before the wait does, so that the wait can tell it."""
_POD_FIELDS = {
    env.POD_NAME: "metadata.name",
    env.POD_NAMESPACE: "metadata.namespace",
    env.POD_UID: "metadata.uid",
    env.POD_IP: "status.podIP",
    env.NODE_NAME: "spec.nodeName",
}


@dataclass(frozen=True, slots=True)
class ColorSpec:
    """What a color's manifests are made from."""

    stack: Names
    config: StackConfig
    color: Color
    image: Input[str]
    """What to run; `NO_IMAGE` for a standby that runs nothing."""


def deployment_args(spec: ColorSpec) -> DeploymentInitArgs:
    """Return a color's Deployment."""
    stack, config, color = spec.stack, spec.config, spec.color
    labels = stack.color_labels(color)
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
        automount_service_account_token=True,  # the watch of the intent needs it
        enable_service_links=False,
        termination_grace_period_seconds=grace_seconds(spec.config),
        security_context=PodSecurityContextArgs(
            run_as_non_root=True,
            run_as_user=USER_ID,
            run_as_group=USER_ID,
            fs_group=USER_ID,
            seccomp_profile=SeccompProfileArgs(type="RuntimeDefault"),
        ),
        topology_spread_constraints=[
            _spread(spec, "kubernetes.io/hostname"),
            _spread(spec, "topology.kubernetes.io/zone"),
        ],
        containers=[_container(spec)],
        volumes=[
            VolumeArgs(
                name=_SECRETS_VOLUME,
                secret=SecretVolumeSourceArgs(secret_name=names.SECRET, default_mode=_READ_ONLY),
            )
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
    resources = spec.config.resources
    return ContainerArgs(
        name=names.CONTAINER,
        image=spec.image,
        ports=[ContainerPortArgs(name=names.PORT_NAME, container_port=http.PORT, protocol="TCP")],
        env=[
            *(
                EnvVarArgs(name=name, value=value)
                for name, value in settings(spec.config, spec.color).items()
            ),
            EnvVarArgs(name=env.IMAGE, value=spec.image),
            *(EnvVarArgs(name=name, value_from=_field(path)) for name, path in _POD_FIELDS.items()),
        ],
        # Start-up is asked each second: that is what a swap waits for. A minute of it is the wall.
        startup_probe=_probe(http.STARTUPZ, period=1, failures=60),
        readiness_probe=_probe(http.READYZ, period=2, failures=2),
        liveness_probe=_probe(http.LIVEZ, period=10, failures=3),
        resources=ResourceRequirementsArgs(
            requests={"cpu": resources.cpu_request, "memory": resources.memory_request},
            limits={"memory": resources.memory_limit},
        ),
        security_context=SecurityContextArgs(
            allow_privilege_escalation=False,
            read_only_root_filesystem=True,
            run_as_non_root=True,
            capabilities=CapabilitiesArgs(drop=["ALL"]),
            seccomp_profile=SeccompProfileArgs(type="RuntimeDefault"),
        ),
        volume_mounts=[
            VolumeMountArgs(name=_SECRETS_VOLUME, mount_path=MOUNT_PATH, read_only=True)
        ],
    )


def _field(path: str) -> EnvVarSourceArgs:
    return EnvVarSourceArgs(field_ref=ObjectFieldSelectorArgs(field_path=path))


def _probe(path: str, *, period: int, failures: int) -> ProbeArgs:
    return ProbeArgs(
        http_get=HTTPGetActionArgs(path=path, port=names.PORT_NAME),
        period_seconds=period,
        timeout_seconds=2,
        failure_threshold=failures,
    )


def settings(config: StackConfig, color: Color) -> dict[str, str]:
    """Return the bot's environment, by the names of its contract."""
    defaults = env.DEFAULTS[config.deploy_env]
    size, risk = config.max_position_size, config.risk_limit_pct
    return {
        env.DEPLOY_ENV: config.deploy_env.value,
        env.API_ENDPOINT: config.endpoint,
        env.MAX_POSITION_SIZE: defaults.max_position_size if size is None else f"{size:f}",
        env.RISK_LIMIT_PCT: defaults.risk_limit_pct if risk is None else f"{risk:f}",
        env.ENABLE_TRADING: "true" if config.trades else "false",
        env.SYMBOLS: ",".join(config.symbols),
        env.LOG_LEVEL: config.log_level,
        env.CLOSE_CONNECTIONS: "true" if config.close_connections else "false",
        env.COLOR: color.value,
        env.HTTP_PORT: str(http.PORT),
        env.INTENT_CONFIGMAP: names.INTENT,
        env.SECRETS_DIR: MOUNT_PATH,
        env.DRAIN_SECONDS: str(config.drain_seconds),
        env.SHUTDOWN_SECONDS: str(config.shutdown_seconds),
    }
