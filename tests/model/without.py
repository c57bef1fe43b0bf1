"""The rules of the protocol, each one replaced by what it would be without its point.

Two locks keep a late request out: the lease, as its holder counts it, and the row, on the venue's
clock. Each is complete by itself, so the parts of one are tried with the other one open.
"""

import math
from collections.abc import Collection
from dataclasses import replace

from bot.authority.allocation import Member
from bot.authority.lease import (
    LEASES,
    Admitted,
    Claim,
    Claimant,
    Claimed,
    LeaseRow,
    Shown,
    released,
)
from bot.authority.lives import Life
from bot.authority.orders import Order, Signal, Work
from bot.authority.protocol import (
    Ask,
    AskLists,
    CommitIntent,
    Leaving,
    Outstanding,
    Question,
    Reply,
    Rules,
    Send,
    Turn,
    View,
)
from bot.authority.window import Held
from bot.contract.intent import Intent
from bot.trading.orders import State


class LeaseOnly(Rules):
    """What an earlier holder signed counts as dead because its lease is over."""

    def is_dead(self, order: Order, _epoch: int, venue_now: float) -> bool:
        return order.epoch < _epoch or super().is_dead(order, _epoch, venue_now)


class RowOnly(Rules):
    """Any holder sends at any time; what it signed is waited for by its row."""

    def outlives(self, held: Held, boot: float) -> bool:
        del held, boot
        return True

    def quiet_seconds(self, outstanding: dict[str, Outstanding], shard: int, boot: float) -> float:
        del outstanding, shard, boot
        return 0.0


class AnyEpochWrites(RowOnly):
    def may_write(self, row: LeaseRow, holder: str, epoch: int) -> bool:
        del row, holder, epoch
        return True


class NoLock(LeaseOnly):
    def outlives(self, held: Held, boot: float) -> bool:
        return held.until > boot


class FromTheAnswer(LeaseOnly):
    def hold(self, epoch: int, asked: float, _answered: float) -> Held:
        return super().hold(epoch, _answered, asked)


class LeaseWithoutMargin(LeaseOnly):
    def outlives(self, held: Held, boot: float) -> bool:
        return held.until - boot > self.timings.venue_window_seconds


class RowWithoutMargin(RowOnly):
    def is_dead(self, order: Order, _epoch: int, venue_now: float) -> bool:
        return venue_now > order.dead_after


class ReleaseAtOnce(LeaseOnly):
    def quiet_seconds(self, outstanding: dict[str, Outstanding], shard: int, boot: float) -> float:
        del outstanding, shard, boot
        return 0.0


class StampAgain(Rules):
    def attempt(self, view: View, held: Held, order: Order) -> Turn:
        if (yield CommitIntent(order)) is not True:
            return
        venue = view.venue_time()
        stamp = venue.at(view.boot()) if venue else order.stamp
        reply = yield Send(replace(order, stamp=stamp))
        yield from self.conclude(view, held, order, reply)


class SendFirst(Rules):
    def attempt(self, view: View, held: Held, order: Order) -> Turn:
        reply = yield Send(order)
        if (yield CommitIntent(order)) is True:
            yield from self.conclude(view, held, order, reply)


class IdAtSending(Rules):
    def attempt(self, view: View, held: Held, order: Order) -> Turn:
        if (yield CommitIntent(order)) is not True:
            return
        reply = yield Send(replace(order, order_id=f"{order.order_id}~{view.holder}"))
        yield from self.conclude(view, held, order, reply)


class SilenceIsRejection(Rules):
    def after(self, reply: Reply | None, *, dead: bool) -> State:
        return State.LOST if reply is None else super().after(reply, dead=dead)


class NotTakenIsRejection(Rules):
    def after(self, reply: Reply | None, *, dead: bool) -> State:
        refused = reply in {Reply.NOT_TAKEN, Reply.KNOWN}
        return State.LOST if refused else super().after(reply, dead=dead)


class LagNotWaited(Rules):
    def is_dead(self, order: Order, _epoch: int, venue_now: float) -> bool:
        return super().is_dead(order, _epoch, venue_now + self.timings.venue_lag_seconds)


class KnownIsRefusal(Rules):
    def dead_after(self, order: Order, reply: Reply | None) -> float:
        known = reply is Reply.KNOWN
        return super().dead_after(order, Reply.NOT_TAKEN if known else reply)


class ByIdAlone(Rules):
    def ask(self, order: Order, *, dead: bool) -> Question:
        del dead
        reply = yield Ask(order)
        return reply if isinstance(reply, Reply) else None


class ByListsAlone(Rules):
    def ask(self, order: Order, *, dead: bool) -> Question:
        del dead
        reply = yield AskLists(order)
        return reply if isinstance(reply, Reply) else None


class AbsentIsLost(Rules):
    def after(self, reply: Reply | None, *, dead: bool) -> State:
        return super().after(reply, dead=dead or reply is Reply.ABSENT)


class NewBeforeOld(RowOnly):
    def unsettled(self, work: Work) -> Order | None:
        del work


class AnyIntent(Rules):
    def admit(self, shown: Shown, claimant: Claimant) -> Admitted:
        admitted = super().admit(shown, claimant)
        old = admitted.refused is Claim.OLD_INTENT
        return replace(admitted, refused=None) if old else admitted


class AnySource(Rules):
    def admit(self, shown: Shown, claimant: Claimant) -> Admitted:
        admitted = super().admit(shown, claimant)
        foreign = admitted.refused is Claim.FOREIGN
        return Admitted(shown) if foreign else admitted


class AnyColor(Rules):
    def assigned(
        self, intent: Intent, members: Collection[Member], claimant: Claimant
    ) -> frozenset[int]:
        del intent, members, claimant
        return frozenset(LEASES)


class QuietElsewhere(LeaseOnly):
    def quiet_seconds(self, outstanding: dict[str, Outstanding], shard: int, boot: float) -> float:
        signed = (o.quiet_from - boot for o in outstanding.values() if o.shard != shard)
        return max([0.0, *signed])


class AnyoneReleases(LeaseOnly):
    def release(self, row: LeaseRow, holder: str, now: float, leaving: Leaving) -> LeaseRow:
        del holder
        return released(row, now, leaving.quiet_seconds, now, leaving.mark)


class RenewsRunOut(LeaseOnly):
    def claim(self, row: LeaseRow, claimant: Claimant, now: float) -> Claimed:
        if row.holder == claimant.holder and row.expires_at <= now:
            return super().claim(replace(row, expires_at=math.inf), claimant, now)
        return super().claim(row, claimant, now)


class SameEpoch(Rules):
    def claim(self, row: LeaseRow, claimant: Claimant, now: float) -> Claimed:
        claimed = super().claim(row, claimant, now)
        return replace(claimed, row=replace(claimed.row, epoch=max(1, row.epoch)))


class AgeWhenSigned(Rules):
    """A signal is tried as long as it is not too old yet."""

    def too_late(self, signal: Signal, read_at: float, since_asked: float) -> bool:
        return read_at - signal.received_at + since_asked > signal.max_age_seconds


class AgeWhenRead(Rules):
    """The time that the read took is left out."""

    def too_late(self, signal: Signal, read_at: float, since_asked: float) -> bool:
        del since_asked
        return super().too_late(signal, read_at, 0.0)


class NoLives(Rules):
    """A ledger that stepped back is taken for what it was."""

    def notice(self, known: Life, seen: str, now: float) -> Life:
        return replace(super().notice(known, seen, now), recovered_at=now)


class RecoversAtOnce(Rules):
    def recovery_wait_seconds(self) -> float:
        return 0.0


class NoDoubts(Rules):
    def doubtful(self, work: Work, signal: Signal) -> bool:
        del work, signal
        return False


class EpochsAgain(Rules):
    def raised(self, row: LeaseRow, now: float) -> LeaseRow:
        return replace(super().raised(row, now), epoch=row.epoch)
