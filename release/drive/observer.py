"""Looks at the world as far as a decision needs it. What cannot be seen is None, with the reason.

Keeps what one look alone cannot tell: the counters since the phase began, and since when the new
color has had no ready pod.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from bot.contract.provenance import Builds, Claims
from release.decide.freeze import frozen
from release.decide.gates import OLDER, SCHEMA, Facts, closed
from release.decide.model import Judgement, Look, Verdict
from release.decide.observation import Need, Observation
from release.decide.phases import Phase
from release.decide.readiness import serving
from release.decide.state import State, releases
from release.drive.journal import Log
from release.drive.ports import PortError, Ports
from release.drive.provenance import claims, descent, schemas

LOOKS_MAX = 2000
"""More than an hour of looks every two seconds; then each second one of the old ones goes."""
_ONE_TEST = frozenset({Phase.CANARY_SHIFT, Phase.CANARY_ANALYSIS})
"""All canary steps are one test: its looks go on from step to step."""


@dataclass
class Observer:
    """The eyes of one engine."""

    ports: Ports
    log: Log
    _entered_at: datetime | None = None
    _looks: list[Look] = field(default_factory=list[Look])
    _lost_since: datetime | None = None
    _judged: tuple[datetime, Judgement] | None = None

    async def look(self, state: State, needs: frozenset[Need], *, running: bool) -> Observation:
        """Return what a decision in this state needs to see."""
        if state.entered_at != self._entered_at:
            self._entered_at, self._lost_since, self._judged = state.entered_at, None, None
            if state.phase not in _ONE_TEST:
                self._looks.clear()
        askers = self._askers(state)
        desired = sorted(needs, key=lambda need: need.value)
        results = await asyncio.gather(*(self._ask(askers[need][1]) for need in desired))
        seen: dict[str, Any] = {}
        blind: list[str] = []
        for need, (value, problem) in zip(desired, results, strict=True):
            seen[askers[need][0]] = value
            blind += [problem] if problem else []
        lost = self._lost(seen)
        return Observation(running=running, blind=tuple(blind), lost_seconds=lost, **seen)

    def _askers(self, state: State) -> dict[Need, tuple[str, Callable[[], Awaitable[Any]]]]:
        ports, target = self.ports, state.target

        async def pods(which: str) -> tuple[Any, ...]:
            return tuple(await ports.cluster.pods(target.old if which == "old" else target.new))

        async def migrations() -> tuple[Any, ...]:
            return tuple(await ports.cluster.migrations(target.new))

        async def smoke() -> tuple[str, ...]:
            return tuple(await ports.cluster.smoke(target.new))

        return {
            Need.GATES: ("gates", lambda: self._gates(state)),
            Need.OUTPUTS: ("outputs", ports.stack.outputs),
            Need.OLD_PODS: ("old_pods", lambda: pods("old")),
            Need.NEW_PODS: ("new_pods", lambda: pods("new")),
            Need.MIGRATIONS: ("migrations", migrations),
            Need.SMOKE: ("smoke", smoke),
            Need.CLAIMS: ("claims", lambda: self._claims(state)),
            Need.LIVE: ("live", ports.cluster.live_color),
            Need.SHARDS: ("shards", ports.cluster.shards),
            Need.JUDGEMENT: ("judgement", lambda: self._judge(state)),
        }

    async def _ask(self, asker: Callable[[], Awaitable[Any]]) -> tuple[Any, str]:
        try:
            return await asker(), ""
        except PortError as error:
            return None, str(error)
        except Exception as error:  # noqa: BLE001 -- a defect in one eye must not stop a way back
            return None, f"unforeseen: {error!r}"

    async def _claims(self, state: State) -> Claims:
        builds = state.spec.builds or Builds.TAGGED
        return await claims(self.ports.images, self.ports.git, state.image, builds)

    def _lost(self, seen: dict[str, Any]) -> float:
        if "new_pods" not in seen or seen["new_pods"] is None:
            return 0.0
        now = self.ports.clock.now()
        if serving(seen["new_pods"]):
            self._lost_since = None
            return 0.0
        self._lost_since = self._lost_since or now
        return (now - self._lost_since).total_seconds()

    async def _judge(self, state: State) -> Judgement:
        """Judge all looks so far; between two looks the last judgement stands."""
        now = self.ports.clock.now()
        pause = timedelta(seconds=state.spec.look_seconds)
        if self._judged is not None and now - self._judged[0] < pause:
            return self._judged[1]
        judgement = await self._judged_anew(state)
        self._judged = (now, judgement)
        return judgement

    async def _judged_anew(self, state: State) -> Judgement:
        metrics, target = self.ports.metrics, state.target
        try:
            old, new = await asyncio.gather(
                metrics.snapshot(target.old), metrics.snapshot(target.new)
            )
        except PortError as error:
            return Judgement(Verdict.ERROR, (str(error),))
        if len(self._looks) >= LOOKS_MAX:
            del self._looks[1::2]
        self._looks.append(Look(old, new))
        concurrent = state.phase is Phase.CANARY_ANALYSIS
        # The canary and the bake are a test each, and may be wrong together as often as one.
        tests = 2 if state.spec.steps else 1
        thresholds = state.spec.thresholds.numbers()
        thresholds["alpha"] /= tests
        return self.ports.judge(self._looks, thresholds, concurrent=concurrent)

    async def _gates(self, state: State) -> tuple[str, ...]:
        ports, target = self.ports, state.target
        deployed, candidate = await self._descent(state)
        outputs, quarantined = await asyncio.gather(
            ports.stack.outputs(), ports.quarantine.entries()
        )
        descends = await ports.git.is_ancestor(deployed, candidate) if deployed else None
        window = frozen(state.spec.freeze, ports.clock.now())
        stated = None
        if state.spec.verify_label and SCHEMA not in target.overrides:
            asked = (schemas(ports.images, image) for image in (target.image, target.old_image))
            stated = tuple(await asyncio.gather(*asked))
        facts = Facts(outputs, quarantined, deployed, candidate, descends, window, stated)
        return closed(target, facts)

    async def _descent(self, state: State) -> tuple[str, str]:
        """Return the commits of what runs and of the candidate.

        Where only builds of commits may run, their images know; else, where nobody compares labels
        or uncommitted work is tried, what the releases were begun from has to do.
        """
        spec, target = state.spec, state.target
        if spec.verify_label and spec.builds is not Builds.ANY and OLDER not in target.overrides:
            before, after = await descent(self.ports.images, target)
            if before:
                return before, after
        begun = [
            each.target.revision
            for each in releases(self.log.records)
            if each.phase in (Phase.WARM_STANDBY, Phase.DONE, Phase.LEFTOVER)
            and each.target.revision
        ]
        return (begun[-1] if begun else ""), target.revision
