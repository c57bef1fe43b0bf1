"""The intent: a ConfigMap that tells every pod which color trades; changed in place."""

from collections.abc import Sequence

from pulumi import ComponentResource, Output, Resource, ResourceHookBinding, ResourceOptions

from bot.contract.intent import CANARY_PERCENT_KEY, Intent
from infra import names
from infra.kinds import (
    ConfigMap,
    ConfigMapInitArgs,
    ObjectMetaArgs,
)
from infra.names import Names


class IntentMap(ComponentResource):
    """The ConfigMap, behind the guard's hooks."""

    canary_percent: Output[int]

    def __init__(
        self,
        stack: Names,
        intent: Intent,
        opts: ResourceOptions,
        after: Sequence[Resource],
        hooks: ResourceHookBinding | None,
    ) -> None:
        super().__init__("bot-handover:infra:Intent", "intent", None, opts)
        config_map = ConfigMap(
            names.INTENT,
            config_map_args(stack, intent),
            ResourceOptions(parent=self, depends_on=after, hooks=hooks),
        )
        self.canary_percent = config_map.data.apply(lambda data: int(data[CANARY_PERCENT_KEY]))
        self.register_outputs({})


def config_map_args(stack: Names, intent: Intent) -> ConfigMapInitArgs:
    """Return the ConfigMap whose data the bot's contract defines."""
    return ConfigMapInitArgs(
        metadata=ObjectMetaArgs(name=names.INTENT, namespace=stack.namespace, labels=stack.labels),
        data=intent.to_data(),
    )
