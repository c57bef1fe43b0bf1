"""Keeps in the ledger what differs for longer, so that a person's command can deal with it."""

from collections.abc import Mapping, Sequence

from bot.authority.lease import ACCOUNT
from bot.contract.shards import shard_of
from bot.ledger.ledger import Ledger
from bot.ledger.outcomes import Writer
from bot.trading.differences import Difference


class Notes:
    """What one process noted, under each of its leases; written when it changes."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._written: Mapping[Writer, Sequence[Difference]] = {}

    async def keep(
        self, lasting: Sequence[Difference], bookings: int, writers: Sequence[Writer]
    ) -> None:
        """Note what lasts, each under the lease that it belongs to, and what is over no more.

        `bookings`: the newest one that balances were compared with.
        """
        by_writer: dict[Writer, list[Difference]] = {writer: [] for writer in writers}
        by_lease = {writer.lease: under for writer, under in by_writer.items()}
        for one in lasting:
            by_lease[shard_of(one.symbol) if one.symbol else ACCOUNT].append(one)
        # A lease that is new here may have the notes of its last holder.
        changed = {w: under for w, under in by_writer.items() if self._written.get(w) != under}
        written = await self._ledger.note(changed, bookings) if changed else frozenset[Writer]()
        self._written = {w: u for w, u in by_writer.items() if w in written or w not in changed}
