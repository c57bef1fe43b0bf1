"""Policies about pods: rights, bounds, probes, their end, what they are told; each has a name."""

import re
from collections.abc import Iterator

from bot.contract import parameters as rows
from infra import names
from infra.pods import NO_IMAGE
from infra.review.fields import sounds_secret
from tests.infra.policies.manifests import (
    PINNED,
    PROBES,
    Manifest,
    Manifests,
    bots,
    containers,
    name_of,
    of_kind,
    pods,
    size,
    variables,
)

_POD_VOLUMES = {"configMap", "secret", "emptyDir", "projected", "downwardAPI"}
_DRAIN_SECONDS_MIN = 5
"""Endpoints take that long to leave every node's tables."""
_STALL_SECONDS = 20
"""A pod that is only slow for so long must not be ended."""
_GRACE_SECONDS_MAX = 300


def pods_are_restricted(manifests: Manifests) -> Iterator[str]:
    """The level `restricted` of the Pod Security Standards, and no file system that is written."""
    for where, template in pods(manifests):
        pod = template["spec"]
        security = pod.get("securityContext", {})
        if security.get("runAsNonRoot") is not True or security.get("runAsUser", 0) == 0:
            yield f"{where}: may be root"
        if security.get("seccompProfile", {}).get("type") != "RuntimeDefault":
            yield f"{where}: any system call"
        if any(pod.get(key) for key in ("hostNetwork", "hostPID", "hostIPC")):
            yield f"{where}: sees the node"
        for volume in pod.get("volumes", []):
            if not set(volume) - {"name"} <= _POD_VOLUMES:
                yield f"{where}: volume {volume['name']}"


def containers_are_restricted(manifests: Manifests) -> Iterator[str]:
    for where, container in containers(manifests):
        security = container.get("securityContext", {})
        if security.get("privileged") or security.get("allowPrivilegeEscalation") is not False:
            yield f"{where}: may gain rights"
        capabilities = security.get("capabilities", {})
        if capabilities.get("drop") != ["ALL"] or capabilities.get("add"):
            yield f"{where}: capabilities"
        if security.get("readOnlyRootFilesystem") is not True:
            yield f"{where}: writes into its image"
        if any("hostPort" in port for port in container.get("ports", [])):
            yield f"{where}: a port of the node"


def images_have_a_version(manifests: Manifests) -> Iterator[str]:
    for where, container in containers(manifests):
        image = container["image"]
        if image != NO_IMAGE and not PINNED.fullmatch(image):
            tag = image.rpartition("/")[2].partition(":")[2]
            if tag in {"", "latest"}:
                yield f"{where}: {image}"


def containers_are_bounded(manifests: Manifests) -> Iterator[str]:
    for where, container in containers(manifests):
        resources = container.get("resources", {})
        limit = resources.get("limits", {}).get("memory")
        asked = resources.get("requests", {})
        if limit is None:
            yield f"{where}: no memory limit"
        if not {"cpu", "memory"} <= set(asked):
            yield f"{where}: asks for nothing"
        elif limit and size(asked["memory"]) > size(limit):
            yield f"{where}: asks for more than it may have"
        if "cpu" in resources.get("limits", {}):
            yield f"{where}: a CPU limit delays heartbeats"


def each_bot_is_probed(manifests: Manifests) -> Iterator[str]:
    for where, _, container in bots(manifests):
        paths = [
            container.get(f"{kind}Probe", {}).get("httpGet", {}).get("path") for kind in PROBES
        ]
        if paths != ["/startupz", "/readyz", "/livez"]:
            yield f"{where}: {paths}"


def _window(probe: Manifest) -> int:
    return int(probe.get("periodSeconds", 10)) * int(probe.get("failureThreshold", 3))


def probes_add_up(manifests: Manifests) -> Iterator[str]:
    """Each probe ends before its next turn, start-up is given its time, a stall is not a death."""
    for where, _, container in bots(manifests):
        probes = {
            kind: container.get(f"{kind}Probe", {}) for kind in ("startup", "readiness", "liveness")
        }
        startup = int(variables(container).get(rows.STARTUP_SECONDS.variable, 0))
        if _window(probes["startup"]) <= startup:
            yield f"{where}: ended while it may still start ({startup} s)"
        if _window(probes["liveness"]) < _STALL_SECONDS:
            yield f"{where}: ended after a stall of {_window(probes['liveness'])} s"
        if _window(probes["readiness"]) >= _window(probes["liveness"]):
            yield f"{where}: ended before it leaves the Service"
        for kind in ("readiness", "liveness"):
            if probes[kind].get("timeoutSeconds", 1) > probes[kind].get("periodSeconds", 10):
                yield f"{where}: {kind} is asked again before it has answered"


def pods_may_end_their_work(manifests: Manifests) -> Iterator[str]:
    for where, pod, container in bots(manifests):
        values = variables(container)
        drain, work = (
            int(values.get(key, 0))
            for key in (rows.DRAIN_SECONDS.variable, rows.SHUTDOWN_SECONDS.variable)
        )
        grace = int(pod.get("terminationGracePeriodSeconds", 30))
        if grace <= drain + work:
            yield f"{where}: killed after {grace} s, needs {drain + work} s"
        if drain < _DRAIN_SECONDS_MIN:
            yield f"{where}: drains {drain} s, endpoints take longer"
        leaving = _window(container.get("readinessProbe", {}))
        if leaving > drain:
            yield f"{where}: unready after {leaving} s, gone after {drain} s"
        if grace > _GRACE_SECONDS_MAX:
            yield f"{where}: a node waits {grace} s for it"


def updates_keep_all_pods(manifests: Manifests) -> Iterator[str]:
    for manifest in of_kind(manifests, "Deployment"):
        strategy = manifest["spec"].get("strategy", {})
        if strategy.get("type") != "RollingUpdate" or (
            strategy.get("rollingUpdate", {}).get("maxUnavailable") != 0
        ):
            yield name_of(manifest)


def nothing_secret_is_in_the_environment(manifests: Manifests) -> Iterator[str]:
    for where, container in containers(manifests):
        for entry in container.get("env", []):
            from_secret = "secretKeyRef" in entry.get("valueFrom", {})
            in_url = re.search(r"://[^/\s@]+@", entry.get("value", ""))
            if sounds_secret(entry["name"]) or from_secret or in_url:
                yield f"{where}: {entry['name']}"
        if any("secretRef" in source for source in container.get("envFrom", [])):
            yield f"{where}: a whole Secret"


def mounts_are_there(manifests: Manifests) -> Iterator[str]:
    """Each mount has its volume, each volume its object."""
    objects = {(container["kind"], container["metadata"]["name"]) for container in manifests}
    for where, template in pods(manifests):
        volumes = {volume["name"]: volume for volume in template["spec"].get("volumes", [])}
        for container in template["spec"]["containers"]:
            for mount in container.get("volumeMounts", []):
                if mount["name"] not in volumes:
                    yield f"{where}: no volume {mount['name']}"
                if "subPath" in mount:
                    yield f"{where}: {mount['name']} never changes (subPath)"
        for volume in volumes.values():
            desired = {
                ("Secret", volume.get("secret", {}).get("secretName")),
                ("ConfigMap", volume.get("configMap", {}).get("name")),
            }
            if not any(one in objects for one in desired):
                yield f"{where}: {volume['name']} has no object"


def migrations_end(manifests: Manifests) -> Iterator[str]:
    for job in of_kind(manifests, "Job"):
        spec = job["spec"]
        if not spec.get("activeDeadlineSeconds") or spec.get("backoffLimit", 6) > 1:
            yield f"{name_of(job)}: tries for ever"
        if names.COLOR_LABEL in spec["template"]["metadata"]["labels"]:
            yield f"{name_of(job)}: a Service would select it"
