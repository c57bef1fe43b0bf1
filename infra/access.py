"""Where the pods live and what they may: namespace, service account, role, network policy.

The network policy is enforced only by a network plug-in that knows policies; the local platform's
does not.
"""

from collections.abc import Collection

from pulumi import ComponentResource, ResourceOptions

from bot.contract.http import PORT
from infra import names
from infra.kinds import (
    LabelSelectorArgs,
    Namespace,
    NamespaceInitArgs,
    NetworkPolicy,
    NetworkPolicyEgressRuleArgs,
    NetworkPolicyIngressRuleArgs,
    NetworkPolicyInitArgs,
    NetworkPolicyPortArgs,
    NetworkPolicySpecArgs,
    ObjectMetaArgs,
    PolicyRuleArgs,
    Role,
    RoleBinding,
    RoleBindingInitArgs,
    RoleInitArgs,
    RoleRefArgs,
    ServiceAccount,
    ServiceAccountInitArgs,
    SubjectArgs,
)
from infra.names import Names

_POD_SECURITY = "pod-security.kubernetes.io"
_EGRESS_PORTS = (("UDP", 53), ("TCP", 53), ("TCP", 443), ("TCP", 6443))
"""Names; the API server (6443 where the service address is translated first)."""


class Access(ComponentResource):
    """The namespace and the rights of the pods in it."""

    def __init__(self, stack: Names, egress: Collection[int], opts: ResourceOptions) -> None:
        super().__init__("bot-handover:infra:Access", "access", None, opts)
        child = ResourceOptions(parent=self)
        self.namespace = Namespace("namespace", namespace_args(stack), child)
        inside = ResourceOptions(parent=self, depends_on=[self.namespace])
        self.account = ServiceAccount("service-account", service_account_args(stack), inside)
        role = Role("role", role_args(stack), inside)
        bound = ResourceOptions(parent=self, depends_on=[self.account, role])
        self.binding = RoleBinding("role-binding", role_binding_args(stack), bound)
        NetworkPolicy("network-policy", network_policy_args(stack, egress), inside)
        self.register_outputs({})


def namespace_args(stack: Names) -> NamespaceInitArgs:
    """A namespace that refuses pods with more rights than ours have."""
    security = {f"{_POD_SECURITY}/{mode}": "restricted" for mode in ("enforce", "audit", "warn")}
    return NamespaceInitArgs(
        metadata=ObjectMetaArgs(name=stack.namespace, labels={**stack.labels, **security})
    )


def _metadata(stack: Names, name: str) -> ObjectMetaArgs:
    return ObjectMetaArgs(name=name, namespace=stack.namespace, labels=stack.labels)


def service_account_args(stack: Names) -> ServiceAccountInitArgs:
    """An account whose token reaches only pods that ask for it."""
    return ServiceAccountInitArgs(
        metadata=_metadata(stack, names.SERVICE_ACCOUNT), automount_service_account_token=False
    )


def role_args(stack: Names) -> RoleInitArgs:
    """Read and watch two ConfigMaps; `list` is what a watch begins with, and names bound it."""
    rule = PolicyRuleArgs(
        api_groups=[""],
        resources=["configmaps"],
        resource_names=[names.INTENT, names.CONFIG],
        verbs=["get", "list", "watch"],
    )
    return RoleInitArgs(metadata=_metadata(stack, names.APP), rules=[rule])


def role_binding_args(stack: Names) -> RoleBindingInitArgs:
    """Give the role to the account."""
    return RoleBindingInitArgs(
        metadata=_metadata(stack, names.APP),
        role_ref=RoleRefArgs(api_group="rbac.authorization.k8s.io", kind="Role", name=names.APP),
        subjects=[
            SubjectArgs(
                kind="ServiceAccount", name=names.SERVICE_ACCOUNT, namespace=stack.namespace
            )
        ],
    )


def network_policy_args(stack: Names, egress: Collection[int]) -> NetworkPolicyInitArgs:
    """In: the one port. Out: names, the API server, and what the config names.

    Args:
        stack: the stack.
        egress: TCP ports of the exchange, the database and the cache.
    """
    known = {port for _, port in _EGRESS_PORTS}
    further = [("TCP", port) for port in sorted(set(egress) - known)]
    out = [
        NetworkPolicyPortArgs(protocol=protocol, port=port)
        for protocol, port in (*_EGRESS_PORTS, *further)
    ]
    return NetworkPolicyInitArgs(
        metadata=_metadata(stack, names.APP),
        spec=NetworkPolicySpecArgs(
            pod_selector=LabelSelectorArgs(match_labels=stack.labels),
            policy_types=["Ingress", "Egress"],
            ingress=[
                NetworkPolicyIngressRuleArgs(
                    ports=[NetworkPolicyPortArgs(protocol="TCP", port=PORT)]
                )
            ],
            egress=[NetworkPolicyEgressRuleArgs(ports=out)],
        ),
    )
