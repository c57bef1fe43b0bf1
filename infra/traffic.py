"""Services: the live one selects the active color; each color has one of its own, for looking.

The provider's await is off: it costs ten seconds a change and is content with no endpoint at all.
"""

from collections.abc import Sequence

from pulumi import ComponentResource, Output, Resource, ResourceHookBinding, ResourceOptions

from bot.contract.color import Color
from infra import names
from infra.kinds import (
    ObjectMetaArgs,
    Service,
    ServiceInitArgs,
    ServicePortArgs,
    ServiceSpecArgs,
    known,
)
from infra.names import Names


class LiveTraffic(ComponentResource):
    """The live Service, behind the guard's hooks."""

    active_color: Output[str]

    def __init__(
        self,
        stack: Names,
        active: Color,
        opts: ResourceOptions,
        after: Sequence[Resource],
        hooks: ResourceHookBinding | None,
    ) -> None:
        super().__init__("bot-handover:infra:LiveTraffic", "live", None, opts)
        service = Service(
            names.LIVE_SERVICE,
            service_args(stack, names.LIVE_SERVICE, active),
            ResourceOptions(parent=self, depends_on=after, hooks=hooks),
        )
        self.active_color = known(service.spec).apply(
            lambda spec: str(spec["selector"].get(names.COLOR_LABEL, ""))
        )
        self.register_outputs({})


def service_args(stack: Names, name: str, color: Color) -> ServiceInitArgs:
    """Return a Service of this name in front of this color's pods."""
    return ServiceInitArgs(
        metadata=ObjectMetaArgs(
            name=name,
            namespace=stack.namespace,
            labels=stack.labels,
            annotations={names.SKIP_AWAIT: "true"},
        ),
        spec=ServiceSpecArgs(
            type="ClusterIP",
            selector=stack.color_labels(color),
            ports=[
                ServicePortArgs(
                    name=names.PORT_NAME,
                    port=names.SERVICE_PORT,
                    target_port=names.PORT_NAME,
                    protocol="TCP",
                )
            ],
        ),
    )
