"""The command line: `python -m bot` runs the bot; the other commands look at it."""

from bot.process.stop_flag import StopFlag

# Before the imports below: they take a while, and a container's first process must hear SIGTERM.
FLAG = StopFlag()
FLAG.install()

import argparse  # noqa: E402 - after the flag
import http.client  # noqa: E402 - after the flag
import os  # noqa: E402 - after the flag
import sys  # noqa: E402 - after the flag
from collections.abc import Mapping, Sequence  # noqa: E402 - after the flag
from typing import TYPE_CHECKING  # noqa: E402 - after the flag

from bot.contract import environment as env  # noqa: E402 - after the flag
from bot.contract import parameters as rows  # noqa: E402 - after the flag
from bot.contract.http import LIVEZ, PORT  # noqa: E402 - after the flag

if TYPE_CHECKING:
    from bot.config.settings import Settings

EXIT_FAILED = 1
EXIT_MISCONFIGURED = 2
HEALTHCHECK_SECONDS = 2.0
BODY_CHARACTERS_MAX = 4096
SET_BY_PEOPLE = (
    env.DEPLOY_ENV,
    env.API_ENDPOINT,
    rows.MAX_POSITION_SIZE.variable,
    rows.RISK_LIMIT_PCT.variable,
    env.ENABLE_TRADING,
    env.SYMBOLS,
    rows.LOG_LEVEL.variable,
)

COMMANDS = {
    "run": "run the bot (the default)",
    "migrate": "bring the ledger's database to the newest schema; a second run changes nothing",
    "account": "book what moved on the account by itself; `account --help` says how",
    "acknowledge": "end read-only after the next clean reconciliation: acknowledge --by NAME",
    "check-config": "say what is wrong with the environment, or what it means",
    "healthcheck": "ask the bot on this machine whether it is alive; for a container engine",
    "status": "print what a running bot says about itself; `status --help` says how",
}


def main(arguments: Sequence[str], environ: Mapping[str, str]) -> int:
    """Run one command; return the exit code."""
    if arguments and (command_line := OWN_GRAMMARS.get(arguments[0])):
        return command_line(arguments[1:], environ)
    given = parser(environ).parse_args(arguments)
    command = given.command
    if command == "healthcheck":
        return healthcheck(environ)
    settings = _settings(environ)
    if settings is None:
        return EXIT_MISCONFIGURED
    if command == "check-config":
        sys.stdout.write(settings.model_dump_json(indent=2) + "\n")
        return 0
    if command in ("migrate", "acknowledge"):
        from bot.ledger import commands  # noqa: PLC0415 - not for a health check

        migrates = command == "migrate"
        return commands.migrate(settings) if migrates else commands.acknowledge(settings, given.by)
    return _run(settings, environ)


def _settings(environ: Mapping[str, str]) -> "Settings | None":
    """Return the configuration; None after saying what is wrong with it."""
    # A health check runs every few seconds: it must not load the web server.
    from bot.config.settings import Settings, SettingsError  # noqa: PLC0415 - not for a health check

    try:
        return Settings.load(environ)
    except SettingsError as error:
        lines = "".join(f"  {line}\n" for line in error.errors)
        sys.stderr.write(f"{len(error.errors)} wrong in the environment:\n{lines}")
        return None


def _status(arguments: Sequence[str], environ: Mapping[str, str]) -> int:
    from bot import status  # noqa: PLC0415 - only for this command

    return status.main(arguments, environ)


def _account(arguments: Sequence[str], environ: Mapping[str, str]) -> int:
    from bot.ledger import resolving  # noqa: PLC0415 - only for this command

    given = resolving.parser().parse_args(arguments)
    settings = _settings(environ)
    return EXIT_MISCONFIGURED if settings is None else resolving.main(settings, given)


OWN_GRAMMARS = {"account": _account, "status": _status}
"""Commands that have options of their own."""


def _run(settings: "Settings", environ: Mapping[str, str]) -> int:
    from bot.app import run  # noqa: PLC0415 - not for a health check
    from bot.config.secret_files import SecretsError  # noqa: PLC0415 - not for a health check
    from bot.process.server import PortError  # noqa: PLC0415 - not for a health check

    try:
        return run(settings, environ, FLAG)
    except SecretsError as error:
        sys.stderr.write(f"{env.SECRETS_DIR}: {error}\n")
        return EXIT_MISCONFIGURED
    except PortError as error:
        sys.stderr.write(f"{env.HTTP_PORT}: {error}\n")
        return EXIT_FAILED


def healthcheck(environ: Mapping[str, str]) -> int:
    """Ask the bot on this machine for its liveness; 0 when it is alive."""
    port = int(environ.get(env.HTTP_PORT) or PORT)
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=HEALTHCHECK_SECONDS)
    try:
        connection.request("GET", LIVEZ)
        answer = connection.getresponse()
        sys.stdout.write(answer.read(BODY_CHARACTERS_MAX).decode(errors="replace") + "\n")
    except (OSError, http.client.HTTPException) as error:
        sys.stderr.write(f"port {port}: {error}\n")
        return EXIT_FAILED
    finally:
        connection.close()
    return 0 if answer.status == http.client.OK else EXIT_FAILED


def parser(environ: Mapping[str, str]) -> argparse.ArgumentParser:
    """Return the grammar, but for `status` and `account`, which have one of their own."""
    commands = "".join(f"  {name:14}{text}\n" for name, text in COMMANDS.items())
    top = argparse.ArgumentParser(
        prog="bot",
        description="A trading bot. Configured by the environment; runs with none.",
        epilog=f"commands:\n{commands}\nenvironment: {', '.join(SET_BY_PEOPLE)}, and what the"
        " platform sets (bot/contract/environment.py)",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    top.add_argument(
        "command", nargs="?", choices=COMMANDS, default="run", metavar="command", help="see below"
    )
    top.add_argument("--by", metavar="NAME", help="with acknowledge: who has dealt with it")
    version = environ.get(env.VERSION) or env.VERSION_DEFAULT
    top.add_argument("--version", action="version", version=version)
    return top


def start() -> int:
    """Run the command line of this process: the command `bot`."""
    return main(sys.argv[1:], os.environ)


if __name__ == "__main__":
    sys.exit(start())
