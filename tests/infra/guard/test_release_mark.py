"""Whether an `up` may go on in the face of what releases wrote down."""

from dataclasses import replace

from infra.guard.release_mark import Caller, ReleaseMarks, refuse_caller
from tests.infra.samples import BAD, OLD, PERSON, UNDER_WAY, expected

QUARANTINE = ReleaseMarks({BAD.digest: BAD})


def test_where_nothing_is_written_down_everything_may_go_on() -> None:
    assert refuse_caller(ReleaseMarks(), PERSON, [expected()]) == []


def test_a_quarantined_digest_is_refused_with_who_when_why_and_what_to_do() -> None:
    (text,) = refuse_caller(QUARANTINE, PERSON, [expected()])
    for word in (
        f"green.image: {BAD.digest}",
        "since 2026-03-01T02:03:00+00:00",
        "night@laptop: errors 5 %",
        "`pulumi config set activeColor blue`",
        f'`release quarantine clear {BAD.digest} --stack staging --reason "…"`',
    ):
        assert word in text


def test_a_quarantined_digest_is_known_by_any_name_of_its_repository() -> None:
    elsewhere = replace(expected(), image=f"other.example:5000/mirror@{BAD.digest}")
    assert refuse_caller(QUARANTINE, PERSON, [elsewhere])


def test_other_digests_and_unpinned_images_are_not_in_quarantine() -> None:
    for image in (OLD, "r.example/bot:1", ""):
        assert refuse_caller(QUARANTINE, PERSON, [replace(expected(), image=image)]) == []


def test_a_release_under_way_refuses_all_others_and_names_who_runs_it_since_when() -> None:
    for caller in (PERSON, Caller("staging", "r-0")):
        (text,) = refuse_caller(ReleaseMarks(under_way=UNDER_WAY), caller, [])
        assert "(r-1), run by ci@runner since 2026-03-01T02:00:00+00:00" in text
        assert "`release resume --stack staging`" in text


def test_the_release_under_way_may_go_on_but_not_to_a_quarantined_digest() -> None:
    ours = Caller("staging", UNDER_WAY.release)
    assert refuse_caller(ReleaseMarks(under_way=UNDER_WAY), ours, [expected()]) == []
    assert refuse_caller(replace(QUARANTINE, under_way=UNDER_WAY), ours, [expected()])


def test_both_reasons_are_told_at_once() -> None:
    assert len(refuse_caller(replace(QUARANTINE, under_way=UNDER_WAY), PERSON, [expected()])) == 2
