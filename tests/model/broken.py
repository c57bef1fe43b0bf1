"""Each rule of the protocol switched off, one at a time.

Two locks keep a late request out: the lease, as its holder counts it, and the row, on the venue's
clock. Each is complete by itself, so the parts of one are tried with the other one open.
"""

from collections.abc import Collection
from dataclasses import dataclass, replace

from bot.authority.allocation import Member
from bot.authority.lease import LEASES, Admitted, Claim, Claimant, LeaseRow, Shown
from bot.authority.orders import Order, Work
from bot.authority.protocol import CommitIntent, Outstanding, Reply, Rules, Send, Turn, View
from bot.authority.window import Held, VenueTime
from bot.contract.intent import Intent
from bot.trading.orders import State
from tests.model.world import Setting


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


class _AnyEpochWrites(RowOnly):
    def may_write(self, row: LeaseRow, holder: str, epoch: int) -> bool:
        del row, holder, epoch
        return True


class _NoLock(LeaseOnly):
    def outlives(self, held: Held, boot: float) -> bool:
        return held.until > boot


class _FromTheAnswer(LeaseOnly):
    def hold(self, epoch: int, asked: float, _answered: float) -> Held:
        return super().hold(epoch, _answered, asked)


class _LeaseWithoutMargin(LeaseOnly):
    def outlives(self, held: Held, boot: float) -> bool:
        return held.until - boot > self.timings.venue_window_seconds


class _RowWithoutMargin(RowOnly):
    def is_dead(self, order: Order, _epoch: int, venue_now: float) -> bool:
        return venue_now > order.dead_after


class _ReleaseAtOnce(LeaseOnly):
    def quiet_seconds(self, outstanding: dict[str, Outstanding], shard: int, boot: float) -> float:
        del outstanding, shard, boot
        return 0.0


class _StampAgain(Rules):
    def attempt(self, view: View, held: Held, venue: VenueTime, work: Work) -> Turn:
        order = self.decide(view, held, venue, work)
        if order is None or (yield CommitIntent(order)) is not True:
            return
        reply = yield Send(replace(order, stamp=venue.at(view.boot())))
        yield from self.conclude(view, held, order, reply)


class _SendFirst(Rules):
    def attempt(self, view: View, held: Held, venue: VenueTime, work: Work) -> Turn:
        order = self.decide(view, held, venue, work)
        if order is None:
            return
        reply = yield Send(order)
        if (yield CommitIntent(order)) is True:
            yield from self.conclude(view, held, order, reply)


class _IdAtSending(Rules):
    def attempt(self, view: View, held: Held, venue: VenueTime, work: Work) -> Turn:
        order = self.decide(view, held, venue, work)
        if order is None or (yield CommitIntent(order)) is not True:
            return
        reply = yield Send(replace(order, order_id=f"{order.order_id}~{view.holder}"))
        yield from self.conclude(view, held, order, reply)


class _SilenceIsRejection(Rules):
    def after(self, reply: Reply | None, *, dead: bool) -> State:
        return State.LOST if reply is None else super().after(reply, dead=dead)


class _NotTakenIsRejection(Rules):
    def after(self, reply: Reply | None, *, dead: bool) -> State:
        return State.LOST if reply is Reply.NOT_TAKEN else super().after(reply, dead=dead)


class _AbsentIsLost(Rules):
    def after(self, reply: Reply | None, *, dead: bool) -> State:
        return super().after(reply, dead=dead or reply is Reply.ABSENT)


class _NewBeforeOld(RowOnly):
    def unsettled(self, work: Work) -> Order | None:
        del work
        return None


class _AnyIntent(Rules):
    def admit(self, shown: Shown, claimant: Claimant) -> Admitted:
        admitted = super().admit(shown, claimant)
        old = admitted.refused is Claim.OLD_INTENT
        return replace(admitted, refused=None) if old else admitted


class _AnySource(Rules):
    def admit(self, shown: Shown, claimant: Claimant) -> Admitted:
        admitted = super().admit(shown, claimant)
        foreign = admitted.refused is Claim.FOREIGN
        return Admitted(shown) if foreign else admitted


class _AnyColor(Rules):
    def wanted(
        self, intent: Intent, members: Collection[Member], claimant: Claimant
    ) -> frozenset[int]:
        del intent, members, claimant
        return frozenset(LEASES)


class _QuietElsewhere(LeaseOnly):
    def quiet_seconds(self, outstanding: dict[str, Outstanding], shard: int, boot: float) -> float:
        others = (one.quiet_from - boot for one in outstanding.values() if one.shard != shard)
        return max([0.0, *others])


@dataclass(frozen=True, slots=True)
class Broken:
    """A rule, and the setting that lacks it."""

    rule: str
    setting: Setting


def _lease(rules: Rules, *, boot_clock: bool = True) -> Setting:
    """With the row's lock open, the database's clock must not step: that is why there are two."""
    return Setting(rules, boot_clock=boot_clock, database_steps=False)


SOUND = {
    "all": Setting(Rules()),
    "lease-only": _lease(LeaseOnly()),
    "row-only": Setting(RowOnly()),
}
"""Settings that hold."""

BROKEN = {
    "epoch": Broken(
        "a write commits only under the current epoch (lease lock open)",
        Setting(_AnyEpochWrites()),
    ),
    "outlives": Broken(
        "a request is signed only while the lease outlives its window (row lock open)",
        _lease(_NoLock()),
    ),
    "counted-from-before": Broken(
        "the lease counts from before its renewal was asked for (row lock open)",
        _lease(_FromTheAnswer()),
    ),
    "boot-clock": Broken(
        "the lease counts on a clock that goes on while the machine sleeps (row lock open)",
        _lease(LeaseOnly(), boot_clock=False),
    ),
    "lease-margin": Broken(
        "the lease outlives the window by a margin (row lock open)",
        replace(_lease(_LeaseWithoutMargin()), sends_late=1.46),
    ),
    "quiet-release": Broken(
        "a released lease is not taken before what was signed is dead (row lock open)",
        _lease(_ReleaseAtOnce()),
    ),
    "row-deadline": Broken(
        "an earlier holder's order is dead by its row, not because the lease is over",
        Setting(LeaseOnly()),
    ),
    "row-margin": Broken(
        "an order counts as dead a margin after its window (lease lock open)",
        Setting(_RowWithoutMargin()),
    ),
    "settle-first": Broken(
        "nothing new in a shard while something is unresolved (lease lock open)",
        Setting(_NewBeforeOld()),
    ),
    "venue-window": Broken(
        "the venue refuses a request after its window", Setting(Rules(), venue_expires=False)
    ),
    "venue-clock": Broken(
        "requests are stamped and judged by the venue's clock, not by the wall clock",
        Setting(Rules(), venue_clock=False),
    ),
    "one-reading": Broken(
        "the stamp is that of the permit: no clock is read again before sending",
        Setting(_StampAgain()),
    ),
    "commit-first": Broken("the intent is committed before it is sent", Setting(_SendFirst())),
    "derived-id": Broken(
        "the client order id is the one in the row, derived from signal and attempt",
        Setting(_IdAtSending()),
    ),
    "silence": Broken(
        "an unanswered order is unknown, not rejected", Setting(_SilenceIsRejection())
    ),
    "not-taken": Broken(
        "'too late' or 'known already' may answer a copy: the order is unknown, not rejected",
        Setting(_NotTakenIsRejection()),
    ),
    "window-waited": Broken(
        "absent at the venue means lost only when the window had passed", Setting(_AbsentIsLost())
    ),
    "newest-intent": Broken(
        "who knows an older intent than was shown may hold nothing", Setting(_AnyIntent())
    ),
    "adoption": Broken(
        "another cluster's intent rules only once it was let", Setting(_AnySource())
    ),
    "allocation": Broken(
        "a lease is taken only by the color that the intent gives it", Setting(_AnyColor())
    ),
    "quiet-shard": Broken(
        "a lease is quiet when what was signed in its own shard is dead (row lock open)",
        _lease(_QuietElsewhere()),
    ),
}
"""By the name that the command takes."""

SEEDS = {
    "epoch": (347, 386),
    "outlives": (386, 827),
    "counted-from-before": (3912,),
    "boot-clock": (3796, 4555),
    "lease-margin": (),
    "quiet-release": (205, 240),
    "row-deadline": (12, 149),
    "row-margin": (142, 149),
    "settle-first": (2, 5),
    "venue-window": (1, 6),
    "venue-clock": (169, 745),
    "one-reading": (91, 1065),
    "commit-first": (9, 57),
    "derived-id": (0, 1),
    "silence": (2, 5),
    "not-taken": (33, 54),
    "window-waited": (12, 70),
    "newest-intent": (18, 44),
    "adoption": (7, 30),
    "allocation": (0, 2),
    "quiet-shard": (205, 339),
}
"""Known to show what the rule is for; they save a search. A new plan needs new ones."""
