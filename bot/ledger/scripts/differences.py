"""Differences that last: noted under the lease that found them, and ended by a person's word."""

from collections.abc import Mapping, Sequence

from bot.authority.lease import ACCOUNT
from bot.ledger import rows
from bot.ledger.database import Tx, first
from bot.ledger.outcomes import Noted, Writer
from bot.ledger.rows import ABOUT_SEPARATOR
from bot.ledger.scripts.accounts import acknowledge
from bot.ledger.scripts.locks import holds, lock_account
from bot.trading.differences import Difference, Kind

STAYING = frozenset({Kind.FILL.value, Kind.UNKNOWN_ORDER.value})
"""What happened and is not looked at for ever: the next process would name it again."""


async def note(
    account: str, lasting: Mapping[Writer, Sequence[Difference]], bookings: int, tx: Tx
) -> frozenset[Writer]:
    """Replace what is noted under these leases; return those that were held for it."""
    writers = [writer for writer in lasting if await holds(tx, writer)]
    await lock_account(tx, account)
    booked = await first(
        tx, "SELECT coalesce(max(seq), 0) AS seq FROM bookings WHERE account = $1", account
    )
    if booked is None or int(booked["seq"]) != bookings:
        # What was booked since is in these balances as a difference: it would be booked twice.
        writers = [writer for writer in writers if writer.lease != ACCOUNT]
    for writer in writers:
        await _replace(account, writer, lasting[writer], tx)
    return frozenset(writers)


async def _replace(account: str, writer: Writer, lasting: Sequence[Difference], tx: Tx) -> None:
    """Write what is new or reads otherwise; take away what is over and does not stay."""
    records = await tx.rows(
        "SELECT kind, about, text FROM differences WHERE account = $1 AND lease = $2"
        " AND resolved_at IS NULL",
        account,
        writer.lease,
    )
    noted_before = {(row["kind"], row["about"]): row["text"] for row in records}
    now = {(one.kind.value, ABOUT_SEPARATOR.join(one.about)): one for one in lasting}
    for (kind, about), text in noted_before.items():
        one = now.get((kind, about))
        if one.text != text if one else kind not in STAYING:
            await _delete(account, kind, about, tx)
    for key, one in now.items():
        if noted_before.get(key) != one.text:
            await _insert(account, writer, one, tx)
    # Found again: somebody brought the ledger up to the venue.
    await tx.rows(
        "DELETE FROM differences WHERE account = $1 AND kind = $2 AND EXISTS"
        " (SELECT 1 FROM orders o WHERE o.order_id = about)",
        account,
        Kind.UNKNOWN_ORDER.value,
    )


async def _delete(account: str, kind: str, about: str, tx: Tx) -> None:
    await tx.rows(
        "DELETE FROM differences WHERE account = $1 AND kind = $2 AND about = $3",
        account,
        kind,
        about,
    )


async def _insert(account: str, writer: Writer, difference: Difference, tx: Tx) -> None:
    await tx.rows(
        "INSERT INTO differences (account, kind, about, text, lease, epoch, venue_has,"
        " ledger_expects, found_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, {now})"
        " ON CONFLICT DO NOTHING",
        account,
        difference.kind.value,
        ABOUT_SEPARATOR.join(difference.about),
        difference.text,
        writer.lease,
        writer.epoch,
        difference.venue_has,
        difference.ledger_expects,
    )


async def noted(account: str, tx: Tx) -> Sequence[Noted]:
    """Return what lasts and was not resolved."""
    records = await tx.rows(
        "SELECT * FROM differences WHERE account = $1 AND resolved_at IS NULL ORDER BY kind, about",
        account,
    )
    return [rows.noted_of(row) for row in records]


async def resolved(account: str, tx: Tx) -> frozenset[tuple[str, ...]]:
    """Return the subjects of what was resolved."""
    records = await tx.rows(
        "SELECT kind, about FROM differences WHERE account = $1 AND resolved_at IS NOT NULL",
        account,
    )
    return frozenset((row["kind"], *row["about"].split(ABOUT_SEPARATOR)) for row in records)


async def resolve(account: str, by: str, reason: str, shown: Sequence[Noted], tx: Tx) -> bool:
    """Book, resolve and acknowledge in one; nothing if the differences are others by now."""
    await lock_account(tx, account)
    now = [one.difference for one in await noted(account, tx)]
    if [_amounts(one) for one in now] != [_amounts(one.difference) for one in shown]:
        return False
    for difference in now:
        if difference.kind is Kind.BALANCE:
            await _book(account, by, reason, difference, tx)
    # A balance is no longer different, and may be again. The others are there for good.
    await tx.rows(
        "DELETE FROM differences WHERE account = $1 AND resolved_at IS NULL AND kind = $2",
        account,
        Kind.BALANCE.value,
    )
    await tx.rows(
        "UPDATE differences SET resolved_at = {now} WHERE account = $1 AND resolved_at IS NULL",
        account,
    )
    await acknowledge(account, by, tx)
    return True


def _amounts(difference: Difference) -> tuple[object, ...]:
    """What would be booked: both sides of a balance move on while the bot trades."""
    return (*difference.subject, difference.surplus)


async def _book(account: str, by: str, reason: str, difference: Difference, tx: Tx) -> None:
    await tx.rows(
        "INSERT INTO bookings (account, currency, quantity, booked_by, reason, booked_at)"
        " VALUES ($1, $2, $3, $4, $5, {now})",
        account,
        difference.about[0],
        difference.surplus,
        by,
        reason,
    )
