"""Kubernetes' kinds with the types of Pulumi's SDK, without its import: a second of each command.

A type checker sees the SDK's own classes (kinds.pyi). What runs are the few lines below; they
hand the same over to the engine (tests/infra/test_kinds.py compares the two; docs/adr/0015).
"""

from collections.abc import Mapping
from typing import Any, cast

from pulumi import CustomResource, Output, ResourceOptions

_APIS = {
    "ConfigMap": "v1",
    "Deployment": "apps/v1",
    "Job": "batch/v1",
    "Namespace": "v1",
    "NetworkPolicy": "networking.k8s.io/v1",
    "PodDisruptionBudget": "policy/v1",
    "Role": "rbac.authorization.k8s.io/v1",
    "RoleBinding": "rbac.authorization.k8s.io/v1",
    "Secret": "v1",
    "Service": "v1",
    "ServiceAccount": "v1",
}


def __getattr__(name: str) -> object:
    """Return what stands for a class of the SDK."""
    if name in _APIS:
        return globals().setdefault(name, _resource(name, _APIS[name]))
    if name.endswith("Args"):
        return _manifest
    raise AttributeError(f"infra.kinds has no {name!r}; its kinds: {', '.join(_APIS)}")


def known(output: Output[Any]) -> Output[Mapping[str, Any]]:
    """Return a resource's property as the engine has it: in Kubernetes' words, not the SDK's."""
    return cast("Output[Mapping[str, Any]]", output)


def _resource(kind: str, api: str) -> type[CustomResource]:
    """Return the class of a kind, which takes its manifest as the SDK's takes its arguments."""
    group = api if "/" in api else f"core/{api}"

    class Kind(CustomResource):
        def __init__(
            self, name: str, args: Mapping[str, Any], opts: ResourceOptions | None = None
        ) -> None:
            manifest = {"apiVersion": api, "kind": kind, **args}
            super().__init__(f"kubernetes:{group}:{kind}", name, manifest, opts)

    Kind.__name__ = Kind.__qualname__ = kind
    return Kind


def _manifest(**fields: object) -> dict[str, object]:
    """Return a part of a manifest; a field that is None is not in it."""
    return {_camel(name): value for name, value in fields.items() if value is not None}


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)
