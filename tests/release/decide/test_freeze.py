"""Times without releases, around the turn of the week and of the clocks."""

from datetime import UTC, datetime

import pytest

from release.decide.freeze import WindowError, frozen, window

WEEKEND = "Fri 16:00 - Mon 06:00 Europe/Berlin"


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("now", "until"),
    [
        ("2026-11-20 14:59", ""),
        ("2026-11-20 15:00", "until Mon 05:00 UTC (Mon 06:00 CET)"),
        ("2026-11-22 12:34:56", "until Mon 05:00 UTC (Mon 06:00 CET)"),
        ("2026-11-23 04:59:59", "until Mon 05:00 UTC (Mon 06:00 CET)"),
        ("2026-11-23 05:00", ""),
        ("2026-07-03 14:00", "until Mon 04:00 UTC (Mon 06:00 CEST)"),
        ("2026-10-24 12:00", "until Mon 05:00 UTC (Mon 06:00 CET)"),
        ("2026-03-28 12:00", "until Mon 04:00 UTC (Mon 06:00 CEST)"),
    ],
)
def test_a_window_is_told_with_its_end_in_both_zones(now: str, until: str) -> None:
    reason = frozen([WEEKEND], at(now))
    assert bool(reason) is bool(until)
    assert until in reason


def test_without_a_zone_it_is_utc_and_any_open_window_counts() -> None:
    texts = ["Tue 00:00 - Tue 01:00", "Sun 23:00 - Mon 01:00"]
    assert "until Mon 01:00 UTC" in frozen(texts, at("2026-11-22 23:30"))
    assert not frozen(texts, at("2026-11-23 01:00"))
    assert not frozen([], at("2026-11-23 00:30"))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Friday", "write it as"),
        ("Fri 24:00 - Mon 06:00", "write it as"),
        ("Fri 16:00 - Mon 06:00 Europe/Atlantis", "Europe/Atlantis is no time zone"),
        ("Fri 16:00 - Mon 06:00 ../etc", "../etc is no time zone"),
        ("Fri 16:00 - Fri 16:00", "begins when it ends"),
    ],
)
def test_what_is_no_window_is_refused_with_what_would_be_right(text: str, words: str) -> None:
    with pytest.raises(WindowError, match=words):
        window(text)
