"""All policies by their names; and those that only production has."""

from collections.abc import Iterator

from bot.contract import environment as env
from bot.contract.addresses import endpoint_error
from infra.pods import NO_IMAGE
from tests.infra.policies import objects, pods
from tests.infra.policies.manifests import (
    PINNED,
    Manifests,
    Rule,
    bots,
    containers,
    name_of,
    of_kind,
    variables,
)

_REPLICAS_MIN = 2


def production_is_strict(manifests: Manifests) -> Iterator[str]:
    """Proven images, spare pods, its own environment, a real endpoint."""
    for where, container in containers(manifests):
        if container["image"] != NO_IMAGE and not PINNED.fullmatch(container["image"]):
            yield f"{where}: {container['image']} is not a digest"
    for manifest in of_kind(manifests, "Deployment"):
        if manifest["spec"]["replicas"] < _REPLICAS_MIN:
            yield f"{name_of(manifest)}: {manifest['spec']['replicas']} pods"
        if not manifest["spec"]["template"]["spec"].get("topologySpreadConstraints"):
            yield f"{name_of(manifest)}: all pods may be on one node"
    for where, _, container in bots(manifests):
        values = variables(container)
        if values.get(env.DEPLOY_ENV) != "production":
            yield f"{where}: {env.DEPLOY_ENV} is {values.get(env.DEPLOY_ENV)}"
        if error := endpoint_error(values.get(env.API_ENDPOINT, ""), env.DeployEnv.PRODUCTION):
            yield f"{where}: {error}"
        if values.get(env.CLOSE_CONNECTIONS) != "true":
            yield f"{where}: kept-alive clients stay on the color that is left"


EVERYWHERE: dict[str, Rule] = {
    rule.__name__: rule
    for rule in (
        pods.pods_are_restricted,
        pods.containers_are_restricted,
        pods.images_have_a_version,
        pods.containers_are_bounded,
        pods.each_bot_is_probed,
        pods.probes_add_up,
        pods.pods_may_end_their_work,
        pods.updates_keep_all_pods,
        pods.nothing_secret_is_in_the_environment,
        pods.mounts_are_there,
        pods.migrations_end,
        objects.the_namespace_refuses_other_pods,
        objects.deployments_select_their_pods,
        objects.services_lead_somewhere,
        objects.services_stay_inside,
        objects.service_and_intent_agree,
        objects.rights_are_the_least,
        objects.tokens_are_mounted_where_they_are_needed,
        objects.everything_is_in_the_namespace,
        objects.traffic_is_limited,
        objects.nodes_can_be_drained,
    )
}
PRODUCTION: dict[str, Rule] = {production_is_strict.__name__: production_is_strict}
