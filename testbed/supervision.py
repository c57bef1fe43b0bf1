"""supervisord and the namespaces that it lives in.

It is the first process of a PID namespace and a mount namespace. When it ends, however it ends, the
kernel ends every daemon and container with it and takes their mounts away: nothing is ever left to
hunt for, and a run that was killed looks to the next one like a machine that was switched off.
"""

import configparser
import hashlib
import io
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Generator, Iterable
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from xmlrpc.client import Fault, ServerProxy

from supervisor.xmlrpc import (  # pyright: ignore[reportMissingTypeStubs]  # it ships no types
    Faults,
    SupervisorTransport,
)

from testbed import net
from testbed.daemons import Daemon
from testbed.paths import Paths
from testbed.shell import PlatformError, tail

MARK = "BOT_TESTBED_DAEMON"
"""In the environment of every process in the namespace, and of none outside."""
OWN_FOLDERS: dict[str, str] = {
    "/etc/docker": "data/docker-etc",
    "/run/containerd": "run/containerd",
    "/run/netns": "run/netns",
    "/run/runc": "run/runc",
    "/var/lib/cni": "run/cni",
    "/var/lib/kubelet": "data/kubelet",
    "/var/log/containers": "log/containers",
}
"""Paths that daemons have built in → where they lie really: inside the namespace they are ours."""
OWN_NETWORKS = (
    "127.0.0.1",
    net.NODE_ADDRESS,
    net.POD_CIDR,
    net.SERVICE_CIDR,
    f".{net.DNS_DOMAIN}",
)
"""Reached without a proxy, whatever the machine has."""
RUNNING = ("STARTING", "RUNNING", "BACKOFF")
_START_SECONDS = 10.0
_END_SECONDS = 20.0
_POLL_SECONDS = 0.05


def render(daemons: Iterable[Daemon], paths: Paths) -> str:
    """Return supervisord's configuration; `up` starts the daemons, in their order."""
    ini = configparser.RawConfigParser()
    ini["supervisord"] = {
        "nodaemon": "true",
        "user": "root",
        "logfile": f"{paths.logs}/supervisord.log",
        "logfile_maxbytes": "5MB",
        "pidfile": f"{paths.run}/supervisord.pid",
        "childlogdir": str(paths.logs),
    }
    ini["unix_http_server"] = {"file": str(paths.supervisor_socket), "chmod": "0700"}
    ini["rpcinterface:supervisor"] = {
        "supervisor.rpcinterface_factory": "supervisor.rpcinterface:make_main_rpcinterface"
    }
    for daemon in daemons:
        ini[f"program:{daemon.name}"] = _program(daemon, paths)
    text = io.StringIO()
    ini.write(text)
    return text.getvalue()


def _program(daemon: Daemon, paths: Paths) -> dict[str, str]:
    words = " ".join(f'"{word}"' for word in daemon.command)
    return {
        "command": words.replace("%", "%%"),
        "user": daemon.user,
        # A change of it is a change of the program, which supervisord finds by itself.
        "environment": f'TESTBED_FINGERPRINT="{fingerprint(daemon, paths)}"',
        "autostart": "false",
        "autorestart": "true",
        "startsecs": "1",
        "startretries": "3",
        "stopwaitsecs": "10",
        "redirect_stderr": "true",
        "stdout_logfile": f"{paths.logs}/{daemon.name}.log",
        "stdout_logfile_maxbytes": "20MB",
        "stdout_logfile_backups": "1",
    }


def fingerprint(daemon: Daemon, paths: Paths) -> str:
    """Return what changes when the daemon must be started anew: binary, command, configuration."""
    binary = Path(daemon.command[0])
    facts = [daemon.command, _stat(binary)]
    facts += [_text(paths.etc / name) for name in daemon.config]
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:16]


def _stat(path: Path) -> list[int]:
    return [path.stat().st_size, path.stat().st_mtime_ns] if path.exists() else []


def _text(path: Path) -> str:
    return path.read_text() if path.exists() else ""


def owned(state: Path, proc: Path = Path("/proc")) -> list[int]:
    """Return the processes that carry our mark: the namespace's parent and what it started."""
    return [pid for pid, mark in marked(proc).items() if mark == str(state)]


def marked(proc: Path = Path("/proc")) -> dict[int, str]:
    """Return the processes of every platform on this machine, each with its state folder."""
    prefix = f"{MARK}=".encode()
    processes: dict[int, str] = {}
    for entry in proc.iterdir():
        if entry.name.isdigit():
            try:
                words = (entry / "environ").read_bytes().split(b"\0")
            except OSError:
                continue  # It has ended since, or is not ours to read.
            for word in words:
                if word.startswith(prefix):
                    processes[int(entry.name)] = word.removeprefix(prefix).decode()
    return processes


def root(state: Path, proc: Path = Path("/proc")) -> int | None:
    """Return the process that all of ours end with: the one whose parent is none of ours."""
    ours = owned(state, proc)
    return next((pid for pid in ours if _parent(proc / str(pid)) not in ours), None)


def _parent(entry: Path) -> int:
    try:
        return int((entry / "stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return 0  # It has ended since.


def kill_all(paths: Paths) -> None:
    """End the namespace and with it everything in it.

    Raises:
        PlatformError: processes of ours are still there after the deadline.
    """
    deadline = time.monotonic() + _END_SECONDS
    while left := owned(paths.state):
        if time.monotonic() > deadline:
            raise PlatformError(f"these processes do not end: {left}; look at them with ps")
        for pid in left:
            _kill(pid)
        time.sleep(_POLL_SECONDS)


def _kill(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return


@contextmanager
def _rpc(paths: Paths) -> Generator[Any]:
    """Give supervisord's RPC interface, whose methods are made up as they are called."""
    transport = SupervisorTransport(None, None, f"unix://{paths.supervisor_socket}")
    try:
        yield ServerProxy("http://127.0.0.1", transport=transport).supervisor
    finally:
        transport.close()


def states(paths: Paths) -> dict[str, str]:
    """Return the state of each daemon as supervisord sees it; empty when it does not answer."""
    try:
        with _rpc(paths) as rpc:
            listed: list[dict[str, str]] = rpc.getAllProcessInfo()
    except (OSError, Fault):
        return {}
    return {entry["name"]: entry["statename"] for entry in listed}


def start(paths: Paths) -> None:
    """Start supervisord in namespaces of its own, after what an earlier run left is ended.

    Raises:
        PlatformError: it does not answer; carries its log.
    """
    kill_all(paths)
    # Void once the processes are gone, as after a reboot: sockets, pid files, network namespaces.
    shutil.rmtree(paths.run, ignore_errors=True)
    for place, own in OWN_FOLDERS.items():
        Path(place).mkdir(parents=True, exist_ok=True)
        (paths.state / own).mkdir(parents=True, exist_ok=True)
    (paths.run / "began").write_text(datetime.now(UTC).isoformat())
    log = paths.logs / "supervisord.out"
    with log.open("wb") as out:
        process = subprocess.Popen(  # noqa: S603  # our own words
            _command(paths),
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            cwd="/",
            env=_environment(paths),
            start_new_session=True,
        )
    deadline = time.monotonic() + _START_SECONDS
    while not paths.supervisor_socket.exists() or not _answers(paths):
        if process.poll() is not None or time.monotonic() > deadline:
            raise PlatformError(f"supervisord did not start; the end of {log}:\n{tail(log)}")
        time.sleep(_POLL_SECONDS)


def began(paths: Paths) -> datetime:
    """Return when the namespace was started: no process in it is older."""
    return datetime.fromisoformat((paths.run / "began").read_text())


def note_settled(paths: Paths) -> None:
    """Remember, until the next start, that what ran before runs again."""
    (paths.run / "settled").touch()


def is_settled(paths: Paths) -> bool:
    """Whether what ran before this start runs again."""
    return (paths.run / "settled").exists()


def _answers(paths: Paths) -> bool:
    try:
        with _rpc(paths) as rpc:
            rpc.getState()
    except (OSError, Fault):
        return False
    return True


def _command(paths: Paths) -> list[str]:
    binds = [f"mount --bind '{paths.state / own}' '{place}'" for place, own in OWN_FOLDERS.items()]
    # Shared within: the kubelet's mounts reach containers. Slave outwards: none of them leave.
    supervisord = (
        f"exec '{sys.executable}' -m supervisor.supervisord -n -c '{paths.etc}/supervisord.ini'"
    )
    script = " && ".join(["mount --make-rshared /", *binds, supervisord])
    namespaces = ["--mount", "--propagation=slave", "--pid", "--fork", "--kill-child"]
    return ["unshare", *namespaces, "--mount-proc", "sh", "-c", script]


def _environment(paths: Paths) -> dict[str, str]:
    """Return what daemons need of ours; nothing else of a shell's settings reaches them."""
    kept = ("LANG", "TZ", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "SSL_CERT_FILE")
    proxies = {name.lower() for name in kept if name.endswith("PROXY")}
    environment = {name: value for name, value in os.environ.items() if name in {*kept, *proxies}}
    direct = ",".join([environment.get("NO_PROXY", ""), *OWN_NETWORKS])
    return environment | {
        "NO_PROXY": direct.strip(","),
        "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        "HOME": "/root",
        MARK: str(paths.state),
    }


def reload(paths: Paths) -> list[str]:
    """Take over a changed configuration; return the daemons that were stopped for it."""
    with _rpc(paths) as rpc:
        changes: list[tuple[list[str], list[str], list[str]]] = rpc.reloadConfig()
        ((added, changed, removed),) = changes
        stopped = [*changed, *removed]
        for name in stopped:
            rpc.stopProcessGroup(name)
            rpc.removeProcessGroup(name)
        for name in [*added, *changed]:
            rpc.addProcessGroup(name)
    return stopped


def start_daemon(paths: Paths, name: str) -> None:
    """Ask supervisord to start a daemon; its readiness is another matter."""
    try:
        with _rpc(paths) as rpc:
            rpc.startProcess(name, False)  # noqa: FBT003  # the RPC's own signature
    except Fault as fault:
        if fault.faultCode != Faults.ALREADY_STARTED:
            raise PlatformError(
                f"supervisord refused to start {name}: {fault.faultString}"
            ) from fault


def remove_folders(paths: Paths) -> None:
    """Remove the state, and the empty folders that our mounts lay on.

    Raises:
        PlatformError: something is still mounted there.
    """
    mounted = [
        line.split()[1]
        for line in Path("/proc/self/mounts").read_text().splitlines()
        if line.split()[1].startswith(f"{paths.state}/")
    ]
    if mounted:
        raise PlatformError(f"still mounted: {', '.join(mounted)}; umount them first")
    shutil.rmtree(paths.state, ignore_errors=True)
    if paths.state.exists():
        shutil.rmtree(paths.state)  # Says what is in the way.
    _remove_mount_points()


def _remove_mount_points() -> None:
    """Remove the empty folders that our mounts lay on, unless another platform is alive.

    Removing a folder takes away what is mounted on it in every other mount namespace: daemons of
    another platform, with another state, would lose theirs.
    """
    if marked():
        return
    for place in map(Path, OWN_FOLDERS):
        if place.is_dir() and not place.is_mount() and not any(place.iterdir()):
            with suppress(OSError):  # mounted on elsewhere: it is in use, so it is not ours alone
                place.rmdir()
