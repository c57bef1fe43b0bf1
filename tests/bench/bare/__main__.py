"""The yardstick: two Deployments and a Service that selects one of them, and nothing else.

As quick as a swap by Pulumi can be: no config to judge, no guard, no intent, no wait.
"""

import pulumi
from pulumi import ResourceOptions
from pulumi_kubernetes import Provider
from pulumi_kubernetes.apps.v1 import Deployment as KubernetesDeployment
from pulumi_kubernetes.apps.v1 import DeploymentInitArgs, DeploymentSpecArgs
from pulumi_kubernetes.core.v1 import (
    ContainerArgs,
    EnvVarArgs,
    HTTPGetActionArgs,
    Namespace,
    NamespaceInitArgs,
    PodSpecArgs,
    PodTemplateSpecArgs,
    ProbeArgs,
    Service,
    ServiceInitArgs,
    ServicePortArgs,
    ServiceSpecArgs,
)
from pulumi_kubernetes.meta.v1 import LabelSelectorArgs, ObjectMetaArgs

from bot.contract import environment, http
from bot.contract.color import Color

_SKIP_AWAIT = {"pulumi.com/skipAwait": "true"}
_NAME = "bot"
_REPLICAS = 2


def _metadata(namespace: str, name: str) -> ObjectMetaArgs:
    return ObjectMetaArgs(name=name, namespace=namespace, annotations=_SKIP_AWAIT)


def _deployment(namespace: str, color: Color, image: str) -> DeploymentInitArgs:
    labels = {"color": color.value}
    container = ContainerArgs(
        name=_NAME,
        image=image,
        env=[EnvVarArgs(name=environment.COLOR, value=color.value)],
        readiness_probe=ProbeArgs(http_get=HTTPGetActionArgs(path=http.READYZ, port=http.PORT)),
    )
    return DeploymentInitArgs(
        metadata=_metadata(namespace, f"{_NAME}-{color}"),
        spec=DeploymentSpecArgs(
            replicas=_REPLICAS,
            selector=LabelSelectorArgs(match_labels=labels),
            template=PodTemplateSpecArgs(
                metadata=ObjectMetaArgs(labels=labels), spec=PodSpecArgs(containers=[container])
            ),
        ),
    )


def main() -> None:
    """Declare it."""
    config = pulumi.Config()
    context, namespace = config.require("context"), config.require("namespace")
    provider = Provider("cluster", context=context, cluster_identifier=context)
    inside = ResourceOptions(
        provider=provider,
        depends_on=Namespace(
            "namespace",
            NamespaceInitArgs(metadata=ObjectMetaArgs(name=namespace)),
            ResourceOptions(provider=provider),
        ),
    )
    for color in Color:
        arguments = _deployment(namespace, color, config.require("image"))
        KubernetesDeployment(f"{_NAME}-{color}", arguments, inside)
    service = ServiceInitArgs(
        metadata=_metadata(namespace, _NAME),
        spec=ServiceSpecArgs(
            selector={"color": config.require("activeColor")},
            ports=[ServicePortArgs(port=80, target_port=http.PORT)],
        ),
    )
    Service(_NAME, service, inside)


main()
