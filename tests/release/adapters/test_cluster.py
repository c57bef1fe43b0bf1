"""What runs: broken pods are values, a cluster that is away is an error that says which."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.contract.color import Color
from release.adapters.cluster import LOG_LINES, KubernetesCluster
from release.adapters.kube import ClusterError, Kube, find_context
from release.decide.model import Pod
from tests.release.adapters.fake_api import (
    DIGEST,
    HANG,
    IMAGE,
    IMPATIENT,
    NAMESPACE,
    REFUSED,
    REVISION,
    STACK,
    TIMEOUT,
    FakeApi,
    FakePod,
    config,
    ready,
    serving,
    state,
)

CRASHED = {"terminated": {"exitCode": 3, "reason": "Error"}}
KILLED = {"exitCode": 137, "reason": "OOMKilled"}
UNSCHEDULABLE = {
    "type": "PodScheduled",
    "status": "False",
    "reason": "Unschedulable",
    "message": "0/1 nodes",
}
BACK_OFF = {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 10s"}}


async def seen(*pods: FakePod) -> list[Pod]:
    return list(await KubernetesCluster(FakeApi([*pods]).kube(), STACK).pods(Color.GREEN))


async def one(pod: FakePod) -> Pod:
    (observed,) = await seen(pod)
    return observed


async def test_a_ready_pod_tells_its_version_and_digest() -> None:
    assert await one(serving("g-1")) == Pod(
        name="g-1",
        color=Color.GREEN,
        ready=True,
        terminating=False,
        image=IMAGE,
        digest=DIGEST,
        version="1.2.3",
        revision=REVISION,
    )


async def test_only_pods_of_the_color_are_seen() -> None:
    pods = await seen(serving("g-1"), serving("b-1", "blue"))
    assert [pod.name for pod in pods] == ["g-1"]


async def test_the_pods_of_migrations_are_told_apart_from_those_of_a_color() -> None:
    waiting = {"waiting": {"reason": "ImagePullBackOff", "message": "Back-off"}}
    job = FakePod("m-1", "none", state(waiting))
    cluster = KubernetesCluster(FakeApi([serving("g-1"), job]).kube(), STACK)
    (migration,) = await cluster.migrations(Color.GREEN)
    assert migration.name == "m-1"
    assert migration.reason == "ImagePullBackOff: Back-off"
    assert [pod.name for pod in await cluster.pods(Color.GREEN)] == ["g-1"]


async def test_an_older_stack_that_does_not_tell_its_migrations_has_none() -> None:
    cluster = KubernetesCluster(FakeApi([serving("g-1")]).kube(), replace(STACK, migrations=""))
    assert await cluster.migrations(Color.GREEN) == []


async def test_a_terminating_pod_that_says_ready_does_not_serve() -> None:
    pod = serving("g-1")
    pod.deleted = True
    observed = await one(pod)
    assert observed.ready
    assert not observed.serves


async def test_a_crash_loop_is_told_with_how_it_ended_and_the_last_words_before() -> None:
    crashed = state(BACK_OFF, restartCount=4, lastState=CRASHED)
    words = "\n".join(f"line {number}" for number in range(40))
    pod = await one(FakePod("g-1", status=crashed, previous_log=words, log="starting"))
    assert pod.reason == "CrashLoopBackOff: exit code 3; 4 restarts"
    assert pod.restarts == 4
    assert pod.last_lines[-1] == "line 39"
    assert len(pod.last_lines) == LOG_LINES
    assert (pod.digest, pod.version) == ("", "")


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (
            state({"waiting": {"reason": "ImagePullBackOff", "message": "no such"}}),
            "ImagePullBackOff: no such",
        ),
        (state({"terminated": KILLED}), "OOMKilled: exit code 137"),
        (
            state(BACK_OFF, lastState={"terminated": KILLED}),
            "CrashLoopBackOff: OOMKilled, exit code 137; 0 restarts",
        ),
        ({"conditions": [UNSCHEDULABLE]}, "Unschedulable: 0/1 nodes"),
        ({"reason": "Evicted", "message": "low on memory"}, "Evicted: low on memory"),
        ({}, ""),
        (state({"running": {}}), ""),
    ],
)
async def test_why_a_pod_is_not_ready_is_in_the_clusters_words(
    status: dict[str, Any], reason: str
) -> None:
    pod = await one(FakePod("g-1", status=status))
    assert not pod.ready
    assert pod.reason == reason
    assert pod.last_lines == ()


@pytest.mark.parametrize("answer", [TIMEOUT, REFUSED, 500, "[]", "no json", '{"version": null}'])
async def test_a_pod_that_does_not_say_its_version_is_a_value(answer: str | int) -> None:
    pod = await one(serving("g-1", answers={"/version": answer}))
    assert pod.ready
    assert pod.version == ""


async def test_the_running_digest_is_asked_of_the_kubelet_where_nothing_is_pinned() -> None:
    pod = serving("g-1")
    pod.image = "r.example/bot:latest"
    assert (await one(pod)).digest == DIGEST
    pod.status = ready(imageID="sha256:config-only")
    assert (await one(pod)).digest == ""


async def test_a_cluster_that_refuses_is_an_error_that_says_what() -> None:
    cluster = KubernetesCluster(FakeApi(broken=403).kube(), STACK)
    with pytest.raises(ClusterError, match="pods of green: 403 Broken, it says"):
        await cluster.pods(Color.GREEN)


async def test_a_cluster_that_is_away_is_an_error_that_says_where() -> None:
    kube = Kube(config("http://127.0.0.1:9"), NAMESPACE)
    with pytest.raises(ClusterError, match=r"127\.0\.0\.1:9 cannot be asked"):
        await KubernetesCluster(kube, STACK).pods(Color.GREEN)
    await kube.close()


def behind(pod: FakePod, service: str = "bot-green") -> KubernetesCluster:
    return KubernetesCluster(FakeApi([pod], {service: pod.name}).kube(), STACK)


async def test_a_color_that_answers_well_passes_the_smoke_checks() -> None:
    assert await behind(serving("g-1")).smoke(Color.GREEN) == []


@pytest.mark.parametrize(
    ("answers", "words"),
    [
        ({"/health": 503}, "/health: 503: status 503"),
        ({"/health": json.dumps({"status": "fail"})}, "/health: says fail"),
        ({"/health": "no json"}, "/health: says nothing"),
        ({"/version": "{}"}, "/version: names no version"),
        ({"/readyz": REFUSED}, "error trying to reach service"),
        ({"/readyz": TIMEOUT}, "cannot be asked: planted"),
    ],
)
async def test_what_is_wrong_behind_the_preview_service_is_named(
    answers: dict[str, str | int], words: str
) -> None:
    (problem,) = await behind(serving("g-1", answers=answers)).smoke(Color.GREEN)
    assert words in problem


async def test_a_pod_that_never_ends_its_answer_is_waited_for_so_long_and_no_longer() -> None:
    pod = serving("g-1", answers={"/version": HANG})
    kube = FakeApi([pod]).kube(IMPATIENT)
    with pytest.raises(ClusterError, match="pod g-1 /version: no answer in time"):
        await kube.ask_pod("g-1", "/version")


async def test_a_preview_service_that_answers_by_another_color_fails() -> None:
    problems = await behind(serving("b-1", "blue")).smoke(Color.GREEN)
    assert len(problems) == 3
    assert "answered by blue, not by green" in problems[0]


async def test_the_live_color_is_the_one_that_answers() -> None:
    assert await behind(serving("b-1", "blue"), "bot").live_color() is Color.BLUE


async def test_a_live_service_that_nobody_answers_for_is_an_error() -> None:
    with pytest.raises(ClusterError, match="no endpoints"):
        await behind(serving("g-1"), "other").live_color()
    pod = serving("x-1")
    pod.headers = {}
    with pytest.raises(ClusterError, match="of no color"):
        await behind(pod, "bot").live_color()


def holding(name: str, color: str, leases: int) -> FakePod:
    return serving(name, color, {"/metrics": f"bot_leases_held {leases}\n"})


async def test_shards_are_added_up_per_color_and_silent_pods_hold_none() -> None:
    pods = [holding("b-1", "blue", 40), holding("b-2", "blue", 61), holding("g-1", "green", 4)]
    silent = [
        serving(f"g-{text}", answers={"/metrics": text}) for text in (TIMEOUT, "} nonsense {")
    ]
    cluster = KubernetesCluster(FakeApi([*pods, *silent]).kube(), STACK)
    assert await cluster.shards() == {Color.BLUE: 100, Color.GREEN: 4}


def test_only_the_named_context_is_ever_asked(tmp_path: Path) -> None:
    file = tmp_path / "kubeconfig"
    content: dict[str, Any] = {
        "current-context": "ambient",
        "clusters": [{"name": n, "cluster": {"server": f"https://{n}.example"}} for n in "ab"],
        "users": [{"name": "u", "user": {}}],
        "contexts": [
            {"name": "ambient", "context": {"cluster": "a", "user": "u"}},
            {"name": "named", "context": {"cluster": "b", "user": "u"}},
        ],
    }
    file.write_text(yaml.safe_dump(content))
    paths = f"{tmp_path / 'missing'}:{file}"
    assert find_context("named", paths).cluster.server == "https://b.example"
    with pytest.raises(ClusterError, match=r"'other' is not in the kubeconfig.*ambient, named"):
        Kube.connect("other", NAMESPACE, {"KUBECONFIG": paths})
