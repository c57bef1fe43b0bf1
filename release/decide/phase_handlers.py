"""What each phase wants: one pure function per phase. The table says where its triggers lead."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.contract.color import Color
from bot.contract.release import digest_of
from bot.contract.shards import SHARD_COUNT
from release.decide.actions import Action, Announce, Apply, Ban, Commit, Decision, EndUp, Withdraw
from release.decide.model import NO_FIGURES, Figures, Scalar, Verdict
from release.decide.observation import Observation
from release.decide.phases import Phase, Trigger
from release.decide.readiness import has_run, lost_cause, serving, unproven
from release.decide.state import State

ACTIVE_COLOR = "activeColor"
CANARY_PERCENT = "canaryPercent"
RETRY_DOUBLINGS = 4
"""On the way back the pause between two tries grows to 2⁴ times the first."""


@dataclass(frozen=True, slots=True)
class Context:
    """All that a decision rests on."""

    state: State
    seen: Observation
    now: datetime

    def wait(self, reason: str, seconds: float = 1.0, figures: Figures = NO_FIGURES) -> Decision:
        """Look again in a while."""
        return Decision(reason, wake_at=self.now + timedelta(seconds=seconds), figures=figures)


def _fail(reason: str, *, blame: bool) -> Decision:
    return Decision(reason, trigger=Trigger.FAIL, blame=blame)


def _todo(at: Context, *actions: Action, patient: bool = False) -> Decision | None:
    """Return the next of these actions that is not done, or None when all are.

    A patient phase tries until its deadline; else too many failures of what is required fail it.
    """
    spec = at.state.spec
    for action in actions:
        work = at.state.work(action.key)
        if work.done:
            continue
        if work.pending and at.seen.running:
            return at.wait(action.summary)
        if work.failed_at is not None and not work.pending:
            exhausted = work.tries >= spec.apply_attempts
            if exhausted and not action.required:
                continue
            if exhausted and not patient:
                return _fail(f"{action.summary}: {work.text}", blame=False)
            doublings = min(work.tries - 1, RETRY_DOUBLINGS) if patient else 0
            due = work.failed_at + timedelta(seconds=spec.retry_seconds * 2**doublings)
            if at.now < due:
                return Decision(f"{action.summary}: {work.text}; tries again", wake_at=due)
        return Decision(action.summary, actions=(action,))
    return None


def _apply(
    at: Context, summary: str, active: Color | None, percent: int = 0, **other: Scalar
) -> Apply:
    """Return an `up` of the whole release: the config of another clone may be another.

    Args:
        at: where the release is.
        summary: what a person reads.
        active: the color that shall be active; None: nobody's trading is touched.
        percent: share of the shards that the other one shall have.
        other: images and numbers of pods that are not those of the release, as `new_replicas`.
    """
    target = at.state.target
    changes: dict[str, Scalar] = {}
    if active is not None:
        changes |= {ACTIVE_COLOR: active.value, CANARY_PERCENT: percent}
    changes[f"{target.old}.image"] = target.old_image
    changes[f"{target.old}.replicas"] = other.get("old_replicas", max(target.old_replicas, 1))
    changes[f"{target.new}.image"] = other.get("new_image", at.state.image)
    changes[f"{target.new}.replicas"] = other.get("new_replicas", target.replicas)
    return Apply(tuple(changes.items()), summary)


def _faulty(at: Context) -> Decision | None:
    """Fail when the new color will not come, or has been gone for too long."""
    state, seen = at.state, at.seen
    pods = (*(seen.new_pods or ()), *(seen.migrations or ()))
    if cause := lost_cause(pods, state.image, state.spec.restarts):
        return _fail(cause.text, blame=cause.blame)
    return None


def _gone(at: Context) -> Decision | None:
    state, seen = at.state, at.seen
    if seen.new_pods is not None and not serving(seen.new_pods):
        if seen.lost_seconds >= state.spec.lost_seconds:
            blame = has_run(seen.new_pods, state.image)
            return _fail(f"{state.target.new} has no ready pod", blame=blame)
        return at.wait(f"{state.target.new} has no ready pod", 0.5)
    return None


def _preflight(at: Context) -> Decision:
    if at.seen.gates is None:
        return at.wait("asks whether this release may begin")
    if at.seen.gates:
        return _fail("; ".join(at.seen.gates), blame=False)
    return Decision("all gates are open", trigger=Trigger.READY)


def _rollout(at: Context) -> Decision:
    target = at.state.target
    summary = f"give {target.new} the image {target.image}"
    place = _apply(at, summary, target.old, new_image=target.image)
    if decision := _faulty(at) or _todo(at, Announce(), place):
        return decision
    if at.seen.outputs is None:
        return at.wait("asks what was deployed")
    image = at.seen.outputs.color(target.new).image
    if "@sha256:" not in image or ("@" in target.image and image != target.image):
        return _fail(f"{target.new} got {image!r} instead of {target.image}", blame=False)
    return Decision(f"{target.new} runs {image}", trigger=Trigger.READY, image=image)


def _verification(at: Context) -> Decision:
    state = at.state
    if decision := _faulty(at):
        return decision
    claims = at.seen.claims if state.spec.verify_label else None
    problems = unproven(at.seen.new_pods, state.image, state.target.replicas, claims)
    if state.spec.verify_label and claims is None:
        problems.append("its image's label could not be read")
    problems += ["smoke checks are not done"] if at.seen.smoke is None else at.seen.smoke
    if problems:
        return at.wait("; ".join(problems))
    next_step = Trigger.STEP if state.spec.steps else Trigger.READY
    return Decision("tag, label, digest, /version and smoke checks are right", trigger=next_step)


def _canary_shift(at: Context) -> Decision:
    state, target = at.state, at.state.target
    percent = state.spec.steps[state.step - 1]
    move = _apply(at, f"give {target.new} {percent} % of the shards", target.old, percent)
    if decision := _faulty(at) or _gone(at) or _todo(at, move):
        return decision
    return _handed_over(at, percent) or Decision(
        f"{target.new} trades {percent} of {SHARD_COUNT} shards", trigger=Trigger.READY
    )


def _handed_over(at: Context, expected: int, *, back: bool = False) -> Decision | None:
    """Wait until a color holds as many shards as it should."""
    if not at.state.spec.verify_shards:
        return None
    color = at.state.target.old if back else at.state.target.new
    if at.seen.shards is None:
        return at.wait(f"asks who holds the shards of {color}", 0.5)
    held = at.seen.shards.get(color, 0)
    if held != expected:
        return at.wait(f"{color} holds {held} of {expected} shards", 0.5)
    return None


def _canary_analysis(at: Context) -> Decision:
    state = at.state
    more = state.step < len(state.spec.steps)
    passed = Trigger.STEP if more else Trigger.READY
    return _judged(at, state.spec.step_seconds) or Decision(
        "no worse than the old version so far",
        trigger=passed,
        figures=_figures(at),
    )


def _judged(at: Context, least_seconds: int) -> Decision | None:
    """Return None when the analysis has passed and long enough was watched."""
    if decision := _faulty(at) or _gone(at):
        return decision
    state, judgement = at.state, at.seen.judgement
    look = float(state.spec.look_seconds)
    if judgement is None:
        return at.wait("no counters yet", look)
    reasons = "; ".join(judgement.reasons) or judgement.verdict.value
    if judgement.verdict is Verdict.FAIL:
        return Decision(reasons, trigger=Trigger.FAIL, blame=True, figures=judgement.figures)
    ready = sum(pod.serves for pod in at.seen.new_pods or ())
    if ready < state.target.replicas:
        seen = f"{ready} of {state.target.replicas} pods of {state.target.new} are seen ready"
        return at.wait(seen, look, judgement.figures)
    left = least_seconds - (at.now - state.entered_at).total_seconds()
    if judgement.verdict is not Verdict.PASS or left > 0:
        return at.wait(f"{judgement.verdict}: {reasons}", look, judgement.figures)
    return None


def _figures(at: Context) -> Figures:
    return NO_FIGURES if at.seen.judgement is None else at.seen.judgement.figures


def _cutover(at: Context) -> Decision:
    target = at.state.target
    swap = _apply(at, f"move everything to {target.new}", target.new)
    if decision := _faulty(at) or _gone(at) or _todo(at, swap):
        return decision
    return Decision(f"{target.new} is the active color", trigger=Trigger.READY)


def _cutover_verification(at: Context) -> Decision:
    new = at.state.target.new
    if decision := _faulty(at) or _gone(at):
        return decision
    if at.seen.live is not new:
        return at.wait(f"{at.seen.live or 'nobody'} answers new requests", 0.5)
    return _handed_over(at, SHARD_COUNT) or Decision(
        f"{new} answers new requests and trades", trigger=Trigger.READY
    )


def _bake(at: Context) -> Decision:
    return _judged(at, at.state.spec.bake_seconds) or Decision(
        "no worse than the old version", trigger=Trigger.READY, figures=_figures(at)
    )


def _finalization(at: Context) -> Decision:
    new = at.state.target.new
    decision = _todo(at, Withdraw(), *_commit(at, f"{new} runs {at.state.image}"))
    return decision or Decision(f"{new} stays", trigger=Trigger.READY)


def _commit(at: Context, what: str) -> list[Action]:
    return [Commit(f"chore(release): {what}")] if at.state.spec.commit else []


def _warm_standby(at: Context) -> Decision:
    return at.wait(f"{at.state.target.old} stays warm", float(at.state.spec.warm_seconds))


def _scale_down(at: Context) -> Decision:
    old = at.state.target.old
    cool = _apply(at, f"scale {old} down", old.other, old_replicas=0)
    # The mark again: an earlier phase goes on when it cannot be taken off.
    decision = _todo(at, cool, Withdraw(), *_commit(at, f"{old} is scaled down"))
    return decision or Decision(f"{old} is scaled down", trigger=Trigger.READY)


def _rollback_prepare(at: Context) -> Decision:
    target = at.state.target
    # Here seconds count: a mark that could not be set is tried again only when something refuses.
    announce_failed = at.state.work(Announce.key).failed_at is not None
    mark = [] if announce_failed else [Announce(required=False)]
    if decision := _todo(at, EndUp(), *mark, patient=True):
        return decision
    if serving(at.seen.old_pods):
        return Decision(f"{target.old} has a ready pod", trigger=Trigger.READY)
    if at.seen.old_pods is None:
        return at.wait(f"the pods of {target.old} cannot be seen")
    # An `up` of the swap may have been cut off, so the color that trades now goes on.
    raise_it = _apply(at, f"start {target.old} again", None)
    return _todo(at, raise_it, patient=True) or at.wait(f"{target.old} has no ready pod yet", 0.5)


def _rollback_cutover(at: Context) -> Decision:
    old = at.state.target.old
    back = _apply(at, f"move everything back to {old}", old)
    # Whatever refused it may have been another release's mark.
    mark = [Announce(required=False)] if at.state.work(back.key).failed_at else []
    if decision := _todo(at, EndUp(), *mark, back, patient=True):
        return decision
    if at.seen.live is not old:
        return at.wait(f"{at.seen.live or 'nobody'} answers new requests", 0.5)
    return _handed_over(at, SHARD_COUNT, back=True) or Decision(
        f"{old} answers new requests and trades", trigger=Trigger.READY
    )


def _rollback_cleanup(at: Context) -> Decision:
    state, target = at.state, at.state.target
    tidy = _apply(at, f"scale {target.new} down", target.old, new_replicas=0)
    # The same image on both colors: to ban it would ban the one that takes over.
    guilty = state.quarantine and state.digest and state.digest != digest_of(target.old_image)
    ban = [Ban(state.digest, state.back_reason)] if guilty else []
    commit = _commit(at, f"back to {target.old}: {state.back_reason}")
    decision = _todo(at, EndUp(), *ban, tidy, *commit, Withdraw(), patient=True)
    return decision or Decision(f"{target.old} has all shards", trigger=Trigger.READY)


HANDLERS: Mapping[Phase, Callable[[Context], Decision]] = {
    Phase.PREFLIGHT: _preflight,
    Phase.ROLLOUT: _rollout,
    Phase.VERIFICATION: _verification,
    Phase.CANARY_SHIFT: _canary_shift,
    Phase.CANARY_ANALYSIS: _canary_analysis,
    Phase.CUTOVER: _cutover,
    Phase.CUTOVER_VERIFICATION: _cutover_verification,
    Phase.BAKE: _bake,
    Phase.FINALIZATION: _finalization,
    Phase.WARM_STANDBY: _warm_standby,
    Phase.SCALE_DOWN: _scale_down,
    Phase.ROLLBACK_PREPARE: _rollback_prepare,
    Phase.ROLLBACK_CUTOVER: _rollback_cutover,
    Phase.ROLLBACK_CLEANUP: _rollback_cleanup,
}
