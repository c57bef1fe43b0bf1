"""What a running bot takes over: a ConfigMap with one file, changed in place; no pod restarts."""

from collections.abc import Sequence

from pulumi import ComponentResource, Output, Resource, ResourceOptions

from bot.contract.reloadable import CONFIG_FILE, content_hash
from infra import names
from infra.kinds import (
    ConfigMap,
    ConfigMapInitArgs,
    ObjectMetaArgs,
    known,
)
from infra.names import Names


class ReloadableConfig(ComponentResource):
    """The ConfigMap that the pods watch, and mount as a folder."""

    content_hash: Output[str]
    """What a pod that has taken the content calls it."""

    def __init__(
        self, stack: Names, text: str, opts: ResourceOptions, after: Sequence[Resource]
    ) -> None:
        super().__init__("bot-handover:infra:ReloadableConfig", "config", None, opts)
        self.config_map = ConfigMap(
            names.CONFIG,
            config_map_args(stack, text),
            ResourceOptions(parent=self, depends_on=after),
        )
        self.content_hash = known(self.config_map.data).apply(
            lambda data: content_hash(str(data[CONFIG_FILE]).encode())
        )
        self.register_outputs({})


def config_map_args(stack: Names, text: str) -> ConfigMapInitArgs:
    """Return the ConfigMap; a preview shows which of its keys change."""
    return ConfigMapInitArgs(
        metadata=ObjectMetaArgs(name=names.CONFIG, namespace=stack.namespace, labels=stack.labels),
        data={CONFIG_FILE: text},
    )
