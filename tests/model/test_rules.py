import contextlib
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.authority.lease import Admitted, Claim, Claimant, LeaseRow, Shown, pause_seconds
from bot.authority.orders import Order, Signal, Work
from bot.authority.protocol import (
    EXPIRED,
    Ask,
    AskLists,
    Close,
    CommitIntent,
    Leaving,
    Outstanding,
    ReadWork,
    Record,
    Reply,
    Rules,
)
from bot.authority.timings import Timings
from bot.authority.window import Held, VenueClock, VenueTime, later
from bot.contract.color import Color
from bot.trading.orders import State
from bot.trading.signals import Fate

RULES = Rules()
BLUE = Claimant("blue.1", Color.BLUE, 1)
GREEN = Claimant("green.1", Color.GREEN, 2)


def test_a_lease_is_taken_when_it_has_run_out_and_not_before() -> None:
    row = RULES.claim(LeaseRow(), BLUE, 100.0).row
    assert (row.epoch, row.expires_at) == (1, 105.0)
    assert RULES.claim(row, GREEN, 104.9).claim is Claim.HELD
    taken = RULES.claim(row, GREEN, 105.0)
    assert (taken.claim, taken.row.epoch, taken.row.holder) == (Claim.TAKEN, 2, "green.1")


def test_a_renewal_keeps_the_epoch() -> None:
    row = RULES.claim(LeaseRow(), BLUE, 100.0).row
    assert RULES.claim(row, BLUE, 101.0).row == replace(row, expires_at=106.0)


def test_what_has_run_out_is_taken_anew_also_by_who_had_it() -> None:
    row = RULES.claim(LeaseRow(), BLUE, 100.0).row
    again = RULES.claim(row, BLUE, 105.0)
    assert (again.claim, again.row.epoch) == (Claim.TAKEN, 2)


@pytest.mark.parametrize(
    ("shown", "claimant", "refused", "after"),
    [
        (Shown(1, "a"), Claimant("b", Color.BLUE, 1, "a"), None, Shown(1, "a")),
        (Shown(1, "a"), Claimant("b", Color.BLUE, 2, "a"), None, Shown(2, "a")),
        (Shown(2, "a"), Claimant("b", Color.BLUE, 1, "a"), Claim.OLD_INTENT, Shown(2, "a")),
        (Shown(2, "a"), Claimant("b", Color.BLUE, 9, "z"), Claim.FOREIGN, Shown(2, "a")),
        (Shown(2, "a"), Claimant("b", Color.BLUE, 9, "z", "y"), Claim.FOREIGN, Shown(2, "a")),
        (Shown(2, "a"), Claimant("b", Color.BLUE, 1, "z", "a"), None, Shown(1, "z")),
        (Shown(1, "z"), Claimant("b", Color.BLUE, 9, "a"), Claim.FOREIGN, Shown(1, "z")),
        (Shown(7, ""), Claimant("b", Color.BLUE, 1, "z"), None, Shown(1, "z")),
        (Shown(7, "a"), Claimant("b", Color.BLUE, 9), Claim.FOREIGN, Shown(7, "a")),
    ],
)
def test_an_old_or_a_foreign_intent_gives_nothing_and_a_newer_one_stays(
    shown: Shown, claimant: Claimant, refused: Claim | None, after: Shown
) -> None:
    assert RULES.admit(shown, claimant) == Admitted(after, refused)


def test_a_release_by_who_holds_nothing_changes_nothing() -> None:
    row = RULES.claim(LeaseRow(), BLUE, 100.0).row
    assert RULES.release(row, "green.1", 101.0, Leaving(1, 0.0)) == row
    assert RULES.release(row, "blue.1", 101.0, Leaving(0, 0.0)) == row


def test_a_released_lease_is_free_when_what_was_signed_is_dead() -> None:
    row = RULES.claim(LeaseRow(), BLUE, 100.0).row
    signed = {"s1-1": Outstanding(0, 12.5), "s2-1": Outstanding(0, 11.0)}
    quiet = RULES.quiet_seconds(signed, 0, boot=11.5)
    row = RULES.release(row, "blue.1", 101.0, Leaving(1, quiet, 0.25, 17))
    assert (row.paused_at, row.mark) == (100.75, 17)
    assert RULES.claim(row, GREEN, 101.9).claim is Claim.HELD
    assert RULES.claim(row, GREEN, 102.0).claim is Claim.TAKEN
    assert RULES.quiet_seconds({}, 0, boot=11.5) == 0.0
    assert RULES.quiet_seconds(signed, 1, boot=11.5) == 0.0


@pytest.mark.parametrize(
    ("row", "pause"),
    [
        (LeaseRow(), None),
        (LeaseRow(0, 1, None, None, 100.0, 99.0), 2.0),
        (LeaseRow(0, 1, "blue.1", Color.BLUE, 101.0, 50.0), 5.0),
        (LeaseRow(0, 1, None, None, 100.0, None), None),
    ],
)
def test_a_pause_counts_from_the_hand_off_or_from_the_last_renewal(
    row: LeaseRow, pause: float | None
) -> None:
    assert pause_seconds(row, 101.0, 5.0) == pause


@pytest.mark.parametrize(("boot", "permitted"), [(10.0, True), (12.4, True), (12.6, False)])
def test_a_request_is_permitted_while_the_lease_outlives_it(
    boot: float, *, permitted: bool
) -> None:
    held = Held(epoch=1, until=15.0)
    permit = RULES.permit(held, VenueClock(1000.0, 10.0, 0.001), boot)
    assert (permit is not None) is permitted


def test_the_venue_clock_is_never_ahead_however_the_clocks_drift() -> None:
    for rate in (0.999, 1.0, 1.001):
        known = VenueClock(shown=1000.0, received=50.0, drift_max=0.001)
        for passed in (0.0, 1.0, 60.0, 3600.0):
            assert known.at(50.0 + passed * rate) <= 1000.0 + passed * 1.0


def test_of_two_answers_about_time_the_one_that_lags_less_counts() -> None:
    prompt, slow = VenueClock(1000.0, 50.0, 0.001), VenueClock(1000.5, 53.0, 0.001)
    assert later(prompt, slow, 53.0) is prompt
    assert later(slow, prompt, 53.0) is prompt
    assert later(None, slow, 53.0) is slow


@pytest.mark.parametrize(
    ("read_at", "since_asked", "late"),
    [
        (100.0, 0.0, False),
        (108.4, 0.0, False),
        (108.5, 0.0, True),
        (106.0, 2.4, False),
        (106.0, 2.5, True),
        (200.0, 0.0, True),
    ],
)
def test_a_signal_is_too_late_when_the_venue_might_execute_it_too_old(
    read_at: float, since_asked: float, *, late: bool
) -> None:
    signal = Signal("s1", 0, received_at=100.0, max_age_seconds=10.0)
    assert RULES.too_late(signal, read_at, since_asked) is late


class Holder:
    """Holds a shard; its clock goes on by so much at each reading."""

    holder = "blue.1"

    def __init__(self, step: float) -> None:
        self.outstanding: dict[str, Outstanding] = {}
        self.asked: dict[str, float] = {}
        self._step = step
        self._boot = 10.0

    def boot(self) -> float:
        self._boot += self._step
        return self._boot

    def held(self, shard: int) -> Held | None:
        del shard
        return Held(1, until=60.0)

    def venue_time(self) -> VenueTime | None:
        return VenueClock(1000.0, 10.0, 0.001)


@pytest.mark.parametrize(("read_seconds", "effect"), [(0.1, CommitIntent), (9.0, Close)])
def test_the_time_that_a_read_takes_makes_its_signal_older(
    read_seconds: float, effect: type[object]
) -> None:
    view = Holder(read_seconds)
    turn = RULES.turn(view, 0)
    assert isinstance(next(turn), ReadWork)
    decided = turn.send(Work((), Signal("s1", 0, 100.0, 10.0), 0, now=100.0))
    assert isinstance(decided, effect)
    if isinstance(decided, Close):
        assert (decided.fate, decided.reason) == (Fate.EXPIRED, EXPIRED)
        assert view.outstanding == {}


@pytest.mark.parametrize(
    ("reply", "dead", "state"),
    [
        (Reply.FILLED, False, State.FILLED),
        (Reply.REJECTED, False, State.REJECTED),
        (Reply.NOT_TAKEN, False, State.UNKNOWN),
        (Reply.NOT_TAKEN, True, State.UNKNOWN),
        (Reply.KNOWN, True, State.UNKNOWN),
        (Reply.ABSENT, False, State.UNKNOWN),
        (Reply.ABSENT, True, State.LOST),
        (None, True, State.UNKNOWN),
    ],
)
def test_only_the_venue_ends_an_order(reply: Reply | None, state: State, *, dead: bool) -> None:
    assert RULES.after(reply, dead=dead) is state


UNANSWERED = Order("s1-1", "s1", 1, 0, 1, "blue.1", stamp=1000.0, dead_after=1016.5)
"""Its window ends at 1001.5, the lag at 1016.5, the margin at 1017.5."""


def test_a_row_says_how_long_to_wait_for_what_the_venue_may_show_and_the_lease_does_not() -> None:
    permit = RULES.permit(Held(1, until=15.0), VenueClock(1000.0, 10.0, 0.001), 10.0)
    assert permit
    assert permit.dead_after == UNANSWERED.dead_after
    assert permit.quiet_from == 12.5


@pytest.mark.parametrize(
    ("reply", "dead_at"),
    [(None, 1017.5), (Reply.KNOWN, 1017.5), (Reply.NOT_TAKEN, 1002.5)],
)
def test_a_refusal_is_waited_for_less_than_silence(reply: Reply | None, dead_at: float) -> None:
    order = replace(UNANSWERED, dead_after=RULES.dead_after(UNANSWERED, reply))
    assert not RULES.is_dead(order, 1, dead_at)
    assert RULES.is_dead(order, 1, dead_at + 0.01)


@pytest.mark.parametrize(
    ("venue_now", "passed", "asked"),
    [
        (1001.0, None, True),
        (1002.0, 0.4, False),
        (1002.0, 0.5, True),
        (1008.0, 1.9, False),
        (1008.0, 2.0, True),
        (1017.4, 1.0, False),
        (1017.6, 1.0, True),
        (1019.0, 1.0, False),
        (9999.0, 4.9, False),
        (9999.0, 5.0, True),
    ],
)
def test_the_venue_is_asked_less_often_the_older_an_order_is_and_when_it_is_dead(
    venue_now: float, passed: float | None, *, asked: bool
) -> None:
    assert RULES.may_ask(UNANSWERED, 1, venue_now, passed) is asked


@pytest.mark.parametrize(
    ("by_id", "listed", "recorded"),
    [
        (Reply.ABSENT, Reply.ABSENT, State.LOST),
        (Reply.ABSENT, Reply.FILLED, State.FILLED),
        (Reply.ABSENT, None, None),
        (Reply.FILLED, Reply.ABSENT, State.FILLED),
        (None, Reply.ABSENT, None),
    ],
)
def test_lost_is_what_neither_its_id_nor_the_lists_know(
    by_id: Reply | None, listed: Reply | None, recorded: State | None
) -> None:
    assert settled(1018.0, by_id, listed) is recorded


def test_the_lists_are_not_asked_about_what_may_not_show_yet() -> None:
    assert settled(1017.0, Reply.ABSENT, Reply.FILLED) is None


def settled(venue_now: float, by_id: Reply | None, listed: Reply | None) -> State | None:
    """Settle an unknown order; return the state that is recorded, if any."""
    view = Holder(0.0)
    order = replace(UNANSWERED, state=State.UNKNOWN)
    turn = RULES.settle(view, Held(1, until=60.0), VenueClock(venue_now, 10.0, 0.001), order)
    answers = {Ask: by_id, AskLists: listed}
    answer = None
    with contextlib.suppress(StopIteration):
        while True:
            effect = turn.send(answer)
            if isinstance(effect, Record):
                return effect.order.state
            assert isinstance(effect, Ask | AskLists)
            answer = answers[type(effect)]
    return None


def test_times_that_contradict_each_other_are_refused_with_what_would_be_right() -> None:
    with pytest.raises(ValueError, match=r"lease_seconds: 4 leaves 1\.5 s") as caught:
        Timings(lease_seconds=4.0, margin_seconds=0.001, venue_window_seconds=2.499)
    assert "margin_seconds: 0.001" in str(caught.value)


NAMES = st.sampled_from(("a", "b", "c"))
TIMES = st.floats(0, 1000)
ROWS = st.builds(
    LeaseRow, st.just(7), st.integers(0, 9), NAMES | st.none(), st.sampled_from(Color), TIMES
)
SIGNED = st.builds(Outstanding, st.integers(0, 3), TIMES)
SHOWN = st.builds(Shown, st.integers(0, 5), st.sampled_from(("", "home", "away")))
CLAIMANTS = st.builds(
    Claimant,
    NAMES,
    st.sampled_from(Color),
    st.integers(0, 5),
    st.sampled_from(("home", "away")),
    st.sampled_from(("", "home", "away")),
)


@given(ROWS, CLAIMANTS, TIMES)
def test_an_epoch_has_one_holder_and_never_falls(
    row: LeaseRow, claimant: Claimant, now: float
) -> None:
    claimed = RULES.claim(row, claimant, now)
    assert claimed.row.epoch == row.epoch + (claimed.claim is Claim.TAKEN)
    if claimed.granted:
        assert claimed.row.holder == claimant.holder
        assert claimed.row.expires_at == now + RULES.timings.lease_seconds
    if claimed.claim is Claim.RENEWED:
        assert row.holder == claimant.holder
    if claimed.claim is Claim.HELD:
        assert claimed.row == row


@given(ROWS, CLAIMANTS, CLAIMANTS, TIMES)
def test_of_two_who_ask_at_one_time_one_gets_it(
    row: LeaseRow, first: Claimant, second: Claimant, now: float
) -> None:
    granted = RULES.claim(row, first, now)
    again = RULES.claim(granted.row, second, now)
    assert not (granted.granted and again.granted and first.holder != second.holder)


@given(SHOWN, CLAIMANTS)
def test_who_is_refused_changes_nothing_and_who_is_admitted_leaves_its_own_intent(
    shown: Shown, claimant: Claimant
) -> None:
    admitted = RULES.admit(shown, claimant)
    own = Shown(claimant.generation, claimant.source)
    assert admitted.shown == (shown if admitted.refused else own)


@given(SHOWN, st.lists(CLAIMANTS.map(lambda one: replace(one, adopts=""))))
def test_without_an_adoption_the_source_stays_and_its_generation_never_falls(
    shown: Shown, claimants: list[Claimant]
) -> None:
    for claimant in claimants:
        after = RULES.admit(shown, claimant).shown
        assert shown.source in {"", after.source}
        assert shown.source != after.source or after.generation >= shown.generation
        shown = after


LEAVING = st.builds(Leaving, st.integers(0, 2), st.floats(0, 10), st.floats(0, 10))


@given(row=ROWS, now=TIMES, leaving=LEAVING, own=st.booleans())
def test_a_release_frees_only_what_is_held_under_that_epoch_and_not_before_it_is_quiet(
    row: LeaseRow, now: float, leaving: Leaving, *, own: bool
) -> None:
    holder = row.holder or "a"
    row = replace(row, epoch=leaving.epoch) if own else row
    after = RULES.release(row, holder, now, leaving)
    if (row.holder, row.epoch) != (holder, leaving.epoch):
        assert after == row
        return
    free_at = now + leaving.quiet_seconds
    assert (after.holder, after.epoch, after.expires_at) == (None, row.epoch, free_at)
    assert after.paused_at == now - leaving.paused_seconds
    taken = RULES.claim(after, GREEN, free_at)
    assert (taken.claim, taken.row.epoch) == (Claim.TAKEN, row.epoch + 1)


@given(ROWS, TIMES)
def test_a_pause_is_never_negative(row: LeaseRow, now: float) -> None:
    pause = pause_seconds(row, now, RULES.timings.lease_seconds)
    assert pause is None or pause >= 0


@given(st.dictionaries(st.sampled_from("uvwxyz"), SIGNED), TIMES)
def test_a_shard_is_quiet_when_the_last_of_its_own_requests_is_dead(
    signed: dict[str, Outstanding], boot: float
) -> None:
    for shard in range(4):
        quiet = RULES.quiet_seconds(signed, shard, boot)
        own = [one.quiet_from for one in signed.values() if one.shard == shard]
        assert quiet == max([0.0, *(end - boot for end in own)])
