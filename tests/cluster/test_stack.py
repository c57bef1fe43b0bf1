"""A stack that was deployed stays as it is, and keeps its secrets."""

import base64
from collections.abc import Callable

import pytest

from bot.contract.color import Color
from infra.names import CONTAINER
from tests.cluster.planted import SECRET_NAME, SECRET_VALUE
from tests.support.images import base_image, size_bytes
from tests.support.kube import Kube
from tests.support.platform import Platform
from tests.support.stack import Stack

pytestmark = pytest.mark.cluster

MEGABYTE = 1_000_000
KINDS = "deployments,replicasets,pods,services,endpointslices,configmaps,events,serviceaccounts"


def test_a_second_up_changes_nothing(blue_live: Stack) -> None:
    kube = Kube.of(blue_live)
    before = kube.snapshot()
    blue_live.pulumi("up", "--yes", "--expect-no-changes")
    assert kube.snapshot() == before


def test_a_refresh_shows_no_drift(blue_live: Stack) -> None:
    blue_live.pulumi("refresh", "--preview-only", "--diff", "--expect-no-changes")


def test_the_pods_have_the_secret(blue_live: Stack) -> None:
    kube = Kube.of(blue_live)
    pod = kube.pods(Color.BLUE)[0].name
    script = f"print(open('/etc/bot/secrets/{SECRET_NAME}').read(), end='')"
    done = kube.kubectl("exec", pod, "-c", CONTAINER, "--", "python", "-c", script)
    assert done.output == SECRET_VALUE


def _logs(stack: Stack) -> str:
    kube = Kube.of(stack)
    pods = [pod.name for color in Color for pod in kube.pods(color)]
    return "".join(kube.kubectl("logs", pod).output for pod in pods)


PLACES: dict[str, Callable[[Stack], str]] = {
    "exported state": lambda stack: stack.pulumi("stack", "export").output,
    "state files": lambda stack: "".join(
        file.read_text() for file in stack.folder.rglob("*") if file.is_file()
    ),
    "preview": lambda stack: stack.pulumi("preview", "--diff", "--show-sames").text,
    "preview as JSON": lambda stack: stack.pulumi("preview", "--json", "--show-sames").text,
    "outputs": lambda stack: stack.pulumi("stack", "output", "--json").text,
    "history": lambda stack: stack.pulumi("stack", "history", "--json").text,
    "logs of the pods": _logs,
    "manifests": lambda stack: Kube.of(stack).kubectl("get", KINDS, "-o", "yaml").text,
}


@pytest.mark.parametrize("place", PLACES)
def test_a_planted_secret_appears_nowhere(blue_live: Stack, place: str) -> None:
    text = PLACES[place](blue_live)
    assert text
    assert SECRET_VALUE not in text
    assert base64.b64encode(SECRET_VALUE.encode()).decode() not in text


def test_the_image_adds_at_most_60_megabytes_to_its_base(
    blue_live: Stack, platform: Platform
) -> None:
    image = size_bytes(blue_live.image(Color.BLUE), platform)
    base = size_bytes(base_image(platform), platform)
    assert image - base <= 60 * MEGABYTE
