"""Secrets: files in the pods, never environment variables, encrypted wherever Pulumi keeps them."""

from base64 import b64encode
from collections.abc import Mapping, Sequence

from pulumi import ComponentResource, Output, Resource, ResourceOptions
from pydantic import SecretStr

from infra import names
from infra.kinds import (
    ObjectMetaArgs,
    Secret,
    SecretInitArgs,
)
from infra.names import Names

MOUNT_PATH = "/etc/bot/secrets"


class SecretFiles(ComponentResource):
    """The Secret that the pods mount."""

    def __init__(
        self,
        stack: Names,
        files: Mapping[str, SecretStr],
        opts: ResourceOptions,
        after: Sequence[Resource],
    ) -> None:
        super().__init__("bot-handover:infra:SecretFiles", "secrets", None, opts)
        self.secret = Secret(
            names.SECRET,
            secret_args(stack, files),
            ResourceOptions(
                parent=self,
                depends_on=after,
                additional_secret_outputs=["data"],
            ),
        )
        self.register_outputs({})


def secret_args(stack: Names, files: Mapping[str, SecretStr]) -> SecretInitArgs:
    """Return the Secret; each value stays marked as secret from here on."""
    return SecretInitArgs(
        metadata=ObjectMetaArgs(name=names.SECRET, namespace=stack.namespace, labels=stack.labels),
        type="Opaque",
        # Not `stringData`: the server does not keep it, so every refresh would call it a drift.
        data=Output.secret({name: _encoded(value) for name, value in sorted(files.items())})
        if files
        else None,
    )


def _encoded(value: SecretStr) -> str:
    return b64encode(value.get_secret_value().encode()).decode()
