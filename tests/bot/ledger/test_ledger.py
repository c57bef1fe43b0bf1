"""What the ledger promises, on each database."""

import asyncio
from dataclasses import replace
from decimal import Decimal

import pytest

from bot.authority.lease import Claim, Claimant
from bot.authority.orders import Order
from bot.authority.protocol import Leaving
from bot.contract.color import Color
from bot.contract.intent import Intent
from bot.contract.shards import shard_of
from bot.ledger.leases import Kept
from bot.ledger.ledger import Ledger
from bot.ledger.outcomes import Approved, Facts, Incident, NotWritten, Refused, Writer
from bot.ledger.port import Posted
from bot.trading.orders import Fill, Report, Side, State, Terms
from bot.trading.signals import Fate, Signal

BUY = Terms("BTC/USDT", Side.BUY, Decimal("0.5"))
ME = Claimant("blue.1", Color.BLUE, 7)
SHARD = shard_of("BTC/USDT")


def signal(name: str = "s-1", terms: Terms = BUY) -> Signal:
    return Signal(name, terms, 30.0, "test")


def approve(_facts: Facts) -> Approved:
    return Approved(BUY, Decimal(30_000))


async def holding(ledger: Ledger, claimant: Claimant = ME) -> Writer:
    kept = await keep(ledger, claimant)
    (epoch,) = [row.epoch for row in kept.granted if row.lease == SHARD]
    return Writer(claimant.holder, epoch, SHARD)


async def keep(ledger: Ledger, claimant: Claimant) -> Kept:
    """Look at the leases as a process of the active color."""
    return await ledger.keep(claimant, Intent(claimant.color), ())


async def release(ledger: Ledger, writer: Writer, quiet_seconds: float = 0.0) -> None:
    leaving = {SHARD: Leaving(writer.epoch, quiet_seconds)}
    assert await ledger.release(writer.holder, leaving) == {SHARD}


def order(writer: Writer, name: str = "s-1", attempt: int = 1) -> Order:
    return Order(
        order_id=f"{name}-{attempt}",
        signal=name,
        attempt=attempt,
        shard=signal().shard,
        epoch=writer.epoch,
        holder=writer.holder,
        stamp=1000.0,
        dead_after=1001.5,
        terms=BUY,
    )


def fill(trade: int, quantity: str = "0.5", price: str = "60000", side: Side = Side.BUY) -> Fill:
    return Fill(
        str(trade), "s-1-1", "BTC/USDT", side, Decimal(quantity), Decimal(price), trade * 10
    )


async def test_a_signal_is_stored_once_and_a_different_one_of_its_name_is_not(
    ledger: Ledger,
) -> None:
    assert await ledger.post(signal()) is Posted.STORED
    assert await ledger.post(signal()) is Posted.SAME
    other = signal(terms=replace(BUY, side=Side.SELL))
    assert await ledger.post(other) is Posted.CONFLICT
    record = await ledger.find("s-1")
    assert record is not None
    assert (record.signal, record.fate) == (signal(), None)
    assert await ledger.find("s-2") is None


async def test_many_signals_at_once_are_each_answered(ledger: Ledger) -> None:
    posted = await asyncio.gather(*(ledger.post(signal(f"s-{n % 50}")) for n in range(150)))
    assert posted.count(Posted.STORED) == 50
    assert posted.count(Posted.SAME) == 100


async def test_only_one_process_holds_the_lease_and_a_released_one_is_free(ledger: Ledger) -> None:
    writer = await holding(ledger)
    other = Claimant("green.1", Color.GREEN, 7)
    assert (await keep(ledger, other)).granted == ()
    assert {row.epoch for row in (await keep(ledger, ME)).granted} == {writer.epoch}
    await release(ledger, writer)
    kept = await keep(ledger, other)
    assert [(row.lease, row.epoch) for row in kept.granted] == [(SHARD, writer.epoch + 1)]
    assert [taken.handed_over for taken in kept.taken] == [True]


async def test_an_older_intent_may_not_claim(ledger: Ledger) -> None:
    await holding(ledger)
    old = Claimant("green.1", Color.GREEN, 6)
    assert (await keep(ledger, old)).refused is Claim.OLD_INTENT


async def test_an_order_goes_from_intent_to_filled_and_its_signal_to_executed(
    ledger: Ledger,
) -> None:
    writer = await holding(ledger)
    await ledger.post(signal())
    assert await ledger.busy_shards() == {signal().shard}
    work = await ledger.read_work(signal().shard)
    assert work.signal is not None
    assert (work.signal.signal, work.signal.terms, work.attempts) == ("s-1", BUY, 0)
    assert isinstance(await ledger.commit_intent(order(writer), approve), Approved)
    work = await ledger.read_work(signal().shard)
    assert [o.order_id for o in work.unresolved] == ["s-1-1"]
    report = Report("s-1-1", "BTC/USDT", State.FILLED, "77", Decimal("0.5"), (fill(1),))
    assert await ledger.record(writer, replace(order(writer), state=State.FILLED), report)
    record = await ledger.find("s-1")
    assert record is not None
    assert record.fate is Fate.EXECUTED
    assert [o.state for o in record.orders] == [State.FILLED]
    facts = await ledger.facts()
    assert facts.positions["BTC/USDT"].quantity == Decimal("0.5")
    assert facts.live_orders == ()
    moved = (await ledger.expected(0)).moved
    assert moved == {"BTC": Decimal("0.5"), "USDT": Decimal(-30_000)}
    assert await ledger.busy_shards() == set()


async def test_an_intent_is_written_once(ledger: Ledger) -> None:
    writer = await holding(ledger)
    await ledger.post(signal())
    assert isinstance(await ledger.commit_intent(order(writer), approve), Approved)
    assert await ledger.commit_intent(order(writer), approve) is NotWritten.KNOWN


async def test_who_lost_the_lease_writes_nothing(ledger: Ledger) -> None:
    writer = await holding(ledger)
    await ledger.post(signal())
    await ledger.commit_intent(order(writer), approve)
    await release(ledger, writer)
    await holding(ledger, Claimant("green.1", Color.GREEN, 7))
    assert await ledger.commit_intent(order(writer, attempt=2), approve) is NotWritten.LEASE
    assert not await ledger.record(writer, replace(order(writer), state=State.FILLED), None)
    assert await ledger.record_fills(writer, [fill(1)]) is None
    facts = await ledger.facts()
    assert [(o.order_id, o.state) for o in facts.live_orders] == [("s-1-1", State.INTENT)]
    assert facts.positions == {}


async def test_what_an_earlier_epoch_left_is_work_of_the_next_holder(ledger: Ledger) -> None:
    writer = await holding(ledger)
    await ledger.post(signal())
    await ledger.commit_intent(order(writer), approve)
    await release(ledger, writer)
    await holding(ledger, Claimant("green.1", Color.GREEN, 7))
    work = await ledger.read_work(SHARD)
    assert [(o.order_id, o.holder) for o in work.unresolved] == [("s-1-1", "blue.1")]
    assert (await ledger.read_work(SHARD + 1)).unresolved == ()


async def test_a_limit_refuses_the_signal_in_the_same_transaction(ledger: Ledger) -> None:
    writer = await holding(ledger)
    await ledger.post(signal())
    outcome = await ledger.commit_intent(order(writer), lambda _: Refused("too large"))
    assert outcome == Refused("too large")
    record = await ledger.find("s-1")
    assert record is not None
    assert (record.fate, record.reason, record.orders) == (Fate.REFUSED, "too large", ())


async def test_what_cannot_be_judged_now_stays_pending(ledger: Ledger) -> None:
    writer = await holding(ledger)
    await ledger.post(signal())
    assert await ledger.commit_intent(order(writer), lambda _: None) is NotWritten.LATER
    record = await ledger.find("s-1")
    assert record is not None
    assert (record.fate, record.orders) == (None, ())


async def test_a_fate_is_written_once(ledger: Ledger) -> None:
    writer = await holding(ledger)
    await ledger.post(signal())
    pending = (await ledger.read_work(signal().shard)).signal
    assert pending is not None
    assert await ledger.close_signal(writer, pending, 0, Fate.EXPIRED, "old")
    assert await ledger.close_signal(writer, pending, 0, Fate.REFUSED, "later")
    record = await ledger.find("s-1")
    assert record is not None
    assert (record.fate, record.reason) == (Fate.EXPIRED, "old")


@pytest.mark.parametrize("arrival", [(1, 2, 3), (3, 2, 1), (2, 2, 3, 1, 1)])
async def test_fills_give_the_same_position_in_any_order(
    ledger: Ledger, arrival: tuple[int, ...]
) -> None:
    writer = await holding(ledger)
    await ledger.post(signal())
    await ledger.commit_intent(order(writer), approve)
    fills = {
        1: fill(1, "1", "100"),
        2: fill(2, "1", "200"),
        3: fill(3, "0.5", "300", Side.SELL),
    }
    for trade in arrival:
        assert await ledger.record_fills(writer, [fills[trade]]) == []
    position = (await ledger.facts()).positions["BTC/USDT"]
    assert (position.quantity, position.average_price) == (Decimal("1.5"), Decimal(150))
    assert position.realized_quote == Decimal(75)
    assert (await ledger.expected(0)).moved["USDT"] == Decimal(-150)


async def test_a_fill_of_an_order_that_is_not_here_changes_nothing(ledger: Ledger) -> None:
    writer = await holding(ledger)
    foreign = replace(fill(1), order_id="web_made_up")
    assert await ledger.record_fills(writer, [foreign]) == [foreign]
    assert (await ledger.facts()).positions == {}
    assert (await ledger.expected(0)).moved == {}
    assert await ledger.fills(0) == []


async def test_what_was_deleted_of_an_order_leaves_it_ours(ledger: Ledger) -> None:
    writer = await holding(ledger)
    await ledger.post(signal())
    await ledger.commit_intent(order(writer), approve)
    report = Report("s-1-1", "BTC/USDT", State.FILLED, "77", Decimal("0.5"), (fill(1),))
    await ledger.record(writer, replace(order(writer), state=State.FILLED), report)
    await ledger.purge(-1.0)
    assert await ledger.find("s-1") is None
    assert await ledger.unknown_orders({"s-1-1", "web_made_up"}) == {"web_made_up"}
    assert await ledger.record_fills(writer, [fill(1)]) == []


async def test_read_only_keeps_its_first_reason_until_it_is_acknowledged(ledger: Ledger) -> None:
    await ledger.acknowledge("too early")
    await ledger.set_read_only("first")
    await ledger.set_read_only("second")
    assert (await ledger.read_only()).reason == "first"
    assert not await ledger.leave_read_only()
    await ledger.acknowledge("ops@example")
    assert (await ledger.read_only()).reason == "first"
    assert await ledger.leave_read_only()
    ended = await ledger.read_only()
    assert (ended.reason, ended.acknowledged_by) == (None, "ops@example")


async def test_old_signals_are_deleted_with_their_orders_and_pending_ones_stay(
    ledger: Ledger,
) -> None:
    writer = await holding(ledger)
    await ledger.post(signal("s-1"))
    await ledger.post(signal("s-2"))
    await ledger.commit_intent(order(writer), approve)
    await ledger.record(writer, replace(order(writer), state=State.FILLED), None)
    assert await ledger.purge(-1.0) == 1
    assert await ledger.find("s-1") is None
    assert await ledger.find("s-2") is not None


async def test_a_script_that_fails_does_not_fail_those_beside_it(ledger: Ledger) -> None:
    writer = await holding(ledger)
    await ledger.post(signal())

    def broken(_facts: Facts) -> Approved:
        raise ValueError("a bug")

    failing = asyncio.create_task(ledger.commit_intent(order(writer), broken))
    posted = await asyncio.gather(*(ledger.post(signal(f"t-{n}")) for n in range(5)))
    assert posted == [Posted.STORED] * 5
    with pytest.raises(ValueError, match="a bug"):
        await failing


async def test_a_fate_that_rests_on_fewer_attempts_than_were_made_is_not_written(
    ledger: Ledger,
) -> None:
    writer = await holding(ledger)
    await ledger.post(signal())
    pending = (await ledger.read_work(SHARD)).signal
    assert pending is not None
    assert isinstance(await ledger.commit_intent(order(writer), approve), Approved)
    assert not await ledger.close_signal(writer, pending, 0, Fate.EXPIRED, "from long ago")
    assert await ledger.close_signal(writer, pending, 1, Fate.EXPIRED, "now")


async def lost_and_tried_again(ledger: Ledger, writer: Writer) -> None:
    await ledger.post(signal())
    await ledger.commit_intent(order(writer), approve)
    await ledger.record(writer, replace(order(writer), state=State.LOST), None)
    await ledger.commit_intent(order(writer, attempt=2), approve)


async def test_a_refusal_is_in_the_row_for_the_next_holder(ledger: Ledger) -> None:
    writer = await holding(ledger)
    await ledger.post(signal())
    late = replace(order(writer), dead_after=1016.5)
    await ledger.commit_intent(late, approve)
    refused = replace(late, state=State.UNKNOWN, dead_after=1001.5)
    assert await ledger.record(writer, refused, None)
    (kept,) = (await ledger.read_work(SHARD)).unresolved
    assert (kept.state, kept.dead_after) == (State.UNKNOWN, 1001.5)


async def test_a_fill_of_a_lost_order_stops_the_account_and_names_both_orders(
    ledger: Ledger,
) -> None:
    incidents: list[Incident] = []
    ledger.on_incident = incidents.append
    writer = await holding(ledger)
    await lost_and_tried_again(ledger, writer)
    await ledger.set_read_only("something before")
    assert await ledger.record_fills(writer, [fill(1)]) == []
    assert await ledger.record_fills(writer, [fill(1)]) == []
    assert incidents == [Incident("s-1-1", "s-1-2", "1")]
    reason = (await ledger.read_only()).reason
    assert reason == f"something before; {incidents[0].reason}"
    assert incidents[0].reason == (
        "order s-1-1 was called lost, and was filled (trade 1); the attempt after it is s-1-2"
    )


@pytest.mark.parametrize(
    ("quantities", "state"), [(["0.5"], State.FILLED), (["0.1", "0.1"], State.PARTIALLY_FILLED)]
)
async def test_the_row_of_a_lost_order_that_was_filled_tells_the_truth(
    ledger: Ledger, quantities: list[str], state: State
) -> None:
    writer = await holding(ledger)
    await ledger.post(signal())
    await ledger.commit_intent(order(writer), approve)
    await ledger.record(writer, replace(order(writer), state=State.LOST), None)
    fills = [fill(number, quantity) for number, quantity in enumerate(quantities, 1)]
    await ledger.record_fills(writer, fills)
    record = await ledger.find("s-1")
    assert record
    (only,) = record.orders
    assert (only.state, only.reason) == (state, "was called lost, and was filled")
    assert record.fate is Fate.EXECUTED, "it must not be tried again"
    assert (await ledger.read_work(SHARD)).signal is None
    assert len(await ledger.resting()) == (state is State.PARTIALLY_FILLED)


async def test_an_earlier_acknowledgement_does_not_cover_what_came_after_it(
    ledger: Ledger,
) -> None:
    writer = await holding(ledger)
    await lost_and_tried_again(ledger, writer)
    await ledger.set_read_only("something before")
    await ledger.acknowledge("ops@example")
    await ledger.record_fills(writer, [fill(1)])
    assert not await ledger.leave_read_only()
