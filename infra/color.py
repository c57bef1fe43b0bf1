"""One color: its Deployment, its preview Service and its disruption budget; declared always.

The provider's await is off (`skipAwait`): it never fails fast, and a color that once failed it is
awaited again by every later `up`, also by the one that leaves it. `infra.guard` waits instead.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from pulumi import (
    ComponentResource,
    Output,
    Resource,
    ResourceHookBinding,
    ResourceOptions,
)

from bot.contract.color import Color
from infra.guard.readiness import Expected
from infra.kinds import (
    Deployment,
    LabelSelectorArgs,
    ObjectMetaArgs,
    PodDisruptionBudget,
    PodDisruptionBudgetInitArgs,
    PodDisruptionBudgetSpecArgs,
    Service,
    known,
)
from infra.names import Names
from infra.pods import NO_IMAGE, ColorSpec, deployment_args
from infra.traffic import service_args


class ColorPods(ComponentResource):
    """A color, with what it was given to run."""

    image: Output[str]
    """The reference as the cluster has it; empty when the color runs nothing."""
    replicas: Output[int]
    expected: Output[Expected]
    """What the cluster must show before this color may trade."""

    def __init__(
        self,
        spec: ColorSpec,
        opts: ResourceOptions,
        after: Sequence[Resource],
        hooks: ResourceHookBinding | None,
    ) -> None:
        super().__init__("bot-handover:infra:Color", spec.color.value, None, opts)
        child = ResourceOptions(parent=self, depends_on=after)
        stack, color = spec.stack, spec.color
        name = stack.deployment(color)
        self.deployment = Deployment(
            name,
            deployment_args(spec),
            ResourceOptions(parent=self, depends_on=after, hooks=hooks),
        )
        Service(name, service_args(stack, name, color), child)
        PodDisruptionBudget(name, disruption_budget_args(stack, color), child)
        applied = known(self.deployment.spec)
        self.image = applied.apply(_image)
        self.replicas = applied.apply(lambda applied: int(applied.get("replicas") or 0))
        self.expected = Output.all(self.image, self.replicas).apply(
            lambda known: Expected(color, str(known[0]), int(known[1]), stack.namespace)
        )
        self.register_outputs({})


def _image(spec: Mapping[str, Any]) -> str:
    image = spec["template"]["spec"]["containers"][0].get("image")
    return "" if image in {None, NO_IMAGE} else str(image)


def disruption_budget_args(stack: Names, color: Color) -> PodDisruptionBudgetInitArgs:
    """Let a drain of nodes take one pod at a time, and never wait for a pod that is sick anyway."""
    return PodDisruptionBudgetInitArgs(
        metadata=ObjectMetaArgs(
            name=stack.deployment(color),
            namespace=stack.namespace,
            labels=stack.color_labels(color),
        ),
        spec=PodDisruptionBudgetSpecArgs(
            max_unavailable=1,
            selector=LabelSelectorArgs(match_labels=stack.color_labels(color)),
            unhealthy_pod_eviction_policy="AlwaysAllow",
        ),
    )
