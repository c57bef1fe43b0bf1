"""An `up` ends when every ready pod has told that it took the limits, or names one that has not."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
import pytest
from lightkube.config import client_adapter
from lightkube.core.client import Client
from pulumi import RunError

from bot.contract.http import CONFIG_HASH, CONFIG_INVALID, CONFIG_REFUSED
from infra.guard import hooks
from infra.guard.cluster import find_context
from infra.guard.limits import LimitsWait, PodLimits, missing
from infra.guard.pod_limits import KubePods
from infra.guard.watch import POLL_SECONDS, RefusedError
from infra.names import Names
from tests.infra.guard.test_cluster import condition, kubeconfig
from tests.infra.guard.test_watch import FakeClock

NEW, OLD = "new0", "old0"
TAKEN, LATE = PodLimits("a", NEW), PodLimits("b", OLD)


@dataclass
class FakePods:
    """Tell one thing after the other, the last one for ever."""

    answers: list[list[PodLimits]]
    asked: int = 0

    def limits(self) -> list[PodLimits]:
        self.asked += 1
        return self.answers[min(self.asked, len(self.answers)) - 1]


@dataclass
class Lines:
    info: list[str] = field(default_factory=list[str])
    warned: list[str] = field(default_factory=list[str])


def waiting(*answers: list[PodLimits], patient: bool = True) -> tuple[LimitsWait, FakePods, Lines]:
    pods, printed = FakePods(list(answers)), Lines()
    wait = LimitsWait(
        lambda: pods, "ns", 3, printed.info.append, printed.warned.append, patient, FakeClock()
    )
    return wait, pods, printed


async def test_it_ends_when_every_ready_pod_has_told() -> None:
    wait, pods, printed = waiting([TAKEN, LATE], [TAKEN, LATE], [TAKEN, PodLimits("b", NEW)])
    await wait.until_taken(NEW)
    assert pods.asked == 3
    assert printed.info == [
        "limits new0: waiting for b",
        "limits new0: in effect in 2 ready pods",
    ]


async def test_a_pod_that_is_not_ready_any_more_is_not_waited_for() -> None:
    wait, _, printed = waiting([TAKEN, LATE], [TAKEN])
    await wait.until_taken(NEW)
    assert printed.info[-1] == "limits new0: in effect in 1 ready pod"


async def test_the_deadline_names_the_pod_that_has_not_taken_them() -> None:
    wait, pods, _ = waiting([TAKEN, LATE])
    with pytest.raises(RefusedError) as refused:
        await wait.until_taken(NEW)
    assert 3 / POLL_SECONDS <= pods.asked <= 3 / POLL_SECONDS + 2
    text = str(refused.value)
    assert text.startswith("1 of 2 ready pods did not take the limits new0 within 3 s")
    assert "  b: still has old0\n" in text
    assert "kubectl -n ns exec b -- python -m bot status" in text


async def test_a_pod_that_refuses_them_ends_the_wait_with_its_reason() -> None:
    reason = "killSwitch: false: raises risk in production"
    wait, pods, _ = waiting([TAKEN, PodLimits("b", OLD, NEW, reason)])
    with pytest.raises(RefusedError, match=f"b: refuses them: {reason}"):
        await wait.until_taken(NEW)
    assert pods.asked == 1


async def test_the_way_back_of_a_release_only_warns() -> None:
    wait, pods, printed = waiting([LATE], patient=False)
    await wait.until_taken(NEW)
    assert pods.asked == 1
    assert "b: still has old0" in printed.warned[0]


def test_a_pod_that_refused_something_older_may_still_take_this() -> None:
    (each,) = missing([PodLimits("a", OLD, "other", "why")], NEW)
    assert not each.final


@pytest.mark.parametrize(("before", "asked"), [(NEW, 0), (OLD, 1), ("", 1)])
async def test_pods_are_asked_only_when_the_limits_changed(
    before: str, asked: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    wait, pods, _ = waiting([TAKEN])
    exported = exports_of(monkeypatch)
    await hooks.after_everything(wait, {"hash": NEW, "other": "x"}, "hash", before=before)
    assert pods.asked == asked
    assert exported == {"hash": before, "other": "x"}, "until then it is not known"


async def test_a_failed_wait_fails_the_up_and_leaves_the_former_hash(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    wait, _, _ = waiting([LATE])
    exported = exports_of(monkeypatch)
    with pytest.raises(RunError, match="b: still has old0"):
        await hooks.after_everything(wait, {"hash": NEW}, "hash", before=OLD)
    assert exported == {"hash": OLD}


def exports_of(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    exported: dict[str, Any] = {}
    monkeypatch.setattr(hooks, "export", exported.__setitem__)
    return exported


def listed(name: str, *, ready: bool = True) -> dict[str, Any]:
    return {
        "metadata": {"name": name, "labels": {"bot.handover/color": "green"}},
        "spec": {"containers": [{"name": "bot", "image": NEW}]},
        "status": {"conditions": [condition("Ready", str(ready))]},
    }


def cluster(folder: Path, answers: dict[str, httpx2.Response]) -> KubePods:
    """Pods that answer so; one that is not ready is not asked."""

    def answer(request: httpx2.Request) -> httpx2.Response:
        path = request.url.path
        if path.endswith("/pods"):
            items = [*(listed(name) for name in answers), listed("starting", ready=False)]
            return httpx2.Response(200, json={"metadata": {}, "items": items})
        assert path.startswith("/api/v1/namespaces/ns/pods/http:")
        assert path.endswith(":8080/proxy/health")
        return answers[path.split(":")[1]]

    config = find_context("one", kubeconfig(folder / "kubeconfig", "one"))
    transport = httpx2.MockTransport(answer)
    http = client_adapter.Client(config, client_adapter.ConnectionParams(transport=transport))
    return KubePods(
        Client(config, namespace="ns", transport=transport), http, Names("staging", "ns")
    )


def test_ready_pods_are_asked_through_the_api_servers_proxy(tmp_path: Path) -> None:
    refusing = {CONFIG_HASH: OLD, CONFIG_REFUSED: NEW, CONFIG_INVALID: "no"}
    forbidden = {"kind": "Status", "message": "pods/proxy is forbidden"}
    answers = {
        "a": httpx2.Response(200, json={CONFIG_HASH: NEW}),
        "b": httpx2.Response(503, json=refusing),
        "c": httpx2.Response(403, json=forbidden),
        "d": httpx2.Response(502, text="bad gateway"),
    }
    a, b, c, d = cluster(tmp_path, answers).limits()
    assert (a, b) == (PodLimits("a", NEW), PodLimits("b", OLD, NEW, "no"))
    assert c.hopeless
    assert "the right to `get` `pods/proxy`" in c.reason
    assert (d.hopeless, d.reason) == (False, "cannot be asked: 502 no report of its health")
