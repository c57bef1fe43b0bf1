"""`bot account resolve`: it shows before it books, books what was shown, and says what is wrong."""

import asyncio
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from bot.__main__ import main
from bot.authority.lease import ACCOUNT, Claimant
from bot.authority.orders import Order
from bot.contract.color import Color
from bot.contract.intent import Intent
from bot.contract.shards import shard_of
from bot.ledger.ledger import Ledger
from bot.ledger.outcomes import Approved, Noted, Writer
from bot.ledger.port import LedgerError
from bot.ledger.resolving import TEXT_CHARACTERS_MAX, Word, plan, resolve
from bot.ledger.sqlite import Sqlite
from bot.trading.differences import Difference, balance, foreign_fill, listed, unknown_order
from bot.trading.orders import Fill, Side, Terms
from bot.trading.signals import Signal

WORD = Word("ops@example", "deposit of 100 USDT")
DEPOSIT = balance("USDT", Decimal("100100.5"), Decimal(100_000))
TRADE = foreign_fill(
    Fill("5", "web_1", "BTC/USDT", Side.BUY, Decimal(1), Decimal(60_000), 1_700_000_000_000_000)
)
PLAN = """\
  currency  venue has  ledger expects   books
      USDT   100100.5          100000  +100.5
not named again:
  fill BTC/USDT 5: buy 1 at 60000, by order web_1, which is not ours"""


class Answers:
    """A person at a terminal."""

    def __init__(self, *, yes: bool) -> None:
        self.texts: list[str] = []
        self._yes = yes

    def __call__(self, text: str) -> bool:
        self.texts.append(text)
        return self._yes


async def note(ledger: Ledger, *lasting: Difference, bookings: int = 0) -> bool:
    await ledger.open()
    kept = await ledger.keep(Claimant("blue.1", Color.BLUE, 1), Intent(Color.BLUE), ())
    (epoch,) = {row.epoch for row in kept.granted}
    writer = Writer("blue.1", epoch, ACCOUNT)
    if lasting:
        await ledger.set_read_only("they differ")
        await ledger.set_baselines(writer, {"USDT": Decimal(100_000)})
    return bool(await ledger.note({writer: lasting}, bookings))


async def bookings(ledger: Ledger) -> Decimal:
    return (await ledger.expected(0)).moved.get("USDT", Decimal(0))


@pytest.fixture
async def noted(ledger: Ledger) -> Ledger:
    await note(ledger, DEPOSIT, TRADE)
    return ledger


async def test_what_it_would_book_is_shown_first(noted: Ledger) -> None:
    person = Answers(yes=False)
    with pytest.raises(LedgerError, match="nothing was booked; add --yes"):
        await resolve(noted, "main", WORD, person)
    (text,) = person.texts
    head, _, rest = text.partition("\n")
    assert head.startswith("account main, as found at 20")
    assert rest == PLAN
    assert await bookings(noted) == 0
    assert (await noted.read_only()).acknowledged_by is None


async def test_what_was_shown_is_booked_and_read_only_may_end(noted: Ledger) -> None:
    text = await resolve(noted, "main", WORD, Answers(yes=True))
    assert text.startswith("booked by ops@example: deposit of 100 USDT\n")
    assert await bookings(noted) == Decimal("100.5")
    assert await noted.noted() == []
    assert await noted.resolved() == {TRADE.subject}
    assert (await noted.read_only()).reason == "they differ", "until the next look"
    assert await noted.leave_read_only()


async def test_a_second_time_there_is_nothing_to_book(noted: Ledger) -> None:
    await resolve(noted, "main", WORD, Answers(yes=True))
    await noted.leave_read_only()
    text = await resolve(noted, "main", WORD, Answers(yes=True))
    assert text == "account main: no difference lasts; nothing to resolve"
    assert await bookings(noted) == Decimal("100.5")


async def test_who_is_read_only_without_a_difference_is_told_the_way_out(ledger: Ledger) -> None:
    await note(ledger)
    await ledger.set_read_only("because")
    text = await resolve(ledger, "main", WORD, Answers(yes=True))
    assert "is read-only (because), and no difference is left" in text
    assert "acknowledge --by" in text


async def test_what_changed_while_a_person_looked_is_not_booked(noted: Ledger) -> None:
    shown = await noted.noted()
    await note(noted, balance("USDT", Decimal(100_200), Decimal(100_000)))
    assert not await noted.resolve(WORD.by, WORD.reason, shown)
    assert await bookings(noted) == 0


async def test_trading_goes_on_while_a_person_looks(noted: Ledger) -> None:
    """Both sides of the balance moved by the same fill: what is to be booked is the same."""
    shown = await noted.noted()
    await note(noted, balance("USDT", Decimal("90100.5"), Decimal(90_000)), TRADE)
    assert await noted.resolve(WORD.by, WORD.reason, shown)
    assert await bookings(noted) == Decimal("100.5")


async def test_a_look_from_before_the_booking_notes_nothing_after_it(noted: Ledger) -> None:
    await resolve(noted, "main", WORD, Answers(yes=True))
    assert not await note(noted, DEPOSIT, bookings=0)
    assert await noted.noted() == []
    assert await note(noted, DEPOSIT, bookings=(await noted.expected(0)).bookings)


async def test_a_trade_that_is_not_looked_at_any_more_is_resolved_as_well(noted: Ledger) -> None:
    await note(noted, DEPOSIT)
    assert [one.difference.subject for one in await noted.noted()] == [
        DEPOSIT.subject,
        TRADE.subject,
    ]
    await resolve(noted, "main", WORD, Answers(yes=True))
    assert await noted.resolved() == {TRADE.subject}


async def test_an_order_that_was_brought_back_into_the_ledger_is_left_to_nobody(
    ledger: Ledger,
) -> None:
    terms = Terms("BTC/USDT", Side.BUY, Decimal(1))
    await note(ledger, unknown_order("bot.s-1", terms.symbol))
    assert len(await ledger.noted()) == 1
    await ledger.post(Signal("s", terms, 30.0, "test"))
    order = Order("bot.s-1", "s", 1, shard_of(terms.symbol), 1, "blue.1", 1.0, 2.0, terms=terms)
    assert await ledger.commit_intent(order, lambda _: Approved(terms, Decimal(0)))
    await note(ledger)
    assert await ledger.noted() == []


def test_many_differences_are_counted() -> None:
    trades = [Noted(replace(TRADE, about=("BTC/USDT", str(n))), 0.0) for n in range(103)]
    lines = plan("main", trades).splitlines()
    assert lines[-1] == "  and 3 more"
    assert len(lines) == 104
    assert listed([one.difference for one in trades]).endswith("; and 93 more")


def test_differences_without_a_balance_book_nothing() -> None:
    text = plan("main", [Noted(TRADE, 0.0)])
    assert text.splitlines() == [
        "account main, as found at 1970-01-01 00:00:00 UTC",
        "no balance differs: nothing to book",
        *PLAN.splitlines()[2:],
    ]


GIVEN = ("account", "resolve", "--by", WORD.by, "--reason", WORD.reason)


@pytest.mark.parametrize(
    ("arguments", "lines"),
    [
        (
            ("account", "resolve"),
            ["--by: not given; write who", "--reason: not given; write what moved"],
        ),
        ((*GIVEN, "--by", " "), ["--by=' ': empty; write who"]),
        ((*GIVEN, "--reason", ""), ["--reason='': empty; write what moved"]),
        (
            (*GIVEN, "--reason", "x" * (TEXT_CHARACTERS_MAX + 1)),
            ["--reason='xxxxxxxxxxxxxxxxxxxx…': longer than 500 characters; write what moved"],
        ),
    ],
)
def test_a_wrong_option_is_named_with_its_value_and_what_is_right(
    arguments: tuple[str, ...], lines: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments, {}) == 2
    text = capsys.readouterr().err.splitlines()
    assert len(text) == len(lines)
    for line, expected in zip(text, lines, strict=True):
        assert line.startswith(expected)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [(("account",), "command"), (("account", "resolv"), "'resolv' (choose from")],
)
def test_an_unknown_command_is_refused(
    arguments: tuple[str, ...], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        main(arguments, {})
    assert says in capsys.readouterr().err


def test_without_a_ledger_that_lasts_there_is_nothing_to_open(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(GIVEN, {}) == 1
    assert "no BOT_LEDGER: nothing to open" in capsys.readouterr().err


def test_the_command_books_only_when_it_is_told_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "ledger.sqlite"

    async def prepare() -> None:
        ledger = Ledger(Sqlite(str(path)), "main")
        await note(ledger, DEPOSIT, TRADE)
        await ledger.close()

    asyncio.run(prepare())
    environ = {"BOT_LEDGER": str(path)}
    assert main(GIVEN, environ) == 1
    shown = capsys.readouterr()
    assert PLAN in shown.out
    assert "nothing was booked; add --yes" in shown.err
    assert main((*GIVEN, "--yes"), environ) == 0
    shown = capsys.readouterr()
    assert PLAN in shown.out
    assert "booked by ops@example" in shown.out
    assert main((*GIVEN, "--yes"), environ) == 0
    assert "no difference is left" in capsys.readouterr().out
