"""Policies about what is around pods: Services, rights, networks, budgets, the namespace."""

from collections.abc import Iterator

from infra import names
from tests.infra.policies.manifests import Manifests, matches, name_of, of_kind, pods

_READING = {"get", "list", "watch"}


def the_namespace_refuses_other_pods(manifests: Manifests) -> Iterator[str]:
    for manifest in of_kind(manifests, "Namespace"):
        labels = manifest["metadata"].get("labels", {})
        if labels.get("pod-security.kubernetes.io/enforce") != "restricted":
            yield name_of(manifest)


def deployments_select_their_pods(manifests: Manifests) -> Iterator[str]:
    for manifest in of_kind(manifests, "Deployment"):
        spec = manifest["spec"]
        labels = spec["template"]["metadata"]["labels"]
        selector = spec["selector"]["matchLabels"]
        if not matches(selector, labels) or names.COLOR_LABEL not in selector:
            yield name_of(manifest)


def services_lead_somewhere(manifests: Manifests) -> Iterator[str]:
    """A Service selects pods of one Deployment, at a port that they name."""
    templates = [manifest["spec"]["template"] for manifest in of_kind(manifests, "Deployment")]
    for service in of_kind(manifests, "Service"):
        selector: dict[str, str] = service["spec"].get("selector", {})
        chosen = [
            template for template in templates if matches(selector, template["metadata"]["labels"])
        ]
        if len(chosen) != 1:
            yield f"{name_of(service)}: selects pods of {len(chosen)} Deployments"
            continue
        ports = [
            port for container in chosen[0]["spec"]["containers"] for port in container["ports"]
        ]
        wrong = {port["targetPort"] for port in service["spec"]["ports"]}
        wrong -= {port["name"] for port in ports}
        if wrong:
            yield f"{name_of(service)}: no pod has the port {wrong}"


def services_stay_inside(manifests: Manifests) -> Iterator[str]:
    for service in of_kind(manifests, "Service"):
        spec = service["spec"]
        if spec.get("type") != "ClusterIP" or spec.get("externalIPs"):
            yield name_of(service)
    yield from (name_of(manifest) for manifest in of_kind(manifests, "Ingress"))


def service_and_intent_agree(manifests: Manifests) -> Iterator[str]:
    objects = {(manifest["kind"], manifest["metadata"]["name"]): manifest for manifest in manifests}
    live = objects.get(("Service", names.LIVE_SERVICE))
    intent = objects.get(("ConfigMap", names.INTENT))
    if live is None or intent is None:
        yield "there is no live Service, or no intent"
        return
    selected = live["spec"]["selector"].get(names.COLOR_LABEL)
    intended = intent["data"].get("activeColor")
    if selected != intended:
        yield f"the Service selects {selected}, the intent names {intended}"
    for manifest in of_kind(manifests, "Deployment"):
        color = manifest["metadata"]["labels"][names.COLOR_LABEL]
        if color == intended and not manifest["spec"]["replicas"]:
            yield f"{intended} is active and has no pods"


def rights_are_the_least(manifests: Manifests) -> Iterator[str]:
    """Reading named objects of the own namespace, no secrets, nothing of the cluster."""
    for manifest in of_kind(manifests, "ClusterRole", "ClusterRoleBinding"):
        yield f"{name_of(manifest)}: rights in all namespaces"
    for role in of_kind(manifests, "Role"):
        for rule in role["rules"]:
            granted = {key: set(rule.get(key, [])) for key in ("apiGroups", "resources", "verbs")}
            if any("*" in values for values in granted.values()):
                yield f"{name_of(role)}: everything"
            if not granted["verbs"] <= _READING:
                yield f"{name_of(role)}: {sorted(granted['verbs'] - _READING)}"
            if {"secrets", "pods/exec", "serviceaccounts/token"} & granted["resources"]:
                yield f"{name_of(role)}: {sorted(granted['resources'])}"
            if not rule.get("resourceNames"):
                yield f"{name_of(role)}: any {sorted(granted['resources'])}"


def tokens_are_mounted_where_they_are_needed(manifests: Manifests) -> Iterator[str]:
    for manifest in of_kind(manifests, "ServiceAccount"):
        if manifest.get("automountServiceAccountToken") is not False:
            yield f"{name_of(manifest)}: hands its token to any pod"
    for where, template in pods(manifests):
        spec = template["spec"]
        if spec.get("serviceAccountName", "default") == "default":
            yield f"{where}: has the rights of everybody"
        if where.startswith("Job ") and spec.get("automountServiceAccountToken") is not False:
            yield f"{where}: needs no token"


def everything_is_in_the_namespace(manifests: Manifests) -> Iterator[str]:
    spaces = {manifest["metadata"]["name"] for manifest in of_kind(manifests, "Namespace")}
    for manifest in manifests:
        if manifest["kind"] != "Namespace" and manifest["metadata"].get("namespace") not in spaces:
            yield name_of(manifest)


def traffic_is_limited(manifests: Manifests) -> Iterator[str]:
    policies = of_kind(manifests, "NetworkPolicy")
    for where, template in pods(manifests):
        labels = template["metadata"]["labels"]
        covering = [
            manifest["spec"]
            for manifest in policies
            if matches(manifest["spec"]["podSelector"].get("matchLabels", {}), labels)
        ]
        if not any(set(spec["policyTypes"]) == {"Ingress", "Egress"} for spec in covering):
            yield f"{where}: no policy"
        for spec in covering:
            if not all(
                rule.get("ports") for rule in [*spec.get("ingress", []), *spec.get("egress", [])]
            ):
                yield f"{where}: any port"


def nodes_can_be_drained(manifests: Manifests) -> Iterator[str]:
    """Each color has its budget, and none forbids to take a pod."""
    budgets = [manifest["spec"] for manifest in of_kind(manifests, "PodDisruptionBudget")]
    for manifest in of_kind(manifests, "Deployment"):
        labels = manifest["spec"]["template"]["metadata"]["labels"]
        mine = [spec for spec in budgets if matches(spec["selector"]["matchLabels"], labels)]
        if len(mine) != 1:
            yield f"{name_of(manifest)}: {len(mine)} budgets"
        elif not mine[0].get("maxUnavailable"):
            yield f"{name_of(manifest)}: no pod may be taken"
