"""Database, cache and venue taken away under load: one fate each, none late, no restart."""

from collections.abc import AsyncGenerator, Iterator
from pathlib import Path

import pytest

from bot.trading.signals import Fate
from tests.bot.outage.life import Scene, judge, outage, scene
from tests.bot.outage.link import State
from tests.support.database import migrated_database

pytestmark = pytest.mark.cluster
BEFORE_SECONDS = 2.0
CUT_SECONDS = 6.0
"""Longer than a lease: authority is lost and taken again."""
LONG_CUT_SECONDS = 120.0


@pytest.fixture
def database_url() -> Iterator[str]:
    with migrated_database() as url:
        yield url


@pytest.fixture
async def here(tmp_path: Path, database_url: str) -> AsyncGenerator[Scene]:
    async with scene(tmp_path, database_url) as made:
        yield made


@pytest.mark.parametrize(
    "cut", [CUT_SECONDS, pytest.param(LONG_CUT_SECONDS, marks=pytest.mark.soak)]
)
@pytest.mark.parametrize("how", [State.REFUSED, State.SILENT])
@pytest.mark.parametrize("what", ["database", "venue", "cache"])
async def test_what_is_taken_away_loses_and_doubles_nothing(
    here: Scene, what: str, how: State, cut: float
) -> None:
    await outage(here, what, how, before=BEFORE_SECONDS, cut=cut)
    counts = await judge(here)
    assert not here.seen.livez_failures
    assert counts[Fate.EXECUTED] > 0, (counts, here.seen.refused)
    if what == "cache":
        assert not here.seen.refused
        assert counts[Fate.EXECUTED] == len(here.seen.accepted), counts


async def test_a_load_without_an_outage_is_all_executed(here: Scene) -> None:
    await outage(here, "cache", State.UP, before=BEFORE_SECONDS, cut=0)
    counts = await judge(here)
    assert not here.seen.refused
    assert counts == dict.fromkeys(Fate, 0) | {Fate.EXECUTED: len(here.seen.accepted)}
