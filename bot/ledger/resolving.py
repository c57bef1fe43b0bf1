"""`bot account`: `resolve` books what moved on the account without an order of ours.

Shows first what it would book. It asks no venue: the account's holder has noted what lasts, and its
next look tells whether the booking was right; until then the account stays read-only.
"""

import argparse
import sys
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from bot.config.settings import Settings
from bot.ledger.commands import MISCONFIGURED, ledger_of, run
from bot.ledger.ledger import Ledger
from bot.ledger.outcomes import Noted
from bot.ledger.port import LedgerError
from bot.trading.differences import Kind, plain
from bot.trading.orders import ZERO

TEXT_CHARACTERS_MAX = 500
LINES_MAX = 100
RIGHT = {
    "by": "write who dealt with it, as in --by ops@example",
    "reason": 'write what moved, as in --reason "deposit of 100 USDT"',
}
"""Option → what is right."""

Ask = Callable[[str], bool]


@dataclass(frozen=True, slots=True)
class Word:
    """A person's word for what the account's differences are."""

    by: str
    reason: str


Work = Callable[[Ledger, str, Word, Ask], Awaitable[str]]


def parser() -> argparse.ArgumentParser:
    """Return the command line's grammar."""
    top = argparse.ArgumentParser(
        prog="bot account",
        description="Deal with what ledger and venue do not agree on. `resolve` shows the lasting"
        " differences, books those of balances (deposit, withdrawal, interest, somebody's own"
        " trade) and names none of the others again. Read-only ends after the next reconciliation"
        " without a difference. `recover` takes over the orders that the venue has and the ledger"
        " lacks, as after a restore: nothing is traded meanwhile.",
    )
    top.add_argument("command", choices=["resolve", "recover"], help="what to do")
    top.add_argument("--by", metavar="NAME", help="who dealt with it")
    top.add_argument("--reason", metavar="TEXT", help="what moved on the account")
    top.add_argument("--yes", action="store_true", help="book it; without this it is shown only")
    return top


def problems(by: str | None, reason: str | None) -> Iterator[str]:
    """Name each option that is wrong, its value and what is right."""
    for name, value in (("by", by), ("reason", reason)):
        if value is None:
            yield f"--{name}: not given; {RIGHT[name]}"
        elif not value.strip():
            yield f"--{name}={value!r}: empty; {RIGHT[name]}"
        elif len(value) > TEXT_CHARACTERS_MAX:
            shown = f"{value[:20]}…"
            most = f"longer than {TEXT_CHARACTERS_MAX} characters"
            yield f"--{name}={shown!r}: {most}; {RIGHT[name]}"


def main(settings: Settings, given: argparse.Namespace) -> int:
    """Run the command; return the exit code: 0 when it is booked or nothing is to be."""
    if wrong := list(problems(given.by, given.reason)):
        sys.stderr.write("".join(f"{line}\n" for line in wrong))
        return MISCONFIGURED
    word = Word(given.by.strip(), given.reason.strip())
    ask = _yes if given.yes else _ask if sys.stdin.isatty() else _no
    work = recover if given.command == "recover" else resolve
    return run(lambda: _with_ledger(settings, work, word, ask))


async def recover(ledger: Ledger, _account: str, word: Word, ask: Ask) -> str:
    """Let this life of the ledger be compared with the venue.

    Raises:
        LedgerError: it was not begun.
    """
    here = await ledger.life()
    shown = (
        f"ledger {here.ledger}: bots hold nothing until they have taken over what the venue has"
        " and the ledger lacks; that takes about half a minute"
    )
    if not ask(shown):
        raise LedgerError("nothing was begun; add --yes to begin what is said above")
    await ledger.doubt()
    return f"begun by {word.by} ({word.reason}); `python -m bot status` says how far it is"


async def _with_ledger(settings: Settings, work: Work, word: Word, ask: Ask) -> str:
    ledger = ledger_of(settings)
    try:
        await ledger.open()
        return await work(ledger, settings.account, word, ask)
    finally:
        await ledger.close()


async def resolve(ledger: Ledger, account: str, word: Word, ask: Ask) -> str:
    """Show what is to be booked, ask, and book it.

    Raises:
        LedgerError: it was not booked; the text says why.
    """
    noted = await ledger.noted()
    if not noted:
        return await _nothing(ledger, account)
    if not ask(plan(account, noted)):
        raise LedgerError("nothing was booked; add --yes to book what is shown above")
    if not await ledger.resolve(word.by, word.reason, noted):
        raise LedgerError("nothing was booked: the differences changed; run it again")
    return f"booked by {word.by}: {word.reason}\n{AFTERWARDS}"


AFTERWARDS = "the bot trades again after its next reconciliation without a difference"


async def _nothing(ledger: Ledger, account: str) -> str:
    reason = (await ledger.read_only()).reason
    if reason is None:
        return f"account {account}: no difference lasts; nothing to resolve"
    return (
        f"account {account} is read-only ({reason}), and no difference is left; it ends after the"
        " next\nreconciliation once somebody has acknowledged it: `python -m bot acknowledge --by"
        " NAME`"
    )


def plan(account: str, noted: Sequence[Noted]) -> str:
    """Return what would be done, as people read it: one difference a line."""
    balances = [one.difference for one in noted if one.difference.kind is Kind.BALANCE]
    others = [one.difference for one in noted if one.difference.kind is not Kind.BALANCE]
    at = datetime.fromtimestamp(max(one.found_at for one in noted), UTC)
    rows = [("currency", "venue has", "ledger expects", "books")]
    rows += [
        (
            each.about[0],
            plain(each.venue_has or ZERO),
            plain(each.ledger_expects or ZERO),
            f"{each.surplus.normalize():+f}",
        )
        for each in balances
    ]
    lines = [f"account {account}, as found at {at:%Y-%m-%d %H:%M:%S} UTC"]
    lines += _table(rows) if balances else ["no balance differs: nothing to book"]
    if others:
        lines += ["not named again:", *(f"  {each}" for each in others[:LINES_MAX])]
        lines += [f"  and {len(others) - LINES_MAX} more"] if len(others) > LINES_MAX else []
    return "\n".join(lines)


def _table(rows: Sequence[tuple[str, ...]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  " + "  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True))
        for row in rows
    ]


def _yes(text: str) -> bool:
    sys.stdout.write(f"{text}\n")
    return True


def _no(text: str) -> bool:
    sys.stdout.write(f"{text}\n")
    return False


def _ask(text: str) -> bool:
    sys.stdout.write(f"{text}\n")
    try:
        return input("Do this? [y/N] ").strip().lower() in {"y", "yes"}
    except EOFError:
        return False
