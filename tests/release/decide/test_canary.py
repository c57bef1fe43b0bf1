"""Steps of a canary: each moves a symbol that trades, and what would move none is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.contract.environment import DEFAULT_SYMBOLS
from bot.contract.intent import CANARY_PERCENT_MAX
from bot.contract.shards import shard_of
from release.decide.canary import default_steps, problem, symbols_of
from release.decide.spec import SpecError
from release.drive.session import ReleaseSession
from tests.support.release_stage import Stage

LAST = "AI/USDT"
"""Of the last shard: no percentage moves it."""


def session(**keys: object) -> ReleaseSession:
    stage = Stage()
    stage.stack.file |= {f"release:{key}": value for key, value in keys.items()}
    return ReleaseSession("test", True, stage.ports(), stage.log, "r1", "p1", "ada")  # noqa: FBT003 -- local


@given(st.lists(st.from_regex(r"[A-Z]{2,5}/USDT", fullmatch=True), min_size=1, max_size=9))
def test_the_steps_of_any_stack_rise_and_move_a_symbol_each(symbols: list[str]) -> None:
    steps = default_steps(symbols)
    moved = [sum(shard_of(symbol) < percent for symbol in symbols) for percent in steps]
    assert moved == sorted(set(moved))
    assert list(steps) == sorted(steps)
    assert all(0 < percent <= CANARY_PERCENT_MAX for percent in steps)
    assert (problem(steps, symbols) == "") is bool(steps)
    assert 0 not in moved


@pytest.mark.parametrize(
    ("config", "symbols"),
    [
        ({}, DEFAULT_SYMBOLS),
        ({"p:symbols": ["XRP/USDT", "ADA/USDT"]}, ("XRP/USDT", "ADA/USDT")),
        ({"p:symbols": "XRP/USDT,ADA/USDT"}, ("XRP/USDT", "ADA/USDT")),
        ({"p:symbols": ["what"]}, DEFAULT_SYMBOLS),
    ],
)
def test_the_symbols_are_those_of_the_stack(
    config: dict[str, object], symbols: tuple[str, ...]
) -> None:
    assert tuple(symbols_of(config)) == symbols


def test_a_canary_without_steps_takes_what_its_symbols_need() -> None:
    assert session(strategy="canary").spec().steps == (36, 56)
    assert session(strategy="canary", canarySteps=[40]).spec().steps == (40,)
    assert session().spec().steps == ()


@pytest.mark.parametrize(
    ("symbols", "words"),
    [
        ("BTC/USDT", "10 moves none of the symbols; BTC/USDT is the first to move: "),
        (LAST, "nor would another percentage; release:strategy blue-green"),
    ],
)
def test_steps_that_move_nothing_are_refused_before_anything(symbols: str, words: str) -> None:
    assert shard_of(LAST) == CANARY_PERCENT_MAX
    refused = session(strategy="canary", canarySteps=[10])
    refused.ports.config.write({"symbols": symbols})
    with pytest.raises(SpecError, match=words):
        refused.spec()
