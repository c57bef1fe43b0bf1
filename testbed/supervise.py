"""supervisord owns the daemons: it restarts what dies, keeps a log each, and one command stops them all."""

import shlex
import sys
import time
from pathlib import Path

from testbed.daemons import Daemon
from testbed.paths import Paths
from testbed.shell import PlatformError, run, say, succeeds, tail

_POLL_SECONDS = 0.2
_LOG_BYTES = "20MB"


def config(daemons: tuple[Daemon, ...], paths: Paths) -> str:
    """Return supervisord's configuration. Nothing starts by itself: `up` starts in order and waits for each."""
    head = f"""\
[unix_http_server]
file={paths.supervisor_socket}
chmod=0700

[supervisord]
logfile={paths.logs}/supervisord.log
logfile_maxbytes={_LOG_BYTES}
pidfile={paths.run}/supervisord.pid
minfds=65536

[rpcinterface:supervisor]
supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface

[supervisorctl]
serverurl=unix://{paths.supervisor_socket}
"""
    return head + "".join(_program(daemon, paths) for daemon in daemons)


def _program(daemon: Daemon, paths: Paths) -> str:
    # supervisord expands %(…)s itself, so a percent sign is doubled.
    command = shlex.join(daemon.command).replace("%", "%%")
    search = f"{paths.bin}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    return f"""
[program:{daemon.name}]
command={command}
user={daemon.user}
directory={paths.state}
environment=PATH="{search}"
autostart=false
autorestart=true
startsecs=0
stopsignal={daemon.stop_signal}
stopwaitsecs=15
redirect_stderr=true
stdout_logfile={paths.logs}/{daemon.name}.log
stdout_logfile_maxbytes={_LOG_BYTES}
stdout_logfile_backups=1
"""


def _control(paths: Paths) -> list[str | Path]:
    return [Path(sys.executable).with_name("supervisorctl"), "-c", paths.etc / "supervisord.conf"]


def is_running(paths: Paths) -> bool:
    """Whether supervisord answers."""
    return paths.supervisor_socket.exists() and succeeds([*_control(paths), "pid"])


def start_supervisor(paths: Paths) -> None:
    """Start supervisord in a session of its own, or make it read the table again."""
    if is_running(paths):
        run([*_control(paths), "update"])
        return
    paths.supervisor_socket.unlink(missing_ok=True)
    supervisord = Path(sys.executable).with_name("supervisord")
    run([supervisord, "-c", paths.etc / "supervisord.conf"])


def start(daemon: Daemon, paths: Paths) -> None:
    """Start one daemon and wait until it serves.

    Raises:
        PlatformError: it did not serve within its deadline; carries the last lines of its log.
    """
    if state(paths).get(daemon.name) == "RUNNING" and succeeds(daemon.ready):
        return
    began = time.monotonic()
    run([*_control(paths), "start", daemon.name])
    while not succeeds(daemon.ready):
        if time.monotonic() - began > daemon.deadline_seconds:
            log = paths.logs / f"{daemon.name}.log"
            raise PlatformError(
                f"{daemon.name} does not serve after {daemon.deadline_seconds:.0f} s; "
                f"its last lines ({log}):\n{tail(log)}"
            )
        time.sleep(_POLL_SECONDS)
    say(f"{daemon.name} serves after {time.monotonic() - began:.1f} s")


def state(paths: Paths) -> dict[str, str]:
    """Return supervisord's word for each daemon: RUNNING, STOPPED, FATAL, …; empty when it does not run."""
    if not is_running(paths):
        return {}
    # `status` ends with 3 when anything is not running, which is no failure here.
    words = " ".join(shlex.quote(str(word)) for word in [*_control(paths), "status"])
    lines = run(["sh", "-c", f"{words} || true"]).splitlines()
    return dict(line.split()[:2] for line in lines if len(line.split()) > 1)


def stop_all(paths: Paths) -> None:
    """Stop every daemon and supervisord itself."""
    if is_running(paths):
        run([*_control(paths), "shutdown"])
