from typing import Any

import pytest

from testbed.targets import targets


def pod(annotations: dict[str, str] | None = None, **changes: object) -> dict[str, Any]:
    notes = {"prometheus.io/scrape": "true", "prometheus.io/port": "8080"}
    metadata = {
        "name": "bot-blue-0",
        "namespace": "trading-bot-local",
        "annotations": notes | (annotations or {}),
        "labels": {"bot.handover/color": "blue", "app.kubernetes.io/instance": "local"},
    }
    return {"metadata": metadata, "status": {"podIP": "10.244.0.7", "phase": "Running"} | changes}


def test_an_annotated_pod_is_scraped_under_its_color_and_stack() -> None:
    assert targets([pod()]) == [
        {
            "targets": ["10.244.0.7:8080"],
            "labels": {
                "namespace": "trading-bot-local",
                "pod": "bot-blue-0",
                "color": "blue",
                "stack": "local",
                "__metrics_path__": "/metrics",
            },
        }
    ]


def test_the_annotated_path_is_scraped() -> None:
    (target,) = targets([pod(annotations={"prometheus.io/path": "/other"})])
    assert target["labels"]["__metrics_path__"] == "/other"


@pytest.mark.parametrize(
    "other",
    [
        pod(annotations={"prometheus.io/scrape": "false"}),
        pod(annotations={"prometheus.io/port": "http"}),
        pod(podIP=None),
        pod(phase="Succeeded"),
        pod(phase="Failed"),
        {"metadata": {"name": "plain", "namespace": "default"}, "status": {}},
        {"metadata": {"annotations": None}},
    ],
)
def test_any_other_pod_is_not_scraped(other: dict[str, Any]) -> None:
    assert targets([other]) == []
