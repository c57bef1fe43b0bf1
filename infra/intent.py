"""The intent: a ConfigMap that tells every pod which color trades; changed in place."""

from collections.abc import Mapping, Sequence

from pulumi import (
    ComponentResource,
    Input,
    Output,
    Resource,
    ResourceHookBinding,
    ResourceOptions,
)

from bot.contract.intent import CANARY_PERCENT_KEY, LEDGER_KEY, Intent
from infra import names
from infra.kinds import (
    ConfigMap,
    ConfigMapInitArgs,
    ObjectMetaArgs,
)
from infra.names import Names


class IntentMap(ComponentResource):
    """The ConfigMap, behind the guard's hooks."""

    config_map: ConfigMap
    canary_percent: Output[int]
    ledger: Output[str]

    def __init__(
        self,
        stack: Names,
        data: Mapping[str, Input[str]],
        opts: ResourceOptions,
        after: Sequence[Resource],
        hooks: ResourceHookBinding | None,
    ) -> None:
        super().__init__("bot-handover:infra:Intent", "intent", None, opts)
        config_map = ConfigMap(
            names.INTENT,
            config_map_args(stack, data),
            ResourceOptions(parent=self, depends_on=after, hooks=hooks),
        )
        self.config_map = config_map
        self.canary_percent = config_map.data.apply(lambda data: int(data[CANARY_PERCENT_KEY]))
        self.ledger = config_map.data.apply(lambda data: str(data.get(LEDGER_KEY) or ""))
        self.register_outputs({})


def intent_data(intent: Intent, ledger: Input[str]) -> Mapping[str, Input[str]]:
    """Return what the ConfigMap says, in the words of the bot's contract.

    Args:
        intent: who shall trade, without the ledger.
        ledger: its name; known only when the migration has ended.
    """
    named: dict[str, Input[str]] = {} if ledger == "" else {LEDGER_KEY: ledger}
    return {**intent.to_data(), **named}


def config_map_args(stack: Names, data: Mapping[str, Input[str]]) -> ConfigMapInitArgs:
    """Return the ConfigMap."""
    return ConfigMapInitArgs(
        metadata=ObjectMetaArgs(name=names.INTENT, namespace=stack.namespace, labels=stack.labels),
        data=data,
    )
