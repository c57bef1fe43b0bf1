"""A stack's rendered manifests, and what several policies ask of them."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any, cast

import yaml

Manifest = dict[str, Any]
Manifests = Sequence[Manifest]
Rule = Callable[[Manifests], Iterator[str]]

GOLDEN = Path(__file__).parent.parent / "golden"
PINNED = re.compile(r"^\S+@sha256:[0-9a-f]{64}$")
PROBES = ("startup", "readiness", "liveness")
_UNITS = {"": 1, "Ki": 2**10, "Mi": 2**20, "Gi": 2**30}


@cache
def _loaded(stack: str) -> list[Manifest]:
    return [yaml.safe_load(file.read_text()) for file in sorted((GOLDEN / stack).glob("*.yaml"))]


def load(stack: str) -> list[Manifest]:
    return deepcopy(_loaded(stack))


def of_kind(manifests: Manifests, *kinds: str) -> list[Manifest]:
    return [manifest for manifest in manifests if manifest["kind"] in kinds]


def name_of(manifest: Manifest) -> str:
    return f"{manifest['kind']} {manifest['metadata']['name']}"


def pods(manifests: Manifests) -> Iterator[tuple[str, Manifest]]:
    """The templates of everything that makes pods."""
    for manifest in of_kind(manifests, "Deployment", "Job"):
        yield name_of(manifest), cast("Manifest", manifest["spec"]["template"])


def containers(manifests: Manifests) -> Iterator[tuple[str, Manifest]]:
    for where, template in pods(manifests):
        spec = template["spec"]
        for container in [*spec.get("initContainers", []), *spec["containers"]]:
            yield f"{where}/{container['name']}", container


def bots(manifests: Manifests) -> Iterator[tuple[str, Manifest, Manifest]]:
    """Name, pod, and first container of each color."""
    for manifest in of_kind(manifests, "Deployment"):
        spec = cast("Manifest", manifest["spec"]["template"]["spec"])
        yield name_of(manifest), spec, cast("Manifest", spec["containers"][0])


def variables(container: Manifest) -> dict[str, str]:
    return {entry["name"]: entry.get("value", "") for entry in container.get("env", [])}


def matches(selector: Mapping[str, str], labels: Mapping[str, str]) -> bool:
    return bool(selector) and selector.items() <= labels.items()


def size(quantity: str) -> int:
    match = re.fullmatch(r"(\d+)(Ki|Mi|Gi)?", quantity)
    assert match, quantity
    return int(match[1]) * _UNITS[match[2] or ""]
