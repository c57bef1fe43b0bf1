"""Who should hold what: a pure function of the intent and the members."""

from random import Random

from hypothesis import given
from hypothesis import strategies as st

from bot.authority.allocation import Member, assigned, desired
from bot.authority.lease import ACCOUNT, LEASES
from bot.contract.color import Color
from bot.contract.intent import CANARY_PERCENT_MAX, Intent

names = st.text("abcdefgh0123456789-.", min_size=1, max_size=20)
member = st.builds(Member, names, st.sampled_from(Color))
groups = st.sets(member, max_size=6).filter(
    lambda group: len({one.holder for one in group}) == len(group)
)
intents = st.builds(Intent, st.sampled_from(Color), st.integers(0, CANARY_PERCENT_MAX))


def team(size: int, color: Color = Color.BLUE) -> frozenset[Member]:
    return frozenset(Member(f"bot-{color}-{n}.f00", color) for n in range(size))


@given(intents, groups)
def test_each_lease_goes_to_a_member_of_the_color_that_the_intent_names(
    intent: Intent, members: set[Member]
) -> None:
    colors = {one.holder: one.color for one in members}
    shares = desired(intent, frozenset(members))
    for lease in LEASES:
        color = intent.color_of(lease)
        assert (lease in shares) == (color in colors.values())
        assert lease not in shares or colors[shares[lease]] is color


@given(intents, groups)
def test_the_shares_of_all_members_cover_each_lease_once(
    intent: Intent, members: set[Member]
) -> None:
    owned = [lease for one in members for lease in assigned(intent, members, one.holder)]
    assert len(owned) == len(set(owned)) == len(desired(intent, frozenset(members)))


@given(st.integers(0, CANARY_PERCENT_MAX), st.integers(0, CANARY_PERCENT_MAX))
def test_a_canary_that_moves_moves_just_its_shards(before: int, after: int) -> None:
    members = team(2) | team(2, Color.GREEN)
    old = desired(Intent(Color.BLUE, before), members)
    new = desired(Intent(Color.BLUE, after), members)
    moved = {lease for lease in LEASES if old[lease] != new[lease]}
    assert moved == set(range(min(before, after), max(before, after)))
    assert ACCOUNT not in moved


@given(groups.filter(bool), intents)
def test_a_member_that_goes_leaves_only_its_own(members: set[Member], intent: Intent) -> None:
    gone = min(members, key=lambda one: one.holder)
    before = desired(intent, frozenset(members))
    after = desired(intent, frozenset(members - {gone}))
    moved = {lease for lease in LEASES if before.get(lease) != after.get(lease)}
    assert moved == {lease for lease, holder in before.items() if holder == gone.holder}


def test_members_of_a_color_have_about_equal_shares() -> None:
    for size in (2, 4):
        shares = [len(assigned(Intent(Color.BLUE), team(size), m.holder)) for m in team(size)]
        assert sum(shares) == len(LEASES)
        assert max(shares) < 1.6 * len(LEASES) / size


@given(groups, intents)
def test_a_member_that_comes_takes_from_others_and_moves_nothing_between_them(
    members: set[Member], intent: Intent
) -> None:
    come = Member("newcomer", intent.active_color)  # not in the alphabet of `names`
    before = desired(intent, frozenset(members))
    after = desired(intent, frozenset(members | {come}))
    assert {after[n] for n in after if after[n] != before.get(n)} <= {come.holder}


@given(groups.map(list), intents, st.randoms(use_true_random=False))
def test_the_order_in_which_members_are_listed_decides_nothing(
    members: list[Member], intent: Intent, random: Random
) -> None:
    shuffled = list(members)
    random.shuffle(shuffled)
    for one in members:
        assert assigned(intent, shuffled, one.holder) == assigned(intent, members, one.holder)


@given(groups, intents)
def test_who_is_no_member_should_hold_nothing(members: set[Member], intent: Intent) -> None:
    assert assigned(intent, members, "nobody-z") == frozenset()


def test_without_a_canary_the_standby_color_has_nothing() -> None:
    members = team(2) | team(2, Color.GREEN)
    green = {one.holder for one in members if one.color is Color.GREEN}
    assert green.isdisjoint(desired(Intent(Color.BLUE), members).values())
