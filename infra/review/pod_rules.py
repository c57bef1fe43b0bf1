"""The rules about pods: image, probes, number, end. Pure."""

import re

from bot.contract import parameters as rows
from bot.contract.color import Color
from infra.review import world
from infra.review.leaves import Leaf
from infra.review.sentences import Finding, Sentence, loud, said
from infra.review.wording import arrow, clock

_PROBE = re.compile(r"(startup|readiness|liveness)Probe")
_PROBE_MEANING = {
    "startup": "a pod that does not start is ended after",
    "readiness": "a pod that is not ready leaves the Service after",
    "liveness": "a pod that hangs is ended after",
}


def image(told: Sentence) -> list[Finding]:
    """Tell of what the colors run."""
    found: list[Finding] = []
    for color in Color:
        old, new = told.old.pods[color], told.new.pods[color]
        if old.image == new.image:
            continue
        if new.replicas and not world.pinned(new.image):
            found.append(Finding(f"{color}: the image is not pinned by a digest."))
        if old.image and _repository(old.image) != _repository(new.image):
            source = arrow(_repository(old.image), _repository(new.image))
            found.append(Finding(f"{color}: the image comes from elsewhere: {source}."))
        change = f"{color}: image {arrow(old.version, new.version)}"
        if color in told.old.traders() and old.replicas:
            found.append(Finding(f"{change} **under a color that trades**: no warm way back."))
        else:
            brings = ": the next swap goes to it" if new.image else ""
            found.append(Finding(f"{change}{brings}.", attention=bool(new.image)))
    builds = [leaf for leaf in told.leaves if leaf.step.kind == "Image"]
    others = [leaf for leaf in told.leaves if leaf.path.endswith("imagePullPolicy")]
    return found + said(builds, attention=False) + said(others, attention=True)


def _repository(image: str) -> str:
    name = image.partition("@")[0]
    head, slash, tail = name.rpartition("/")
    return f"{head}{slash}{tail.partition(':')[0]}"


def probes(told: Sentence) -> list[Finding]:
    """Tell of how patient the kubelet is."""
    touched = [name for name in _PROBE_MEANING if any(_of(leaf, name) for leaf in told.leaves)]
    found: list[Finding] = []
    for name in touched:
        for color in Color:
            old, new = (clock(known.pods[color], name) for known in (told.old, told.new))
            if old != new:
                text = f"{color}: {_PROBE_MEANING[name]} {arrow(old, new)}."
                found.append(Finding(text))
    return found + loud(told)


def _of(leaf: Leaf, probe: str) -> bool:
    found = _PROBE.search(leaf.path)
    return found is not None and found[1] == probe


def shutdown(told: Sentence) -> list[Finding]:
    """Tell of how pods end."""
    found = loud(told)
    for color, pods in told.new.pods.items():
        spec = world.branch(pods.template, "spec", "terminationGracePeriodSeconds")
        parts = [
            world.variable(pods, name)
            for name in (rows.DRAIN_SECONDS.variable, rows.SHUTDOWN_SECONDS.variable)
        ]
        if spec is None or None in parts:
            continue
        needed = sum(int(part or 0) for part in parts)
        grace = int(float(str(spec)))
        if grace <= needed:
            text = f"{color}: pods are killed after {grace} s, but need {needed} s to end."
            found.insert(0, Finding(text))
    return found


def replicas(told: Sentence) -> list[Finding]:
    """Tell of how many there are."""
    found: list[Finding] = []
    for color in Color:
        old, new = told.old.pods[color].replicas, told.new.pods[color].replicas
        if old == new:
            continue
        change = f"{color}: {old} → {new} pods"
        if new == 0:
            found.append(Finding(f"{change}: there is no warm way back to it any more."))
        elif new < old and color in told.new.traders():
            found.append(Finding(f"{change} of a color that trades."))
        else:
            found.append(Finding(f"{change}.", attention=False))
    return found or loud(told)
