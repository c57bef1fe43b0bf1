"""Each rule of the protocol switched off, one at a time, and the runs that show what it is for."""

from dataclasses import dataclass, replace

from bot.authority.protocol import Rules
from tests.model import without
from tests.model.setting import Setting


@dataclass(frozen=True, slots=True)
class Broken:
    """A rule, and the setting that lacks it."""

    rule: str
    setting: Setting


def _lease(rules: Rules, *, boot_clock: bool = True) -> Setting:
    """With the row's lock open, the database's clock must not step, and the venue not lag.

    That is why there are two. Nor does the database step back.
    """
    return Setting(
        rules,
        boot_clock=boot_clock,
        database_steps=False,
        venue_lags=False,
        steps_back=False,
    )


SOUND = {
    "all": Setting(Rules()),
    "lease-only": _lease(without.LeaseOnly()),
    "row-only": Setting(without.RowOnly()),
}
"""Settings that hold."""

BROKEN = {
    "epoch": Broken(
        "a write commits only under the current epoch (lease lock open)",
        Setting(without.AnyEpochWrites()),
    ),
    "row-lock": Broken(
        "the lease row is locked from the check to the commit (attempts not counted)",
        Setting(Rules(), row_locked=False, attempts_counted=False),
    ),
    "read-committed": Broken(
        "the check reads the row as it is once it is locked, not a snapshot (attempts not counted)",
        Setting(Rules(), read_committed=False, attempts_counted=False),
    ),
    "outlives": Broken(
        "a request is signed only while the lease outlives its window (row lock open)",
        _lease(without.NoLock()),
    ),
    "counted-from-before": Broken(
        "the lease counts from before its renewal was asked for (row lock open)",
        _lease(without.FromTheAnswer()),
    ),
    "boot-clock": Broken(
        "the lease counts on a clock that goes on while the machine sleeps (row lock open)",
        _lease(without.LeaseOnly(), boot_clock=False),
    ),
    "lease-margin": Broken(
        "the lease outlives the window by a margin (row lock open)",
        _lease(without.LeaseWithoutMargin()),
    ),
    "quiet-release": Broken(
        "a released lease is not taken before what was signed is dead (row lock open)",
        _lease(without.ReleaseAtOnce()),
    ),
    "row-deadline": Broken(
        "an earlier holder's order is dead by its row, not because the lease is over",
        Setting(without.LeaseOnly()),
    ),
    "row-margin": Broken(
        "an order counts as dead a margin after its window (lease lock open)",
        Setting(without.RowWithoutMargin()),
    ),
    "settle-first": Broken(
        "nothing new in a shard while something is unresolved (lease lock open)",
        Setting(without.NewBeforeOld()),
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
        Setting(without.StampAgain()),
    ),
    "commit-first": Broken(
        "the intent is committed before it is sent", Setting(without.SendFirst())
    ),
    "derived-id": Broken(
        "the client order id is the one in the row, derived from signal and attempt",
        Setting(without.IdAtSending()),
    ),
    "silence": Broken(
        "an unanswered order is unknown, not rejected", Setting(without.SilenceIsRejection())
    ),
    "not-taken": Broken(
        "'too late' or 'known already' may answer a copy: the order is unknown, not rejected",
        Setting(without.NotTakenIsRejection()),
    ),
    "window-waited": Broken(
        "absent at the venue means lost only when the window had passed",
        Setting(without.AbsentIsLost()),
    ),
    "lag-waited": Broken(
        "absent at the venue means lost only when it had the time to show what it took",
        Setting(without.LagNotWaited()),
    ),
    "known": Broken(
        "'known already' is no refusal: what it is a copy of may show as late as anything",
        Setting(without.KnownIsRefusal()),
    ),
    "lists-asked": Broken(
        "what the venue does not know by its id is lost only if its lists do not have it either",
        Setting(without.ByIdAlone()),
    ),
    "id-asked": Broken(
        "what the venue's lists do not have is lost only if it is not known by its id either",
        Setting(without.ByListsAlone()),
    ),
    "newest-intent": Broken(
        "who knows an older intent than was shown may hold nothing", Setting(without.AnyIntent())
    ),
    "adoption": Broken(
        "another cluster's intent rules only once it was let", Setting(without.AnySource())
    ),
    "allocation": Broken(
        "a lease is taken only by the color that the intent gives it", Setting(without.AnyColor())
    ),
    "quiet-shard": Broken(
        "a lease is quiet when what was signed in its own shard is dead (row lock open)",
        _lease(without.QuietElsewhere()),
    ),
    "intent-lock": Broken(
        "nothing is granted by an intent while a newer one is being shown",
        Setting(Rules(), intent_locked=False),
    ),
    "members-expire": Broken(
        "a process that is not seen any more has no share", Setting(Rules(), members_expire=False)
    ),
    "epoch-rises": Broken(
        "the epoch rises with each change of hands", Setting(without.SameEpoch())
    ),
    "own-release": Broken(
        "only its holder releases a lease, and only what it took under this epoch (row lock open)",
        _lease(without.AnyoneReleases()),
    ),
    "doubt": Broken(
        "what was released without an answer is not used before it ran out (row lock open)",
        replace(_lease(without.LeaseOnly()), doubts=False),
    ),
    "taken-anew": Broken(
        "what has run out is taken anew, also by who had it (row lock open)",
        _lease(without.RenewsRunOut()),
    ),
    "released-epoch": Broken(
        "a release is done when the lease is not held under its epoch any more",
        Setting(Rules(), released_by_epoch=False),
    ),
    "attempts-counted": Broken(
        "a fate is written only if nothing was attempted since it was decided",
        Setting(Rules(), attempts_counted=False),
    ),
    "process-holds": Broken(
        "what starts again is someone else: it does not know what it signed (row lock open)",
        replace(_lease(without.LeaseOnly()), process_holds=False),
    ),
    "signal-age": Broken(
        "a signal is not tried when the venue might execute it after its max_age_seconds",
        Setting(without.AgeWhenSigned()),
    ),
    "read-age": Broken(
        "a signal's age counts from before it was read", Setting(without.AgeWhenRead())
    ),
    "lives": Broken(
        "a ledger that may have stepped back is compared with the venue", Setting(without.NoLives())
    ),
    "life-of-a-write": Broken(
        "a write of trading commits only in a life that was compared with the venue",
        Setting(Rules(), life_checked=False),
    ),
    "recovery-wait": Broken(
        "who recovers waits until nothing of an earlier life is signed or hidden any more",
        Setting(without.RecoversAtOnce()),
    ),
    "import": Broken(
        "the ledger takes over what the venue has before anybody trades",
        Setting(Rules(), imports=False),
    ),
    "recall": Broken(
        "after a recovery the venue is asked about a signal before it is tried",
        Setting(without.NoDoubts()),
    ),
    "new-epochs": Broken(
        "epochs of a new life are above all that were used", Setting(without.EpochsAgain())
    ),
    "connection-age": Broken(
        "the connection of the leases is opened anew, so that a server that was left is left",
        Setting(Rules(), connects_anew=False),
    ),
}
"""By the name that the command takes."""

SEEDS: dict[str, tuple[int, ...]] = {
    "epoch": (19, 64),
    "row-lock": (120, 144, 837),
    "read-committed": (1501, 1768, 2117),
    "outlives": (544, 1341, 1838),
    "counted-from-before": (544, 1838, 2197),
    "boot-clock": (2197, 2848),
    "lease-margin": (1838,),
    "quiet-release": (33, 479, 514),
    "row-deadline": (18, 100, 329),
    "row-margin": (589, 678),
    "settle-first": (0, 1, 2),
    "venue-window": (7, 9, 16),
    "venue-clock": (183, 780),
    "one-reading": (108, 472),
    "commit-first": (18, 39, 56),
    "derived-id": (0, 1, 2),
    "silence": (3, 5, 7),
    "not-taken": (18, 59),
    "window-waited": (6, 18),
    "lag-waited": (21, 28, 41),
    "known": (28,),
    "lists-asked": (9, 20, 21),
    "id-asked": (0, 9, 28),
    "newest-intent": (10, 19, 43),
    "adoption": (0, 2, 6),
    "allocation": (3, 4, 5),
    "quiet-shard": (33, 277),
    "intent-lock": (4, 24, 27),
    "members-expire": (2, 14, 15),
    "epoch-rises": (2, 6, 9),
    "own-release": (5317, 5461),
    "doubt": (2765, 4770),
    "taken-anew": (5317, 5938, 6357),
    "released-epoch": (731, 1558, 2920),
    "attempts-counted": (1768, 4127, 5112),
    "process-holds": (155, 343, 1174),
    "signal-age": (34, 78, 88),
    "read-age": (5678, 10156, 15409),
    "lives": (25, 45),
    "life-of-a-write": (8675, 8775, 13575),
    "recovery-wait": (145, 225, 230),
    "import": (135, 145, 245),
    "recall": (9900,),
    "new-epochs": (95, 220, 340),
    "connection-age": (15, 45),
}
"""Known to show what the rule is for; they save a search. A new plan needs new ones."""
