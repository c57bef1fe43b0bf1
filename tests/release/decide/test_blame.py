"""Who is to blame, cause by cause and phase by phase: trouble of the platform is never the image's.

Each cause is seen at the phase's deadline, so that each phase rolls back for it, or for its time.
"""

from dataclasses import dataclass, replace
from datetime import timedelta

import pytest

from bot.contract.color import Color
from release.decide.actions import Apply
from release.decide.model import Judgement, Pod, Verdict
from release.decide.observation import Observation
from release.decide.phases import Phase, Trigger
from release.decide.planner import decide
from release.decide.state import Command, State, Work
from release.decide.transitions import ROLLING_BACK, after
from release.rehearsal.ideal import REVISION, VERSION, StillClock
from tests.support.release_stage import CANARY, NEW_IMAGE, TARGET

NOW = StillClock().now()
DIGEST = NEW_IMAGE.partition("@")[2]
BEFORE = (Phase.ROLLOUT, Phase.VERIFICATION)
TRADES = (Phase.CANARY_SHIFT, Phase.CANARY_ANALYSIS)
SWAPPED = (Phase.CUTOVER, Phase.CUTOVER_VERIFICATION, Phase.BAKE)
FORWARD = (*BEFORE, *TRADES, *SWAPPED)
READY = Pod(
    "green-0",
    Color.GREEN,
    ready=True,
    terminating=False,
    image=NEW_IMAGE,
    digest=DIGEST,
    version=VERSION,
    revision=REVISION,
)
CREATING = replace(READY, ready=False, digest="", reason="ContainerCreating")
PULLING = replace(CREATING, reason="ImagePullBackOff: Back-off pulling image")
HUNG = replace(READY, ready=False)
CRASHED = replace(HUNG, digest="", restarts=9, reason="CrashLoopBackOff: exit code 3; 9 restarts")
ENDED = replace(HUNG, digest="", reason="Error: exit code 3")


@dataclass(frozen=True)
class Cause:
    """What is seen, and in which phases it is the image's fault."""

    name: str
    seen: Observation
    blamed: tuple[Phase, ...] = ()
    refused_up: bool = False


def pods(*seen: Pod, verdict: Verdict = Verdict.PASS) -> Observation:
    """Return what is seen when all but these pods is well, for longer than a color may be away."""
    return Observation(
        new_pods=seen,
        lost_seconds=60,
        smoke=(),
        live=Color.BLUE,
        shards={Color.BLUE: 100, Color.GREEN: 0},
        judgement=Judgement(verdict),
    )


CAUSES = [
    Cause("an `up` is refused", pods(READY), refused_up=True),
    Cause("nothing moves until the deadline", pods(READY)),
    Cause("the API server is away", Observation(blind=("connection refused",))),
    Cause("the image cannot be pulled", pods(PULLING)),
    Cause("the image cannot be pulled beside a pod that serves", pods(READY, PULLING)),
    Cause("pods are created anew", pods(CREATING)),
    Cause("no node has room", pods(replace(CREATING, reason="Unschedulable: 0/1 nodes"))),
    Cause("pods are evicted", pods(replace(CREATING, reason="Evicted: low on memory"))),
    Cause("all pods are gone", pods()),
    Cause("all pods are on their way out", pods(replace(READY, terminating=True))),
    Cause(
        "a Secret is missing",
        pods(replace(CREATING, reason="CreateContainerConfigError: secret not found")),
    ),
    Cause("too little is seen", pods(READY, verdict=Verdict.INCONCLUSIVE)),
    Cause("metrics are away", pods(READY, verdict=Verdict.ERROR)),
    Cause("it crashes", pods(CRASHED), FORWARD),
    Cause("it ends", pods(ENDED), (*TRADES, *SWAPPED)),
    Cause("it hangs", pods(HUNG), (*TRADES, *SWAPPED)),
    Cause("it is worse", pods(READY, verdict=Verdict.FAIL), (Phase.CANARY_ANALYSIS, Phase.BAKE)),
]


def at(phase: Phase, *, refused_up: bool = False) -> State:
    """Return a release at the deadline of a phase."""
    tries = CANARY.apply_attempts
    failed = Work(tries=tries, failed_at=NOW - timedelta(hours=1), text="connection refused")
    done = {"announce": Work(1, done=True), Apply.key: failed if refused_up else Work(1, done=True)}
    return State(
        release="r1",
        spec=CANARY,
        target=TARGET,
        began_at=NOW,
        phase=phase,
        entered_at=NOW - timedelta(seconds=CANARY.deadline_seconds(phase) or 0),
        image=NEW_IMAGE,
        step=1,
        swapped=phase in SWAPPED,
        works=done,
    )


@pytest.mark.parametrize("phase", FORWARD)
@pytest.mark.parametrize("cause", CAUSES, ids=lambda cause: cause.name)
def test_only_what_the_image_did_puts_it_into_quarantine(cause: Cause, phase: Phase) -> None:
    decision = decide(at(phase, refused_up=cause.refused_up), cause.seen, NOW)
    if decision.trigger is Trigger.READY:
        assert not decision.blame
        return
    assert decision.trigger is not None
    assert after(phase, decision.trigger) in ROLLING_BACK
    assert decision.blame is (phase in cause.blamed), decision.reason


@pytest.mark.parametrize("phase", FORWARD)
@pytest.mark.parametrize(("trigger", "blamed"), [(Trigger.ABORT, False), (Trigger.ROLLBACK, True)])
def test_a_person_who_rolls_back_blames_the_image_and_one_who_aborts_does_not(
    phase: Phase, trigger: Trigger, *, blamed: bool
) -> None:
    state = replace(at(phase), command=Command(trigger, "ada", "why"))
    assert decide(state, Observation(), NOW).blame is blamed
