"""The commands: `.venv/bin/testbed up | down | status | doctor | env | logs | deploy`."""

import argparse
import contextlib
import fcntl
import os
import subprocess
import sys
from collections.abc import Callable, Generator, Sequence
from pathlib import Path

from testbed import doctor, environment, setup_steps, stack, status
from testbed.daemons import daemons
from testbed.paths import Paths
from testbed.shell import PlatformError, say, tail

EXIT_CODES = """\
exit codes:
  0    done; status: all is well; doctor: nothing is in the way
  1    failed; status: something is not well; doctor: something is in the way
  2    the command line is wrong
  130  interrupted
"""
Command = Callable[[argparse.Namespace, Paths], int]


def main(arguments: Sequence[str] | None = None, paths: Paths | None = None) -> int:
    """Run one command and return its exit code.

    Args:
        arguments: the command line; None takes the process's.
        paths: the platform's folders; None takes those of the environment.
    """
    options = parser().parse_args(arguments)
    command: Command = options.command
    try:
        return command(options, paths or Paths.from_environment())
    except PlatformError as error:
        print(f"error: {error}", file=sys.stderr)  # noqa: T201  # the command's own words
        return 1
    except subprocess.CalledProcessError as error:
        return error.returncode  # It has said itself what is wrong.
    except KeyboardInterrupt:
        return 130


def parser() -> argparse.ArgumentParser:
    """Return the command line's grammar."""
    top = argparse.ArgumentParser(
        prog="testbed",
        description="A one-node Kubernetes, a registry, an engine, databases and the Pulumi CLI.",
        epilog=EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = top.add_subparsers(required=True, metavar="command")

    def add(name: str, command: Command, text: str) -> argparse.ArgumentParser:
        added = commands.add_parser(name, help=text.replace("%", "%%"), description=text)
        added.set_defaults(command=command)
        return added

    add("up", _up, "start what does not run, build what is missing; safe to repeat")
    add("down", _down, "stop and remove everything but the cache")
    add("status", _status, "tell what runs, versions and addresses")
    add("doctor", _doctor, "tell what this machine lacks or has in the way, and what to do")
    add("env", _env, 'print what a shell needs: eval "$(.venv/bin/testbed env)"')
    logs = add("logs", _logs, "print the end of a daemon's log, or list the logs")
    logs.add_argument("daemon", nargs="?", help="its name; without one the logs are listed")
    logs.add_argument("-n", "--lines", type=int, default=100, help="how many lines (100)")
    logs.add_argument("-f", "--follow", action="store_true", help="go on until interrupted")
    deploy = add("deploy", _deploy, "deploy the stack `local` so that a swap is one command")
    deploy.add_argument("--context", help="a kubeconfig context instead of the platform's")
    deploy.add_argument("--repository", help="where images go instead of the platform's registry")
    return top


def _up(_options: argparse.Namespace, paths: Paths) -> int:
    with _alone(paths):
        doctor.refuse_hopeless(paths)
        setup_steps.run_all(paths)
    say('the platform runs; for your shell: eval "$(.venv/bin/testbed env)"')
    return 0


def _down(_options: argparse.Namespace, paths: Paths) -> int:
    with _alone(paths):
        setup_steps.tear_down(paths)
    say(f"nothing is left but the cache, {paths.cache}")
    return 0


def _status(_options: argparse.Namespace, paths: Paths) -> int:
    report = status.report(paths)
    print(report.text)  # noqa: T201  # its result
    return 0 if report.well else 1


def _doctor(_options: argparse.Namespace, paths: Paths) -> int:
    results = list(doctor.findings(paths))
    print("\n".join(map(doctor.as_line, results)))  # noqa: T201  # its result
    return 1 if any(finding.blocks for finding in results) else 0


def _env(_options: argparse.Namespace, paths: Paths) -> int:
    print(environment.as_exports(environment.current(paths)))  # noqa: T201  # its result
    return 0


def _logs(options: argparse.Namespace, paths: Paths) -> int:
    names = [daemon.name for daemon in daemons(paths)] + ["supervisord"]
    if options.daemon is None:
        print("\n".join(str(setup_steps.log_of(paths, name)) for name in names))  # noqa: T201
        return 0
    if options.daemon not in names:
        raise PlatformError(f"no daemon {options.daemon!r}; there are {', '.join(names)}")
    return _show_log(
        setup_steps.log_of(paths, options.daemon), options.lines, follow=options.follow
    )


def _show_log(log: Path, lines: int, *, follow: bool) -> int:
    if not log.exists():
        raise PlatformError(f"{log} does not exist: the daemon never ran; .venv/bin/testbed up")
    if follow:
        os.execvp("tail", ["tail", "-n", str(lines), "-F", str(log)])  # noqa: S606, S607
    print(tail(log, lines))  # noqa: T201  # its result
    return 0


def _deploy(options: argparse.Namespace, paths: Paths) -> int:
    stack.deploy(paths, options.context, options.repository)
    return 0


@contextlib.contextmanager
def _alone(paths: Paths) -> Generator[None]:
    """Hold the lock; the kernel lets go of it however the process ends."""
    paths.lock.parent.mkdir(parents=True, exist_ok=True)
    with paths.lock.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("another `up` or `down` is at work: waiting for it")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield
