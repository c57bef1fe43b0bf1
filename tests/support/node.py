"""Breaks things under the cluster, on the one node that is this machine: processes and links."""

import os
import signal
from collections.abc import Generator, Iterable
from contextlib import contextmanager, suppress
from pathlib import Path

from bot.contract.color import Color
from tests.support.checkout import ROOT
from tests.support.kube import Kube
from tests.support.process import Shell

_TABLE = "test_faults"


def bot_pids(kube: Kube, color: Color) -> dict[str, int]:
    """Return the process of the bot in each pod of a color, by the pod's name."""
    uids = {pod.uid.replace("-", "_"): pod.name for pod in kube.pods(color)}
    pids: dict[str, int] = {}
    for folder in Path("/proc").iterdir():
        if not folder.name.isdecimal():
            continue
        try:
            group = (folder / "cgroup").read_text().replace("-", "_")
            words = (folder / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue  # it ended meanwhile
        pod = next((name for uid, name in uids.items() if uid in group), None)
        if pod and b"bot" in words:
            pids[pod] = int(folder.name)
    assert set(pids) == set(uids.values()), f"of {sorted(uids.values())} only {pids} were found"
    return pids


def kill(pids: Iterable[int]) -> None:
    """SIGKILL: no goodbye."""
    for pid in pids:
        os.kill(pid, signal.SIGKILL)


@contextmanager
def stopped(pids: Iterable[int]) -> Generator[None]:
    """SIGSTOP for as long as the block lasts, then SIGCONT."""
    held = list(pids)
    for pid in held:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in held:
            with suppress(ProcessLookupError):  # the kubelet has ended it meanwhile
                os.kill(pid, signal.SIGCONT)


@contextmanager
def cut(kube: Kube, color: Color, port: int) -> Generator[None]:
    """Drop what the pods of a color send to a port of the node; to others it is as ever."""
    pods = kube.get("pods", "-l", kube.selector(color))["items"]
    addresses = ", ".join(pod["status"]["podIP"] for pod in pods)
    shell = Shell(ROOT, os.environ)
    rules = f"""\
table inet {_TABLE} {{
  chain input {{
    type filter hook input priority -10; policy accept;
    ip saddr {{ {addresses} }} tcp dport {port} drop;
  }}
}}
"""
    shell.run("nft", "delete", "table", "inet", _TABLE, check=False)
    shell.run("nft", "-f", "-", stdin=rules)
    try:
        yield
    finally:
        shell.run("nft", "delete", "table", "inet", _TABLE)
