"""The program under the real engine, with neither a cluster nor a Docker daemon."""

from base64 import b64encode
from pathlib import Path
from typing import Any

import pytest

from tests.infra.engine import committed, create, settled

pytestmark = pytest.mark.engine

SECRET = "hush-hush-planted-value"  # noqa: S105 - planted, to be looked for
ENCODED = b64encode(SECRET.encode()).decode()


@pytest.mark.parametrize("stack", ["local", "staging", "production"])
def test_a_preview_that_builds_nothing_needs_no_daemon_and_no_cluster(
    stack: str, tmp_path: Path
) -> None:
    made = create(stack, tmp_path / "project", settled(committed(stack)))
    shown = made.pulumi("preview").output
    assert "bot-green" in shown
    assert "create" in shown


@pytest.mark.parametrize(
    ("stack", "changes", "words"),
    [
        ("staging", {"activeColour": "green"}, ["activeColour: unknown key", "activeColor?"]),
        ("staging", {"activeColor": "gren"}, ["activeColor: 'gren'", "did you mean green?"]),
        ("staging", {"maxPositionSize": -5}, ["maxPositionSize: '-5': must be greater than 0"]),
        ("staging", {"blue": {"image": "", "replicas": 0}}, ["blue.replicas: 0"]),
        ("staging", {"context": ""}, ["context: is not set"]),
        (
            "production",
            {"blue": {"image": "r.example/bot:1", "replicas": 2}},
            ["blue.image: 'r.example/bot:1' is not pinned"],
        ),
        ("production", {"apiEndpoint": "https://localhost"}, ["apiEndpoint:", "production"]),
        (
            "production",
            {"activeColor": "gren", "riskLimitPct": -1},
            ["has 2 problems", "activeColor", "riskLimitPct"],
        ),
    ],
)
def test_a_preview_refuses_and_says_what_to_do(
    stack: str, changes: dict[str, Any], words: list[str], tmp_path: Path
) -> None:
    made = create(stack, tmp_path / "project", {**committed(stack), **changes})
    refused = made.pulumi("preview", check=False)
    assert refused.code != 0
    for word in [*words, "nothing was changed"]:
        assert word in refused.output
    assert "Traceback" not in refused.output
    assert "bot-green" not in refused.output


def test_a_planted_secret_is_in_its_manifest_and_nowhere_else(tmp_path: Path) -> None:
    made = create("staging", tmp_path / "project", committed("staging"))
    made.set_secret("secrets.api-key", SECRET)
    target = tmp_path / "rendered"
    made.set("renderTo", str(target))
    texts = {
        "preview": made.pulumi("preview", "--diff").output,
        "up": made.pulumi("up", "--yes", "--skip-preview", "--diff").output,
        "state": made.pulumi("stack", "export").output,
        "outputs": made.pulumi("stack", "output", "--json").output,
        "config": made.file.read_text(),
    }
    manifests = {file.name: file.read_text() for file in target.rglob("*.yaml")}
    holders = {name for name, text in manifests.items() if ENCODED in text or SECRET in text}
    assert len(holders) == 1
    assert "secret" in holders.pop()
    for where, text in texts.items():
        assert SECRET not in text, where
        assert ENCODED not in text, where


def test_a_secret_that_is_not_encrypted_is_refused(tmp_path: Path) -> None:
    config = {**committed("staging"), "secrets": {"api-key": SECRET}}
    refused = create("staging", tmp_path / "project", config).pulumi("preview", check=False)
    assert "secrets: is not encrypted" in refused.output
    assert SECRET not in refused.output
