"""What the API server says, in the words of the guard; and which cluster is asked."""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import httpx2
import pytest
import yaml
from lightkube.core.client import Client
from lightkube.resources.core_v1 import Pod as KubePod

from bot.contract.color import Color
from bot.contract.release import QUARANTINE_CONFIGMAP, UNDER_WAY_CONFIGMAP
from infra.guard.cluster import ClusterError, KubeCluster, find_context, read_pods
from infra.guard.release_mark import ReleaseMarks
from infra.names import Names
from tests.infra.samples import BAD, LEDGER, NEW, UNDER_WAY


def reported(**status: object) -> KubePod:
    report = {
        "metadata": {"name": "bot-green-1", "labels": {"bot.handover/color": "green"}},
        "spec": {"containers": [{"name": "bot", "image": NEW}]},
        "status": status,
    }
    return cast("Any", KubePod).from_dict(report)


def condition(kind: str, status: str, **more: str) -> dict[str, str]:
    return {"type": kind, "status": status, **more}


def container(**state: object) -> dict[str, Any]:
    return {
        "name": "bot",
        "image": NEW,
        "imageID": "",
        "ready": False,
        "restartCount": 4,
        **state,
    }


def test_a_ready_pod() -> None:
    (seen,) = read_pods(reported(conditions=[condition("Ready", "True")]))
    assert (seen.name, seen.color, seen.image) == ("bot-green-1", Color.GREEN, NEW)
    assert seen.ready
    assert not seen.terminating


def test_a_pod_that_is_being_deleted_is_terminating_even_while_it_says_ready() -> None:
    pod = reported(conditions=[condition("Ready", "True")])
    assert pod.metadata is not None
    pod.metadata.deletionTimestamp = datetime.now(UTC)
    (seen,) = read_pods(pod)
    assert seen.ready
    assert seen.terminating


def test_the_reason_of_a_waiting_container_is_told() -> None:
    waiting = {"waiting": {"reason": "ImagePullBackOff", "message": "no such image"}}
    (seen,) = read_pods(reported(containerStatuses=[container(state=waiting)]))
    assert (seen.reason, seen.detail) == ("ImagePullBackOff", "no such image")


def test_how_a_crashed_container_ended_is_told() -> None:
    status = container(
        state={"waiting": {"reason": "CrashLoopBackOff", "message": "back-off"}},
        lastState={"terminated": {"exitCode": 3}},
    )
    (seen,) = read_pods(reported(containerStatuses=[status]))
    assert (seen.reason, seen.detail) == ("CrashLoopBackOff", "exit code 3; 4 restarts")


def test_a_pod_that_finds_no_node_says_so() -> None:
    unschedulable = condition(
        "PodScheduled", "False", reason="Unschedulable", message="0/1 nodes are available"
    )
    (seen,) = read_pods(reported(conditions=[unschedulable]))
    assert (seen.reason, seen.detail) == ("Unschedulable", "0/1 nodes are available")


@pytest.mark.parametrize("labels", [{}, {"bot.handover/color": "red"}])
def test_a_pod_of_no_color_is_none_of_ours(labels: dict[str, str]) -> None:
    pod = reported()
    assert pod.metadata is not None
    pod.metadata.labels = labels
    assert read_pods(pod) == []


def kubeconfig(path: Path, *contexts: str) -> str:
    entries = [{"name": name, "context": {"cluster": "c", "user": "u"}} for name in contexts]
    content: dict[str, object] = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": contexts[0],
        "clusters": [{"name": "c", "cluster": {"server": f"https://{path.name}.example"}}],
        "users": [{"name": "u", "user": {}}],
        "contexts": entries,
    }
    path.write_text(yaml.safe_dump(content))
    return str(path)


def test_only_the_named_context_is_ever_asked(tmp_path: Path) -> None:
    paths = f"{kubeconfig(tmp_path / 'a', 'one')}:{kubeconfig(tmp_path / 'b', 'two', 'three')}"
    assert find_context("three", paths).cluster.server == "https://b.example"
    with pytest.raises(ClusterError, match=r"'four' is not in the kubeconfig.*one, two, three"):
        find_context("four", paths)


def test_without_a_kubeconfig_the_message_says_what_to_set(tmp_path: Path) -> None:
    with pytest.raises(ClusterError, match="knows: none; set KUBECONFIG"):
        find_context("one", str(tmp_path / "missing"))


def answering(folder: Path, answers: Mapping[str, object]) -> KubeCluster:
    """A cluster that has these ConfigMaps, by name; a 404 for the others."""

    def answer(request: httpx2.Request) -> httpx2.Response:
        answer = answers.get(request.url.path.rpartition("/")[2])
        status = {"kind": "Status", "code": 404, "message": "not found"}
        return httpx2.Response(200, json=answer) if answer else httpx2.Response(404, json=status)

    config = find_context("one", kubeconfig(folder / "kubeconfig", "one"))
    client = Client(config, namespace="ns", transport=httpx2.MockTransport(answer))
    return KubeCluster(client, Names("staging", "ns"))


def test_what_releases_wrote_down_is_read_from_two_config_maps(tmp_path: Path) -> None:
    written = {
        QUARANTINE_CONFIGMAP: {"data": {BAD.key: BAD.to_value()}},
        UNDER_WAY_CONFIGMAP: {"data": UNDER_WAY.to_data()},
    }
    assert answering(tmp_path, written).release_marks() == ReleaseMarks(
        {BAD.digest: BAD}, UNDER_WAY
    )


def test_where_no_release_ever_ran_nothing_is_written_down(tmp_path: Path) -> None:
    assert answering(tmp_path, {}).release_marks() == ReleaseMarks()
    assert (
        answering(tmp_path, {UNDER_WAY_CONFIGMAP: {"data": {}}}).release_marks() == ReleaseMarks()
    )


def ended(message: str) -> dict[str, Any]:
    """A pod of a migration, by its last word."""
    state = {"terminated": {"exitCode": 0, "message": message}}
    return {
        "metadata": {"name": "bot-migration-blue-1"},
        "spec": {"containers": [{"name": "bot-migration"}]},
        "status": {"containerStatuses": [container(state=state)]},
    }


@pytest.mark.parametrize(
    ("words", "reported"),
    [
        ([], ""),
        ([""], ""),
        (["ledger: no answer within 10 s", LEDGER], LEDGER),
        (["ledger: no answer within 10 s"], ""),
    ],
)
def test_a_migration_says_which_ledger_it_found(
    tmp_path: Path, words: list[str], reported: str
) -> None:
    pods: dict[str, object] = {"pods": {"items": [ended(word) for word in words]}}
    assert answering(tmp_path, pods).ledger("bot-migration-blue-0123456789") == reported
