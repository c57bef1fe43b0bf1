"""What the bot does with its ledger, one method per transaction; `scripts` has the statements."""

from collections.abc import Callable, Collection, Mapping, Sequence
from decimal import Decimal
from functools import partial

from bot.authority.lease import Claimant
from bot.authority.orders import Order, Signal, Work
from bot.authority.protocol import Leaving, Rules
from bot.contract.compatibility import OURS
from bot.contract.intent import Intent
from bot.ledger import leases
from bot.ledger.database import Database, session_name
from bot.ledger.leases import Kept
from bot.ledger.outcomes import (
    Facts,
    Imported,
    Incident,
    IntentCheck,
    IntentOutcome,
    LifeOf,
    Noted,
    ReadOnly,
    Writer,
    Written,
)
from bot.ledger.port import Posted, SchemaError, SignalRecord
from bot.ledger.scripts import (
    accounts,
    differences,
    inbox,
    lives,
    locks,
    orders,
    positions,
)
from bot.trading import signals
from bot.trading.differences import Difference, Expected
from bot.trading.orders import Fill, Report, State
from bot.trading.signals import Fate

SCHEMA = OURS.ledger.newest
"""The newest version that this code knows; an older one lacks what it needs."""
MEMBERS_KEPT_SECONDS = 3600.0


class Ledger:
    """One account's ledger on one database."""

    def __init__(self, database: Database, account: str, rules: Rules | None = None) -> None:
        self._database = database
        self._account = account
        self._rules = rules or Rules()
        self.on_incident: Callable[[Incident], None] = lambda _: None
        """Called after the commit that found an order filled which had been called lost."""

    async def open(self) -> None:
        """Connect, and refuse a schema that this version cannot work on.

        Raises:
            LedgerError: the database is not available.
            SchemaError: what to do about its schema.
        """
        await self._database.open()
        version, compatible_since = await self._database.read(locks.schema)
        if version < SCHEMA:
            raise SchemaError(
                f"the ledger's schema is version {version}, this bot needs {SCHEMA}:"
                " run `python -m bot migrate` first"
            )
        if compatible_since > SCHEMA:
            raise SchemaError(
                f"the ledger's schema is version {version}; bots older than schema"
                f" {compatible_since} may not write it, and this one knows {SCHEMA}: run a newer"
                " bot, or restore a backup"
            )
        await self._database.write(partial(locks.make_account, account=self._account))

    async def close(self) -> None:
        """Finish what waits, then let go."""
        await self._database.close()

    async def ping(self) -> None:
        """Raise LedgerError when the database does not answer."""
        await self._database.read(locks.schema)

    # Authority.

    def introduce(self, holder: str, wake: Callable[[], None]) -> None:
        """Name this process to the server; have `wake` called when another one tells something."""
        self._database.session_name = session_name(holder)
        self._database.on_notice = wake

    async def keep(
        self, claimant: Claimant, intent: Intent | None, leaving: Collection[int]
    ) -> Kept:
        """Renew what is held and take what should be; see `bot.ledger.leases`."""
        return await self._database.write_alone(
            partial(leases.keep, self._rules, SCHEMA, claimant, intent, leaving)
        )

    async def release(self, holder: str, leaving: Mapping[int, Leaving]) -> frozenset[int]:
        """Give leases up; return those that are: one that is written under stays for now."""
        return await self._database.write_alone(
            partial(leases.release, self._rules, holder, leaving)
        )

    # Its lives.

    async def life(self) -> LifeOf:
        """Return which ledger and which life of it this is."""
        return await self._database.read(lives.life)

    async def doubt(self) -> None:
        """Let this life be compared with the venue, from the next look at the leases on."""
        await self._database.write_alone(lives.doubt)

    async def connect_anew(self) -> None:
        """Leave connections that may lead to an earlier life."""
        await self._database.connect_anew()

    async def import_orders(self, life: str, orders: Sequence[Imported]) -> bool:
        """Take over orders that only the venue has; False: this life is over."""
        return await self._database.write_alone(
            partial(lives.import_orders, self._account, life, orders)
        )

    async def end_recovery(self, life: str) -> bool:
        """Let this life be traded on; False: it is over. See `bot.authority.lives`."""
        return await self._database.write_alone(partial(lives.end_recovery, life))

    # Signals.

    async def post(self, signal: signals.Signal) -> Posted:
        """See `bot.ledger.port.Inbox`."""
        return await self._database.write(partial(inbox.post, self._account, signal))

    async def find(self, signal_id: str) -> SignalRecord | None:
        """See `bot.ledger.port.Inbox`."""
        return await self._database.read(partial(inbox.find, signal_id))

    async def close_signal(
        self, writer: Writer, signal: Signal, attempts: int, fate: Fate, reason: str
    ) -> bool:
        """Write the fate of a signal that has no live order; False when the lease is not held."""
        return await self._database.write(
            partial(inbox.close_signal, writer, signal.signal, attempts, fate, reason)
        )

    # Orders.

    async def busy_shards(self) -> set[int]:
        """Return the shards in which something is to be done."""
        return await self._database.read(partial(orders.busy_shards, self._account))

    async def read_work(self, shard: int) -> Work:
        """Return what is to be done in a shard."""
        return await self._database.read(partial(orders.read_work, self._account, shard))

    async def commit_intent(self, order: Order, check: IntentCheck) -> IntentOutcome:
        """Judge by what the account holds and write the order, or refuse its signal, in one."""
        return await self._database.write(
            partial(orders.commit_intent, self._account, order, check)
        )

    async def record(self, writer: Writer, order: Order, report: Report | None) -> bool:
        """Write what became of an order, its fills, and its signal's fate if this ends it."""
        written = await self._database.write(
            partial(orders.record, self._account, writer, order, report)
        )
        return self._told(written) is not None

    async def record_fills(self, writer: Writer, fills: Sequence[Fill]) -> Sequence[Fill] | None:
        """Write fills of our own orders; return those of others, None without the lease."""
        written = await self._database.write(
            partial(positions.record_fills, self._account, writer, fills)
        )
        return self._told(written)

    def _told(self, written: Written | None) -> Sequence[Fill] | None:
        """Tell of incidents; return the fills that are not ours."""
        for incident in written.incidents if written else ():
            self.on_incident(incident)
        return list(written.foreign) if written else None

    async def recall(self, writer: Writer, order: Order, report: Report) -> bool:
        """Write an order that the venue has and the ledger had forgotten."""
        return await self._database.write(
            partial(orders.recall, self._account, writer, order, report)
        )

    async def orders_known_to_us(self) -> int | None:
        """Return the time (microseconds) before which no order is missing; None: there is none."""
        return await self._database.read(partial(orders.orders_known_to_us, self._account))

    async def states(self, order_ids: Sequence[str]) -> dict[str, State]:
        """Return the state of each of these orders that is here."""
        return await self._database.read(partial(orders.states, order_ids))

    async def resting(self) -> Sequence[Order]:
        """Return the orders that rest at the venue."""
        return await self._database.read(partial(orders.resting, self._account))

    async def facts(self) -> Facts:
        """Return what the account holds now."""
        return await self._database.read(partial(orders.facts, self._account))

    async def fills(self, since_us: int) -> Sequence[Fill]:
        """Return the fills from this venue time (microseconds) on."""
        return await self._database.read(partial(positions.fills, self._account, since_us))

    async def fills_known_to_us(self) -> int | None:
        """Return the venue time (microseconds) up to which all fills are known; None: no orders."""
        return await self._database.read(partial(positions.fills_known_to_us, self._account))

    async def unknown_orders(self, order_ids: Collection[str]) -> set[str]:
        """Return those of these orders that the ledger never had."""
        return await self._database.read(
            partial(positions.unknown_orders, self._account, order_ids)
        )

    async def orders_by_state(self) -> dict[State, int]:
        """Return how many orders there are of each state."""
        return await self._database.read(partial(orders.orders_by_state, self._account))

    async def signals_pending(self) -> int:
        """Return how many signals wait for their fate."""
        return await self._database.read(partial(inbox.signals_pending, self._account))

    # The account.

    async def baselines(self) -> dict[str, Decimal]:
        """Return what the account held beyond what is traded here, by currency."""
        return await self._database.read(partial(accounts.baselines, self._account))

    async def set_baselines(self, writer: Writer, quantities: dict[str, Decimal]) -> bool:
        """Write those that are not known yet."""
        return await self._database.write(
            partial(accounts.set_baselines, self._account, writer, quantities)
        )

    async def expected(self, fills_since_us: int) -> Expected:
        """Return what the account should own: baselines, all fills with their fees, bookings.

        `fills_since_us` (venue time): from when on its fills are told one by one.
        """
        return await self._database.read(partial(accounts.expected, self._account, fills_since_us))

    async def note(
        self, lasting: Mapping[Writer, Sequence[Difference]], bookings: int
    ) -> frozenset[Writer]:
        """Keep what lasts, for a person to deal with, in place of what was noted under a lease.

        `bookings`: of the `Expected` that balances were compared with; after a newer one they say
        nothing. Returns whose notes were written.
        """
        return await self._database.write(
            partial(differences.note, self._account, lasting, bookings)
        )

    async def noted(self) -> Sequence[Noted]:
        """Return the differences that last and that nobody dealt with."""
        return await self._database.read(partial(differences.noted, self._account))

    async def resolved(self) -> frozenset[tuple[str, ...]]:
        """Return the subjects of the differences that a person dealt with."""
        return await self._database.read(partial(differences.resolved, self._account))

    async def resolve(self, by: str, reason: str, shown: Sequence[Noted]) -> bool:
        """Book what these balances differ by, and name none of these differences again.

        Returns:
            False, with nothing done: they are not any more what was shown.
        """
        return await self._database.write(
            partial(differences.resolve, self._account, by, reason, shown)
        )

    async def read_only(self) -> ReadOnly:
        """Return whether new risk is refused, and why."""
        return await self._database.read(partial(accounts.read_only, self._account))

    async def set_read_only(self, reason: str) -> None:
        """Refuse new risk from now on; an earlier reason stays."""
        await self._database.write(partial(accounts.set_read_only, self._account, reason))

    async def acknowledge(self, by: str) -> None:
        """Say who dealt with the reason of read-only; it ends when ledger and venue next agree."""
        await self._database.write(partial(accounts.acknowledge, self._account, by))

    async def leave_read_only(self) -> bool:
        """End read-only if it was acknowledged; the caller has just found no difference."""
        return await self._database.write(partial(accounts.leave_read_only, self._account))

    async def purge(self, older_than_seconds: float) -> int:
        """Delete signals with an old fate, and their ended orders; fills stay for ever."""
        await self._database.write(partial(leases.purge_members, MEMBERS_KEPT_SECONDS))
        return await self._database.write(partial(orders.purge, self._account, older_than_seconds))
