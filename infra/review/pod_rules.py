"""The rules about pods: image, probes, number, end. Pure."""

import re

from bot.contract import parameters as rows
from bot.contract.color import Color
from infra.review import declared_state
from infra.review.area_changes import AreaChanges, Finding, all_need_attention, describe
from infra.review.fields import FieldChange
from infra.review.wording import arrow, clock

_PROBE = re.compile(r"(startup|readiness|liveness)Probe")
_PROBE_MEANING = {
    "startup": "a pod that does not start is ended after",
    "readiness": "a pod that is not ready fields the Service after",
    "liveness": "a pod that hangs is ended after",
}


def image(changes: AreaChanges) -> list[Finding]:
    """Tell of what the colors run."""
    results: list[Finding] = []
    for color in Color:
        old, new = changes.old.pods[color], changes.new.pods[color]
        if old.image == new.image:
            continue
        if new.replicas and not declared_state.pinned(new.image):
            results.append(Finding(f"{color}: the image is not pinned by a digest."))
        if old.image and _repository(old.image) != _repository(new.image):
            source = arrow(_repository(old.image), _repository(new.image))
            results.append(Finding(f"{color}: the image comes from elsewhere: {source}."))
        change = f"{color}: image {arrow(old.version, new.version)}"
        if color in changes.old.traders() and old.replicas:
            results.append(Finding(f"{change} **under a color that trades**: no warm way back."))
        else:
            brings = ": the next swap goes to it" if new.image else ""
            results.append(Finding(f"{change}{brings}.", attention=bool(new.image)))
    builds = [field for field in changes.fields if field.step.kind == "Image"]
    others = [field for field in changes.fields if field.path.endswith("imagePullPolicy")]
    return results + describe(builds, attention=False) + describe(others, attention=True)


def _repository(image: str) -> str:
    name = image.partition("@")[0]
    head, slash, tail = name.rpartition("/")
    return f"{head}{slash}{tail.partition(':')[0]}"


def probes(changes: AreaChanges) -> list[Finding]:
    """Tell of how patient the kubelet is."""
    touched = [name for name in _PROBE_MEANING if any(_of(field, name) for field in changes.fields)]
    results: list[Finding] = []
    for name in touched:
        for color in Color:
            old, new = (clock(known.pods[color], name) for known in (changes.old, changes.new))
            if old != new:
                text = f"{color}: {_PROBE_MEANING[name]} {arrow(old, new)}."
                results.append(Finding(text))
    return results + all_need_attention(changes)


def _of(field: FieldChange, probe: str) -> bool:
    match = _PROBE.search(field.path)
    return match is not None and match[1] == probe


def shutdown(changes: AreaChanges) -> list[Finding]:
    """Tell of how pods end."""
    results = all_need_attention(changes)
    for color, pods in changes.new.pods.items():
        spec = declared_state.branch(pods.template, "spec", "terminationGracePeriodSeconds")
        parts = [
            declared_state.variable(pods, name)
            for name in (rows.DRAIN_SECONDS.variable, rows.SHUTDOWN_SECONDS.variable)
        ]
        if spec is None or None in parts:
            continue
        needed = sum(int(part or 0) for part in parts)
        grace = int(float(str(spec)))
        if grace <= needed:
            text = f"{color}: pods are killed after {grace} s, but need {needed} s to end."
            results.insert(0, Finding(text))
    return results


def replicas(changes: AreaChanges) -> list[Finding]:
    """Tell of how many there are."""
    results: list[Finding] = []
    for color in Color:
        old, new = changes.old.pods[color].replicas, changes.new.pods[color].replicas
        if old == new:
            continue
        change = f"{color}: {old} → {new} pods"
        if new == 0:
            results.append(Finding(f"{change}: there is no warm way back to it any more."))
        elif new < old and color in changes.new.traders():
            results.append(Finding(f"{change} of a color that trades."))
        else:
            results.append(Finding(f"{change}.", attention=False))
    return results or all_need_attention(changes)
