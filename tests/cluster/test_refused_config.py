"""What config alone can tell is refused before anything moves, with the way out in the message."""

from dataclasses import dataclass

import pytest

from tests.support.kube import Kube
from tests.support.stack import Stack

pytestmark = pytest.mark.cluster

OTHER_IMAGE = "registry.example/trading-bot@sha256:" + "0" * 64


@dataclass(frozen=True)
class Case:
    config: dict[str, object]
    key: str
    """What the message must name …"""
    way_out: str
    """… and what it must tell to do."""


CASES = {
    "the active color scaled to 0": Case(
        {"blue.replicas": 0}, "blue.replicas: 0", "pulumi config set --path blue.replicas 2"
    ),
    "a misspelt color": Case({"activeColor": "gren"}, "activeColor: 'gren'", "did you mean green?"),
    "an unknown key": Case(
        {"activeColour": "green"}, "activeColour: unknown key", "did you mean activeColor?"
    ),
    "a negative limit": Case(
        {"maxPositionSize": -1}, "maxPositionSize: '-1'", "must be greater than 0"
    ),
    "a changed image under the active color": Case(
        {"blue.image": OTHER_IMAGE}, "blue.image", "pulumi config set --path green.image"
    ),
    "production with an unpinned image": Case(
        {
            "deployEnv": "production",
            "enableTrading": "false",
            "green.image": "registry.example/trading-bot:1.2.3",
        },
        "green.image: 'registry.example/trading-bot:1.2.3' is not pinned",
        "give the digest",
    ),
    "production with an endpoint on this machine": Case(
        {"deployEnv": "production", "apiEndpoint": "https://127.0.0.1:9443"},
        "apiEndpoint: 'https://127.0.0.1:9443'",
        "production",
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_refused_with_nothing_moved(blue_live: Stack, name: str) -> None:
    case = CASES[name]
    kube = Kube.of(blue_live)
    before = kube.snapshot()
    for key, value in case.config.items():
        blue_live.set(key, value)
    done = blue_live.up(check=False)
    assert done.code != 0
    assert case.key in done.text
    assert case.way_out in done.text
    assert "nothing was changed" in done.text
    assert kube.snapshot() == before
