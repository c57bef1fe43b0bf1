"""Every stack's manifests hold to every policy, and each policy catches what it is there for.

The manifests are the golden files, which `test_golden.py` holds against the real engine.
"""

from collections.abc import Callable
from typing import Any

import pytest

from tests.infra.policies.manifests import GOLDEN, Manifest, load, of_kind
from tests.infra.policies.rules import EVERYWHERE, PRODUCTION

STACKS = ("local", "staging", "production")
RULES = {**EVERYWHERE, **PRODUCTION}
Edit = Callable[[list[Manifest]], object]


def test_no_stack_is_left_out() -> None:
    assert {folder.name for folder in GOLDEN.iterdir()} == set(STACKS)


@pytest.mark.parametrize("rule", EVERYWHERE)
@pytest.mark.parametrize("stack", STACKS)
def test_a_stack_holds_to_the_policies(stack: str, rule: str) -> None:
    assert list(EVERYWHERE[rule](load(stack))) == []


@pytest.mark.parametrize("rule", PRODUCTION)
def test_production_holds_to_its_own(rule: str) -> None:
    assert list(PRODUCTION[rule](load("production"))) == []


def _blue(manifests: list[Manifest]) -> Manifest:
    return _one(manifests, "Deployment", "bot-blue")


def _pod(manifests: list[Manifest]) -> Manifest:
    return _blue(manifests)["spec"]["template"]["spec"]


def _bot(manifests: list[Manifest]) -> Manifest:
    return _pod(manifests)["containers"][0]


def _one(manifests: list[Manifest], kind: str, name: str = "") -> Manifest:
    candidates = of_kind(manifests, kind)
    return next(one for one in candidates if name in {"", one["metadata"]["name"]})


def _in_bot(*path: str, **fields: Any) -> Edit:  # noqa: ANN401 -- as YAML has it
    def edit(manifests: list[Manifest]) -> None:
        place = _bot(manifests)
        for key in path:
            place = place[key]
        place.update(fields)

    return edit


def _in_pod(**fields: Any) -> Edit:  # noqa: ANN401 -- any field of a pod
    return lambda manifests: _pod(manifests).update(fields)


def _env(name: str, value: str) -> Edit:
    def edit(manifests: list[Manifest]) -> None:
        entries = _bot(manifests)["env"]
        entries[:] = [entry for entry in entries if entry["name"] != name]
        entries.append({"name": name, "value": value})

    return edit


def _rule(**fields: Any) -> Edit:  # noqa: ANN401 -- any field of a rule
    return lambda manifests: _one(manifests, "Role")["rules"][0].update(fields)


def _in(kind: str, *path: str, **fields: Any) -> Edit:  # noqa: ANN401 -- any field of any kind
    def edit(manifests: list[Manifest]) -> None:
        place = _one(manifests, kind)
        for key in path:
            place = place[key]
        place.update(fields)

    return edit


def _without(kind: str) -> Edit:
    def edit(manifests: list[Manifest]) -> None:
        manifests[:] = [manifest for manifest in manifests if manifest["kind"] != kind]

    return edit


PLANTED: dict[str, tuple[str, Edit]] = {
    "root": ("pods_are_restricted", _in_pod(securityContext={"runAsNonRoot": False})),
    "a privileged container": (
        "containers_are_restricted",
        _in_bot("securityContext", privileged=True),
    ),
    "a capability": (
        "containers_are_restricted",
        _in_bot("securityContext", capabilities={"drop": ["ALL"], "add": ["NET_ADMIN"]}),
    ),
    "the node's network": ("pods_are_restricted", _in_pod(hostNetwork=True)),
    "a folder of the node": (
        "pods_are_restricted",
        lambda manifests: _pod(manifests)["volumes"].append(
            {"name": "x", "hostPath": {"path": "/"}}
        ),
    ),
    "an image that can be written": (
        "containers_are_restricted",
        _in_bot("securityContext", readOnlyRootFilesystem=False),
    ),
    "a namespace that takes any pod": (
        "the_namespace_refuses_other_pods",
        _in("Namespace", "metadata", labels={}),
    ),
    "the newest image, whichever": ("images_have_a_version", _in_bot(image="r.example/bot:latest")),
    "an image without tag": ("images_have_a_version", _in_bot(image="r.example:5000/bot")),
    "no memory limit": ("containers_are_bounded", _in_bot("resources", limits={})),
    "no requests": ("containers_are_bounded", _in_bot("resources", requests={})),
    "a limit below what is asked for": (
        "containers_are_bounded",
        _in_bot("resources", limits={"memory": "64Mi"}),
    ),
    "a CPU limit": (
        "containers_are_bounded",
        _in_bot("resources", limits={"memory": "512Mi", "cpu": "1"}),
    ),
    "no readiness probe": (
        "each_bot_is_probed",
        lambda manifests: _bot(manifests).pop("readinessProbe"),
    ),
    "readiness asked as liveness": (
        "each_bot_is_probed",
        _in_bot("livenessProbe", "httpGet", path="/readyz"),
    ),
    "a start-up that is cut short": (
        "probes_add_up",
        _in_bot("startupProbe", failureThreshold=10),
    ),
    "a stall taken for death": ("probes_add_up", _in_bot("livenessProbe", periodSeconds=1)),
    "a probe that overtakes itself": ("probes_add_up", _in_bot("readinessProbe", timeoutSeconds=5)),
    "a grace shorter than the shutdown": (
        "pods_may_end_their_work",
        _in_pod(terminationGracePeriodSeconds=10),
    ),
    "a probe slower than the drain": (
        "pods_may_end_their_work",
        _in_bot("readinessProbe", periodSeconds=10),
    ),
    "no drain": ("pods_may_end_their_work", _env("BOT_DRAIN_SECONDS", "0")),
    "an update that takes pods away first": (
        "updates_keep_all_pods",
        _in("Deployment", "spec", "strategy", type="Recreate"),
    ),
    "a selector without color": (
        "deployments_select_their_pods",
        lambda manifests: _blue(manifests)["spec"]["selector"]["matchLabels"].pop(
            "bot.handover/color"
        ),
    ),
    "a Service that selects nothing": (
        "services_lead_somewhere",
        _in("Service", "spec", "selector", **{"bot.handover/color": "red"}),
    ),
    "a Service that selects both colors": (
        "services_lead_somewhere",
        _in("Service", "spec", selector={"app.kubernetes.io/name": "bot"}),
    ),
    "a Service at a port that is not": (
        "services_lead_somewhere",
        lambda manifests: _one(manifests, "Service")["spec"]["ports"][0].update(
            targetPort="metrics"
        ),
    ),
    "a Service for the world": (
        "services_stay_inside",
        _in("Service", "spec", type="LoadBalancer"),
    ),
    "requests to one color, trading by the other": (
        "service_and_intent_agree",
        lambda manifests: _one(manifests, "ConfigMap", "bot-intent")["data"].update(
            activeColor="green"
        ),
    ),
    "an active color without pods": (
        "service_and_intent_agree",
        lambda manifests: _blue(manifests)["spec"].update(replicas=0),
    ),
    "a secret in the environment in clear": (
        "nothing_secret_is_in_the_environment",
        _env("VENUE_API_SECRET", "hush"),
    ),
    "a password in a URL": (
        "nothing_secret_is_in_the_environment",
        _env("REDIS_URL", "redis://:hush@cache.example/0"),
    ),
    "a mount without volume": ("mounts_are_there", _in_pod(volumes=[])),
    "a volume without object": ("mounts_are_there", _without("Secret")),
    "a file that never changes": (
        "mounts_are_there",
        lambda manifests: _bot(manifests)["volumeMounts"][1].update(subPath="config.json"),
    ),
    "rights to everything": ("rights_are_the_least", _rule(verbs=["*"])),
    "rights to write": ("rights_are_the_least", _rule(verbs=["get", "patch"])),
    "rights to secrets": ("rights_are_the_least", _rule(resources=["secrets"])),
    "rights to any object": ("rights_are_the_least", _rule(resourceNames=[])),
    "rights in all namespaces": (
        "rights_are_the_least",
        lambda manifests: manifests.append({"kind": "ClusterRole", "metadata": {"name": "x"}}),
    ),
    "a token for every pod": (
        "tokens_are_mounted_where_they_are_needed",
        _in("ServiceAccount", automountServiceAccountToken=True),
    ),
    "the default account": (
        "tokens_are_mounted_where_they_are_needed",
        _in_pod(serviceAccountName="default"),
    ),
    "an object elsewhere": (
        "everything_is_in_the_namespace",
        _in("Secret", "metadata", namespace="default"),
    ),
    "no network policy": ("traffic_is_limited", _without("NetworkPolicy")),
    "a network policy for any port": (
        "traffic_is_limited",
        _in("NetworkPolicy", "spec", egress=[{}]),
    ),
    "a budget that blocks the node": (
        "nodes_can_be_drained",
        _in("PodDisruptionBudget", "spec", maxUnavailable=0),
    ),
    "no budget": ("nodes_can_be_drained", _without("PodDisruptionBudget")),
    "a migration without end": ("migrations_end", _in("Job", "spec", backoffLimit=6)),
    "an image that is not pinned, in production": (
        "production_is_strict",
        _in_bot(image="r.example/bot:1.5.0"),
    ),
    "one pod in production": (
        "production_is_strict",
        lambda manifests: _blue(manifests)["spec"].update(replicas=1),
    ),
    "production on an exchange of its own machine": (
        "production_is_strict",
        _env("API_ENDPOINT", "https://localhost"),
    ),
    "production as staging": ("production_is_strict", _env("DEPLOY_ENV", "staging")),
}


@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_mistake_is_caught_by_its_name(name: str) -> None:
    rule, edit = PLANTED[name]
    # Staging has a database in its golden files, and so migrations.
    manifests = load("production" if rule in PRODUCTION else "staging")
    assert list(RULES[rule](manifests)) == []
    edit(manifests)
    assert list(RULES[rule](manifests))


def test_every_policy_has_a_mistake_that_it_catches() -> None:
    assert {rule for rule, _ in PLANTED.values()} == set(RULES)
