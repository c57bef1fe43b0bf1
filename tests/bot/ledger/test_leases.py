"""Leases as the database keeps them: members share them, and changes of hands are told."""

import asyncio
from decimal import Decimal

import asyncpg
import pytest

from bot.authority.lease import ACCOUNT, LEASES, Claim, Claimant
from bot.authority.lives import NO_LIFE
from bot.authority.orders import Order
from bot.authority.protocol import Leaving
from bot.contract.color import Color
from bot.contract.intent import Intent
from bot.contract.ledger import is_ledger_name
from bot.contract.shards import shard_of
from bot.ledger.leases import Kept
from bot.ledger.ledger import SCHEMA, Ledger
from bot.ledger.outcomes import Approved, Facts, NotWritten, Writer
from bot.ledger.postgres import Postgres
from bot.trading.orders import Side, Terms
from bot.trading.signals import Signal

BTC = shard_of("BTC/USDT")
BUY = Terms("BTC/USDT", Side.BUY, Decimal("0.5"))
BLUE, GREEN = Intent(Color.BLUE), Intent(Color.GREEN)


OTHER = "0f8fad5b-d9cb-469f-a165-70867728950e@7301234567890123456"


def who(
    name: str, generation: int = 7, source: str = "one", adopts: str = "", ledger: str = ""
) -> Claimant:
    return Claimant(name, Color(name.partition(".")[0]), generation, source, adopts, ledger)


async def keep(ledger: Ledger, claimant: Claimant, intent: Intent | None = BLUE) -> Kept:
    return await ledger.keep(claimant, intent, ())


def approve(_facts: Facts) -> Approved:
    return Approved(BUY, Decimal(1))


def held(kept: Kept) -> set[int]:
    return {row.lease for row in kept.granted}


async def release(ledger: Ledger, kept: Kept, holder: str, leases: set[int]) -> frozenset[int]:
    epochs = {row.lease: row.epoch for row in kept.granted}
    leaving = {lease: Leaving(epochs[lease], 0.0, 0.25) for lease in leases}
    return await ledger.release(holder, leaving)


async def test_one_member_holds_every_lease_and_each_in_its_first_epoch(ledger: Ledger) -> None:
    kept = await keep(ledger, who("blue.1"))
    assert held(kept) == set(LEASES)
    assert {row.epoch for row in kept.granted} == {1}
    assert [taken.pause_seconds for taken in kept.taken] == [None] * len(LEASES)


async def test_a_second_member_of_the_color_is_given_its_share_and_no_more(ledger: Ledger) -> None:
    first = await keep(ledger, who("blue.1"))
    second = await keep(ledger, who("blue.2"))
    assert held(second) == set()
    theirs = set(second.assigned)
    assert 30 < len(theirs) < 70
    assert (await keep(ledger, who("blue.1"))).assigned == set(LEASES) - theirs
    assert await release(ledger, first, "blue.1", theirs) == theirs
    assert held(await keep(ledger, who("blue.2"))) == theirs
    assert held(await keep(ledger, who("blue.1"))) == set(LEASES) - theirs


async def test_a_canary_takes_its_shards_only(ledger: Ledger) -> None:
    canary = Intent(Color.BLUE, 10)
    first = await keep(ledger, who("blue.1"))
    assert (await keep(ledger, who("green.1", 8), canary)).assigned == set(range(10))
    assert (await keep(ledger, who("blue.1"))).refused is Claim.OLD_INTENT
    await release(ledger, first, "blue.1", set(range(10)))
    assert held(await keep(ledger, who("green.1", 8), canary)) == set(range(10))
    assert held(await keep(ledger, who("blue.1", 8), canary)) == set(LEASES) - set(range(10))


async def test_who_leaves_renews_what_it_settles_and_takes_nothing(ledger: Ledger) -> None:
    first = await keep(ledger, who("blue.1"))
    await release(ledger, first, "blue.1", {3})
    leaving = await keep(ledger, who("blue.1"), None)
    assert held(leaving) == set(LEASES) - {3}
    assert leaving.assigned == frozenset()
    assert (await keep(ledger, who("blue.2"))).assigned == set(LEASES)


async def test_a_hand_off_tells_how_long_nobody_decided_and_how_far_the_ledger_was(
    ledger: Ledger,
) -> None:
    first = await keep(ledger, who("blue.1"))
    await ledger.post(Signal("s-1", BUY, 30.0, "test"))
    await ledger.commit_intent(order("s-1"), approve)
    await release(ledger, first, "blue.1", {BTC, ACCOUNT})
    (taken,) = [one for one in (await keep(ledger, who("blue.1"))).taken if one.before.lease == BTC]
    assert taken.handed_over
    assert not taken.moved
    assert taken.mark == 1
    assert taken.pause_seconds is not None
    assert 0.25 <= taken.pause_seconds < 5


def order(signal: str, epoch: int = 1) -> Order:
    return Order(f"{signal}-1", signal, 1, BTC, epoch, "blue.1", 1000.0, 1001.5, terms=BUY)


async def test_another_clusters_intent_rules_nothing_until_it_adopts(ledger: Ledger) -> None:
    first = await keep(ledger, who("blue.1"))
    assert (await keep(ledger, who("blue.9", 99, "two"))).refused is Claim.FOREIGN
    assert (await keep(ledger, who("blue.9", 3, "two", adopts="other"))).refused is Claim.FOREIGN
    assert (await keep(ledger, who("blue.9", 3, "two", adopts="one"))).refused is None
    lost = await keep(ledger, who("blue.1"))
    assert (lost.refused, lost.shown.source) == (Claim.FOREIGN, "two")
    await release(ledger, first, "blue.1", set(LEASES))
    assert held(await keep(ledger, who("blue.9", 3, "two", adopts="one"))) == set(LEASES)


async def test_in_another_ledger_than_the_intent_names_nobody_holds_or_shows_anything(
    ledger: Ledger,
) -> None:
    name = (await ledger.life()).name
    assert is_ledger_name(name)
    refused = await keep(ledger, who("blue.9", 99, "two", ledger=OTHER))
    assert (refused.refused, refused.granted, refused.ledger) == (Claim.OTHER_LEDGER, (), name)
    assert (await ledger.life()).known.name == NO_LIFE
    kept = await keep(ledger, who("blue.1", ledger=name))
    assert held(kept) == set(LEASES)
    assert (kept.shown.source, kept.ledger) == ("one", name)
    assert (await keep(ledger, who("blue.1", 8, ledger=OTHER))).refused is Claim.OTHER_LEDGER
    await release(ledger, kept, "blue.1", set(LEASES))
    assert held(await keep(ledger, who("green.1", ledger=name), GREEN)) == set(LEASES)


@pytest.mark.cluster
async def test_a_lease_that_is_written_under_stays_until_the_write_is_done(
    migrated_url: str,
) -> None:
    ledger, other = Ledger(Postgres(migrated_url), "main"), await asyncpg.connect(migrated_url)
    await ledger.open()
    try:
        kept = await keep(ledger, who("blue.1"))
        writing = other.transaction()
        await writing.start()
        await other.fetch("SELECT holder FROM leases WHERE lease = $1 FOR KEY SHARE", BTC)
        assert held(await keep(ledger, who("blue.1"))) == set(LEASES)
        assert await release(ledger, kept, "blue.1", {BTC, 3}) == {3}
        await writing.rollback()
        assert await release(ledger, kept, "blue.1", {BTC}) == {BTC}
    finally:
        await other.close()
        await ledger.close()


@pytest.mark.cluster
async def test_who_waits_is_notified_of_a_release(migrated_url: str) -> None:
    here, there = (Ledger(Postgres(migrated_url), "main") for _ in range(2))
    notified = asyncio.Event()
    there.introduce("blue.2", notified.set)
    await here.open()
    await there.open()
    try:
        kept = await keep(here, who("blue.1"))
        while not notified.is_set():
            await release(here, kept, "blue.1", {3})
            kept = await keep(here, who("blue.1"))
            await asyncio.sleep(0.01)
    finally:
        await here.close()
        await there.close()


@pytest.mark.cluster
async def test_members_that_ask_all_at_once_share_without_a_double(migrated_url: str) -> None:
    names = [f"blue.{number}" for number in range(4)]
    ledgers = {name: Ledger(Postgres(migrated_url), "main") for name in names}
    for ledger in ledgers.values():
        await ledger.open()
    try:
        for _ in range(10):
            looks = await asyncio.gather(*(keep(ledgers[name], who(name)) for name in names))
            owned = [lease for look in looks for lease in held(look)]
            assert len(owned) == len(set(owned))
            await asyncio.gather(
                *(
                    release(ledgers[name], look, name, held(look) - look.assigned)
                    for name, look in zip(names, looks, strict=True)
                    if held(look) - look.assigned
                )
            )
        looks = await asyncio.gather(*(keep(ledgers[name], who(name)) for name in names))
        assert sorted(lease for look in looks for lease in held(look)) == list(LEASES)
        assert all(held(look) == look.assigned for look in looks)
    finally:
        for ledger in ledgers.values():
            await ledger.close()


@pytest.mark.cluster
@pytest.mark.parametrize("compatible_since", [SCHEMA, SCHEMA + 1])
async def test_a_newer_schema_takes_authority_only_from_versions_that_it_names(
    migrated_url: str, compatible_since: int
) -> None:
    ledger, other = Ledger(Postgres(migrated_url), "main"), await asyncpg.connect(migrated_url)
    await ledger.open()
    try:
        await keep(ledger, who("blue.1"))
        await ledger.post(Signal("s-1", BUY, 30.0, "test"))
        await other.execute(
            "UPDATE ledger_schema SET version = $1, compatible_since = $2",
            SCHEMA + 1,
            compatible_since,
        )
        kept = await keep(ledger, who("blue.1"))
        assert (kept.refused is Claim.SCHEMA) == (compatible_since > SCHEMA)
        assert bool(kept.granted) == (compatible_since <= SCHEMA)
    finally:
        await other.close()
        await ledger.close()


async def test_who_does_not_hold_the_shard_writes_nothing_in_it(ledger: Ledger) -> None:
    kept = await keep(ledger, who("blue.1"))
    await release(ledger, kept, "blue.1", {BTC})
    await ledger.post(Signal("s-1", BUY, 30.0, "test"))
    assert await ledger.commit_intent(order("s-1"), approve) is NotWritten.LEASE
    assert await ledger.record_fills(Writer("blue.1", 1, BTC), []) is None
    assert await ledger.record_fills(Writer("blue.1", 1, 3), []) == []


async def test_what_was_given_up_is_taken_under_another_epoch_by_who_should_have_it(
    ledger: Ledger,
) -> None:
    first = await keep(ledger, who("blue.1"))
    await asyncio.sleep(0)
    leaving = {lease: Leaving(1, 0.0) for lease in (3, 4)}
    assert await ledger.release("blue.1", leaving) == {3, 4}
    assert held(await keep(ledger, who("green.1", 8), Intent(Color.BLUE, 4))) == {3}
    again = await keep(ledger, who("blue.1", 8), Intent(Color.BLUE, 4))
    assert {row.epoch for row in again.granted if row.lease == 4} == {2}
    assert held(again) == held(first) - {3}
