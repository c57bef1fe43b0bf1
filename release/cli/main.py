"""`release`: the commands, their options, and what they print. Knows no port by name."""

import argparse
import asyncio
import contextlib
import json
import signal
import sys
from collections.abc import Awaitable, Callable, Generator, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import replace

from rich.console import Console

from release.cli import commands
from release.cli.exit_codes import Exit
from release.cli.live import Live, Terminal
from release.cli.views import (
    Lines,
    Plain,
    history_lines,
    line,
    record_json,
    status_json,
    status_lines,
)
from release.decide.events import Entered, Trying
from release.decide.gates import OVERRIDES
from release.decide.hints import pasteable
from release.decide.model import Json
from release.decide.phases import Trigger
from release.decide.spec import SpecError
from release.decide.state import releases
from release.decide.transitions import RefusedError
from release.drive.engine import Viewer
from release.drive.lock import LockedError, living_lock
from release.drive.ports import LostLockError, PortError
from release.drive.session import BUILD, CannotBeginError, ReleaseSession, Request

Assemble = Callable[[str, bool], AbstractAsyncContextManager[ReleaseSession]]
"""Opens the session of a stack; the second argument says whether a new release begins."""

_WORDS = {
    Trigger.PROMOTE: "take what was seen for good enough and go on to the end",
    Trigger.ABORT: "end an unfinished release; the old version keeps or takes over all shards",
    Trigger.ROLLBACK: "send the new version back, whatever its state; quarantine it",
}


def parser() -> argparse.ArgumentParser:
    """Return the command line."""
    top = argparse.ArgumentParser(
        prog="release", description="Bring a version to a stack, or back."
    )
    commands_ = top.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def add(name: str, words: str) -> argparse.ArgumentParser:
        made = commands_.add_parser(name, help=words, description=words)
        made.add_argument("--stack", required=True, help="name of the Pulumi stack")
        made.add_argument("--json", action="store_true", help="print JSON instead of text")
        return made

    for name, words in (
        ("plan", "show what a deploy would do; changes nothing"),
        ("deploy", "bring an image to the active color, judged on the way"),
    ):
        made = add(name, words)
        made.add_argument("--image", default=BUILD, help="REPOSITORY@sha256:… or `build` (default)")
        made.add_argument("--reason", default="", help="why; needed with --allow-…")
        for gate in OVERRIDES:
            made.add_argument(f"--allow-{gate}", action="store_true", help=f"answer for: {gate}")
        if name == "deploy":
            made.add_argument(
                "--detach", action="store_true", help="leave when the version is released"
            )
    for trigger, words in _WORDS.items():
        made = add(trigger.value, words)
        made.add_argument("--reason", default="", help="why, for the journal and the messages")
    add("resume", "go on where a killed or stuck release stands")
    add("status", "where the last release stands")
    add("history", "all releases, newest first")
    add("logs", "the journal of a release").add_argument("--release", default="", help="its id")
    quarantine = add("quarantine", "what may not become active; `clear` lets a digest in again")
    quarantine.add_argument("action", nargs="?", choices=["list", "clear"], default="list")
    quarantine.add_argument("digest", nargs="?", default="")
    quarantine.add_argument("--reason", default="", help="why it may come in again")
    add("unlock", "take the lock from a dead process").add_argument("--reason", required=True)
    return top


async def run(options: argparse.Namespace, assemble: Assemble, out: Callable[[str], None]) -> Exit:
    """Do what was asked for, and return the exit code."""
    try:
        async with assemble(options.stack, options.command == "deploy") as session:
            return await _HANDLERS[options.command](session, options, _naming(out, options.stack))
    except (CannotBeginError, SpecError) as error:
        return _failed(error, options, Exit.USAGE)
    except RefusedError as error:
        return _failed(error, options, Exit.REFUSED)
    except (LockedError, LostLockError) as error:
        return _failed(error, options, Exit.LOCKED)
    except PortError as error:
        return _failed(error, options, Exit.UNREACHABLE)


def main(assemble: Assemble, arguments: Sequence[str] | None = None) -> int:
    """Run the command line."""
    options = parser().parse_args(arguments)
    try:
        return asyncio.run(_until_ended(options, assemble))
    except (KeyboardInterrupt, asyncio.CancelledError):
        text = "interrupted; `release resume --stack STACK` goes on from here"
        return _print_error(pasteable(text, options.stack), Exit.INTERRUPTED)


async def _until_ended(options: argparse.Namespace, assemble: Assemble) -> Exit:
    """Let SIGTERM do what Ctrl-C does: end our own `up`, give the lock back, leave."""
    console = Console(highlight=False)
    shown = console.is_terminal and not console.is_dumb_terminal
    running = asyncio.ensure_future(run(options, assemble, Terminal(console) if shown else _print))
    with contextlib.suppress(NotImplementedError):  # no signals on Windows
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, running.cancel)
    return await running


def _failed(error: Exception, options: argparse.Namespace, code: Exit) -> Exit:
    return _print_error(pasteable(str(error), options.stack), code)


def _print_error(text: str, code: Exit) -> Exit:
    sys.stderr.write(f"{text}\n")
    return code


Out = Callable[[str], None]


def _print(text: str) -> None:
    print(text, flush=True)  # noqa: T201 -- what it prints


def _naming(out: Out, stack: str) -> Out:
    """Let the commands in what is printed name the stack."""
    if isinstance(out, Terminal):
        return replace(out, stack=stack)
    return lambda text: out(pasteable(text, stack))


@contextlib.contextmanager
def _viewer(session: ReleaseSession, options: argparse.Namespace, out: Out) -> Generator[Viewer]:
    """Show it live where somebody looks, in lines elsewhere."""
    if options.json:
        yield Lines(out)
    elif isinstance(out, Terminal):
        with Live(out, session.ports.clock.now) as live:
            yield live
    else:
        yield Plain(out)


def _request(options: argparse.Namespace) -> Request:
    overrides = [gate for gate in OVERRIDES if getattr(options, f"allow_{gate}")]
    return Request(options.image, options.reason, overrides)


def _json(out: Out, value: Json) -> None:
    out(json.dumps(value, indent=2))


async def _plan(session: ReleaseSession, options: argparse.Namespace, out: Out) -> Exit:
    desired, records = await commands.plan(session, _request(options))
    if options.json:
        steps: list[Json] = [record_json(record) for record in records]
        _json(out, steps)
        return Exit.DONE
    out(f"{desired.new} gets {desired.image}; {desired.old} runs {desired.old_image}")
    for record in records:
        if isinstance(record.event, (Entered, Trying)):
            out(line(record)[9:])
    return Exit.DONE


async def _deploy(session: ReleaseSession, options: argparse.Namespace, out: Out) -> Exit:
    with _viewer(session, options, out) as viewer:
        code = await commands.deploy(session, _request(options), viewer, detach=options.detach)
    return _ended(session, code, options, out)


async def _command(session: ReleaseSession, options: argparse.Namespace, out: Out) -> Exit:
    trigger = Trigger(options.command)
    with _viewer(session, options, out) as viewer:
        code = await commands.command(session, trigger, options.reason, viewer)
    return _ended(session, code, options, out)


async def _resume(session: ReleaseSession, options: argparse.Namespace, out: Out) -> Exit:
    with _viewer(session, options, out) as viewer:
        code = await commands.resume(session, viewer)
    return _ended(session, code, options, out)


def _ended(session: ReleaseSession, code: Exit, options: argparse.Namespace, out: Out) -> Exit:
    """Say how it ended, and what the store does not know yet."""
    if session.log.unrecorded:
        count = len(session.log.unrecorded)
        _print_error(f"{count} records are not in the journal yet: {session.log.down}", code)
    state = session.log.state
    if state is not None and not options.json:
        for text in status_lines(state, None, session.ports.clock.now()):
            out(text)
    return code


async def _status(session: ReleaseSession, options: argparse.Namespace, out: Out) -> Exit:
    state = await session.state()
    if state is None:
        raise CannotBeginError(session.log.down or f"{session.stack} has no release yet")
    now = session.ports.clock.now()
    lock = await living_lock(session, now)
    if options.json:
        _json(out, status_json(state, lock, now))
    else:
        for text in status_lines(state, lock, now):
            out(text)
    return Exit.DONE


async def _history(session: ReleaseSession, options: argparse.Namespace, out: Out) -> Exit:
    await session.state()
    states = releases(session.log.records)
    if options.json:
        now = session.ports.clock.now()
        payload: list[Json] = [status_json(state, None, now) for state in states]
        _json(out, payload)
    else:
        for text in history_lines(states):
            out(text)
    return Exit.DONE


async def _logs(session: ReleaseSession, options: argparse.Namespace, out: Out) -> Exit:
    state = await session.state()
    desired = options.release or (state.release if state else "")
    records = [record for record in session.log.records if record.release == desired]
    if not records:
        raise CannotBeginError(
            f"there is no release {desired!r}; `release history --stack STACK` names them"
        )
    for record in records:
        out(json.dumps(record_json(record)) if options.json else line(record))
    return Exit.DONE


async def _quarantine(session: ReleaseSession, options: argparse.Namespace, out: Out) -> Exit:
    if options.action == "clear":
        if not (options.digest and options.reason):
            raise CannotBeginError(
                "clear needs a digest and --reason; `release quarantine --stack STACK` lists them"
            )
        await commands.clear(session, options.digest, options.reason)
    entries = await session.ports.quarantine.entries()
    if options.json:
        payload: list[Json] = [
            {
                "digest": each.digest,
                "since": each.since.isoformat(),
                "by": each.by,
                "reason": each.reason,
            }
            for each in entries
        ]
        _json(out, payload)
    else:
        for each in entries:
            out(f"{each.digest} since {each.since:%Y-%m-%d %H:%M} UTC by {each.by}: {each.reason}")
    return Exit.DONE


async def _unlock(session: ReleaseSession, options: argparse.Namespace, out: Out) -> Exit:
    lock = await commands.unlock(session, options.reason)
    out(f"it was held by {lock.holder}" if lock else "nobody held it")
    return Exit.DONE


_HANDLERS: dict[str, Callable[[ReleaseSession, argparse.Namespace, Out], Awaitable[Exit]]] = {
    "plan": _plan,
    "deploy": _deploy,
    "promote": _command,
    "abort": _command,
    "rollback": _command,
    "resume": _resume,
    "status": _status,
    "history": _history,
    "logs": _logs,
    "quarantine": _quarantine,
    "unlock": _unlock,
}
COMMANDS = tuple(_HANDLERS)
"""Their names; docs/release has a page for each."""
