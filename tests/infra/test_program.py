"""What the program declares, seen by Pulumi's mocks: inputs, edges, hooks, exports."""

from bot.contract.color import Color
from infra.outputs import StackOutputs
from infra.pods import NO_IMAGE
from tests.infra.recorder import BUILT, STACK, record
from tests.infra.samples import LEDGER, NEW, OLD, color, config, deployed

LIVE = "Service::bot"
INTENT = "ConfigMap::bot-intent"


def test_both_colors_are_declared_always() -> None:
    declared, _ = record(config(green=color("", 0)))
    assert declared["Deployment::bot-blue"].inputs["spec"]["replicas"] == 2
    green = declared["Deployment::bot-green"].inputs["spec"]
    assert green["replicas"] == 0
    assert green["template"]["spec"]["containers"][0]["image"] == NO_IMAGE


def test_selector_and_intent_say_the_same() -> None:
    declared, _ = record(config(activeColor="green", canaryPercent="36"), deployed())
    assert declared[LIVE].inputs["spec"]["selector"] == {
        "app.kubernetes.io/name": "bot",
        "app.kubernetes.io/instance": STACK,
        "bot.handover/color": "green",
    }
    assert declared[INTENT].inputs["data"] == {
        "activeColor": "green",
        "canaryPercent": "36",
        "ledger": LEDGER,
    }


def test_service_and_intent_depend_on_the_target_color_alone() -> None:
    declared, _ = record(config(activeColor="green"), deployed(Color.BLUE))
    for key in (LIVE, INTENT):
        assert declared[key].dependencies == {"Deployment::bot-green"}


def test_a_canary_depends_on_both_colors() -> None:
    declared, _ = record(config(canaryPercent="36"), deployed())
    for key in (LIVE, INTENT):
        assert declared[key].dependencies == {"Deployment::bot-blue", "Deployment::bot-green"}


def test_on_the_first_up_pods_find_the_intent() -> None:
    declared, _ = record(config())
    assert declared[INTENT].dependencies == {"Namespace::namespace", "Job::bot-migration-blue"}
    assert declared[LIVE].dependencies == {"Deployment::bot-blue"}


def test_a_color_never_depends_on_the_other() -> None:
    declared, _ = record(config(), deployed())
    for each in Color:
        edges = declared[f"Deployment::bot-{each}"].dependencies
        assert not {edge for edge in edges if "Deployment" in edge or edge in (LIVE, INTENT)}


def test_whatever_moves_authority_is_guarded() -> None:
    declared, _ = record(config(), deployed())
    assert declared[LIVE].hooks == {"guard-service"}
    assert declared[INTENT].hooks == {"guard-intent"}
    assert declared["Deployment::bot-blue"].hooks == {"guard-blue", "wait-blue"}
    assert declared["Deployment::bot-green"].hooks == {"guard-green", "wait-green"}


def test_rendering_asks_no_cluster() -> None:
    declared, _ = record(config(renderTo="out"))
    assert not {key for key, each in declared.items() if each.hooks}


def test_nothing_is_built_unless_a_color_says_so() -> None:
    declared, _ = record(config())
    assert not {key for key in declared if key.startswith(("Image::", "BotImage::"))}


def test_a_color_that_builds_runs_the_digest_that_was_pushed() -> None:
    built = config(imageRepository="registry.example/bot", green=color("build"))
    declared, exports = record(built, deployed())
    image = declared["Image::bot"].inputs
    assert image["build"]["dockerfile"].endswith("bot/Dockerfile")
    assert "+" not in image["imageName"]
    green = declared["Deployment::bot-green"].inputs["spec"]["template"]["spec"]["containers"][0]
    assert green["image"] == BUILT
    assert {"name": "BOT_IMAGE", "value": BUILT} in green["env"]
    assert exports["greenImage"] == BUILT
    assert exports["blueImage"] == OLD


def test_the_exports_are_what_the_next_up_reads() -> None:
    _, exports = record(config(activeColor="green", blue=color("", 0), green=color(NEW, 3)))
    read = StackOutputs.from_mapping(exports)
    assert read is not None
    assert read.active_color is Color.GREEN
    assert read.namespace == f"trading-bot-{STACK}"
    assert (read.green.image, read.green.replicas) == (NEW, 3)
    assert (read.blue.image, read.blue.replicas) == ("", 0)
    assert read.green.selector.endswith("bot.handover/color=green")


def test_a_stack_that_was_never_deployed_has_no_outputs() -> None:
    assert StackOutputs.from_mapping({}) is None


def test_numbers_from_the_engine_may_be_floats() -> None:
    read = StackOutputs.from_mapping({"activeColor": "blue", "blueReplicas": 2.0})
    assert read is not None
    assert read.blue.replicas == 2


def test_the_cluster_is_named_and_pinned() -> None:
    declared, _ = record(config(context="kind-dev"))
    provider = declared["kubernetes::cluster"].inputs
    assert provider["context"] == "kind-dev"
    assert provider["clusterIdentifier"] == "kind-dev"
    assert provider["enableConfigMapMutable"] == "true"


def test_secrets_are_files_and_never_environment() -> None:
    declared, _ = record(config(), deployed())
    for each in Color:
        pod = declared[f"Deployment::bot-{each}"].inputs["spec"]["template"]["spec"]
        sources = [entry.get("valueFrom", {}) for entry in pod["containers"][0]["env"]]
        assert not [source for source in sources if "secretKeyRef" in source]
        assert pod["volumes"][0]["secret"]["secretName"] == "bot-secrets"


def test_every_object_lives_in_the_stacks_own_namespace() -> None:
    declared, _ = record(config(namespace="elsewhere"))
    for each in declared.values():
        metadata = each.inputs.get("metadata")
        if metadata and not each.type.endswith(":Namespace"):
            assert metadata["namespace"] == "elsewhere"
