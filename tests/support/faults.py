"""Switches on the faults of the image in tests/cluster/faulty, in every pod of a color."""

from bot.contract.color import Color
from infra.names import CONTAINER
from tests.support.kube import Kube, wait_until

DEAD = "/dev/shm/dead"  # noqa: S108 - a path in the pods
KEEPS = "/dev/shm/keeps"  # noqa: S108 - a path in the pods
_CRASH_LOOP = "CrashLoopBackOff"


def kill(kube: Kube, color: Color) -> None:
    """Let the pods of a color crash again and again, and wait until each is in a crash loop."""
    _touch(kube, color, DEAD)

    def dead() -> bool:
        pods = kube.pods(color)
        return all(pod.waiting == _CRASH_LOOP and not pod.ready for pod in pods)

    wait_until(f"the pods of {color} are in a crash loop", dead)


def end(kube: Kube, color: Color) -> None:
    """Let the pods of a color end at one time, and again after each restart; do not wait."""
    pods = [pod.name for pod in kube.pods(color)]
    started = [kube.shell.start(*_touching(kube, pod, DEAD)) for pod in pods]
    for each in started:
        each.finish(check=False)  # a container that ends takes the command with it


def keep_connections(kube: Kube, color: Color) -> None:
    """Let the pods of a color never say `Connection: close`."""
    _touch(kube, color, KEEPS)


def revive(kube: Kube, color: Color) -> None:
    """Replace the pods: a switch is as old as its pod."""
    kube.delete_pods(color)
    kube.wait_ready(color)


def _touch(kube: Kube, color: Color, path: str) -> None:
    for pod in kube.pods(color):
        kube.shell.run(*_touching(kube, pod.name, path))


def _touching(kube: Kube, pod: str, path: str) -> tuple[str, ...]:
    script = f"open({path!r}, 'w').close()"
    return kube.command("exec", pod, "-c", CONTAINER, "--", "python", "-c", script)
