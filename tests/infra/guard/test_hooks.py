"""Which steps of the engine are asked for, and what they wait for."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
from pulumi import ResourceHookArgs

from bot.contract.color import Color
from infra.guard.hooks import (
    after_pods_change,
    before_authority_moves,
    before_pods_change,
    data,
    selector,
)
from infra.guard.readiness import Expected, Pod, Rollout
from infra.guard.release_mark import Caller, ReleaseMarks
from infra.guard.watch import Guard, RefusedError, Watch
from tests.infra.samples import BAD, DONE, NEW, PERSON, UNDER_WAY, expected, pod


@dataclass
class Empty:
    """A cluster whose green has no pods; counts who asks."""

    asked: int = 0
    written: ReleaseMarks = field(default_factory=ReleaseMarks)

    def look(self, color: Color) -> tuple[list[Pod], Rollout]:
        self.asked += 1
        return [pod("blue-1", color.other)], DONE

    def release_marks(self) -> ReleaseMarks:
        return self.written

    def ledger(self, job: str) -> str:
        raise AssertionError(f"nothing is asked about {job}")


def step(**inputs: Mapping[str, Any]) -> ResourceHookArgs:
    return ResourceHookArgs(urn="urn", id="id", name="name", type="type", **inputs)


def guarding() -> tuple[Guard, Empty]:
    cluster = Empty()

    async def target() -> Expected:
        return expected()

    return Guard(Watch(lambda: cluster), [target], PERSON, patient=False), cluster


def service(color: str, label: str = "a") -> dict[str, Any]:
    return {"metadata": {"labels": {"x": label}}, "spec": {"selector": {"color": color}}}


async def test_a_step_that_moves_the_selector_is_refused_without_pods() -> None:
    guard, cluster = guarding()
    with pytest.raises(RefusedError):
        await before_authority_moves(guard, selector)(
            step(old_inputs=service("blue"), new_inputs=service("green"))
        )
    assert cluster.asked == 1


async def test_a_step_that_leaves_the_selector_is_not_asked_for() -> None:
    guard, cluster = guarding()
    same = step(old_inputs=service("blue"), new_inputs=service("blue", label="b"))
    await before_authority_moves(guard, selector)(same)
    assert cluster.asked == 0


async def test_a_creation_is_asked_for() -> None:
    guard, _ = guarding()
    with pytest.raises(RefusedError):
        await before_authority_moves(guard, selector)(step(new_inputs=service("green")))


async def test_each_change_of_the_intent_is_asked_for() -> None:
    old = {"data": {"activeColor": "blue", "canaryPercent": "0"}}
    for new in (
        {"activeColor": "green", "canaryPercent": "0"},
        {**old["data"], "canaryPercent": "9"},
    ):
        guard, _ = guarding()
        with pytest.raises(RefusedError):
            await before_authority_moves(guard, data)(
                step(old_inputs=old, new_inputs={"data": new})
            )


async def test_the_service_and_the_intent_get_the_same_verdict() -> None:
    guard, cluster = guarding()
    for inputs, authority in ((service("green"), selector), ({"data": {"a": "b"}}, data)):
        with pytest.raises(RefusedError):
            await before_authority_moves(guard, authority)(step(new_inputs=inputs))
    assert cluster.asked == 1


async def test_the_wait_is_for_the_image_and_the_pods_that_were_applied() -> None:
    waited: list[tuple[str, int]] = []

    def expected_pods(image: str, replicas: int) -> Expected:
        waited.append((image, replicas))
        return expected(0)

    template = {"spec": {"containers": [{"image": NEW}]}}
    applied = {"spec": {"replicas": 3.0, "template": template}}
    await after_pods_change(Watch(Empty), PERSON, expected_pods)(step(new_outputs=applied))
    assert waited == [(NEW, 3)]


def deployment(image: str, replicas: float = 2.0) -> dict[str, Any]:
    template = {"spec": {"containers": [{"image": image}]}}
    return {"spec": {"replicas": replicas, "template": template}}


async def admitted(written: ReleaseMarks, asked_by: Caller = PERSON, **how: Any) -> None:  # noqa: ANN401 - of two kinds
    inputs = deployment(NEW, how.pop("replicas", 2.0))
    ask = before_pods_change(
        Watch(lambda: Empty(written=written)),
        asked_by,
        lambda image, replicas: Expected(Color.GREEN, image, replicas, "ns"),
        trades=how.pop("trades", True),
    )
    await ask(step(new_inputs=inputs))


async def test_a_quarantined_digest_is_not_put_under_a_color_that_trades() -> None:
    with pytest.raises(RefusedError, match="is in quarantine"):
        await admitted(ReleaseMarks({BAD.digest: BAD}))


async def test_a_quarantined_digest_may_stay_where_it_does_not_trade() -> None:
    await admitted(ReleaseMarks({BAD.digest: BAD}), trades=False)
    await admitted(ReleaseMarks({BAD.digest: BAD}), replicas=0)


async def test_pods_are_changed_during_a_release_only_by_its_own_up() -> None:
    for trades in (True, False):
        with pytest.raises(RefusedError, match="a release is under way"):
            await admitted(ReleaseMarks(under_way=UNDER_WAY), trades=trades)
        await admitted(
            ReleaseMarks(under_way=UNDER_WAY), Caller("staging", UNDER_WAY.release), trades=trades
        )
