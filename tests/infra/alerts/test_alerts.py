"""The alert rules: each fires when it must, and names only metrics that the bot has."""

import re
import subprocess
from pathlib import Path

import pytest

from bot.serving.metric_families import FAMILIES
from tests.support.checkout import ROOT

RULES = ROOT / "infra" / "alerts" / "trading.yml"


def test_the_rules_name_metrics_that_exist() -> None:
    expressions = re.findall(r"expr: (.*)", RULES.read_text())
    assert len(expressions) >= 4
    for expression in expressions:
        assert set(re.findall(r"bot_\w+", expression)) <= set(FAMILIES)


@pytest.mark.cluster
def test_each_rule_fires_when_it_must_and_not_before() -> None:
    done = subprocess.run(  # noqa: S603 - our own words
        ["promtool", "test", "rules", str(Path(__file__).parent / "trading.yml")],  # noqa: S607 - the platform's
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
