import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.contract.color import Color
from bot.contract.intent import Intent, IntentError
from bot.contract.shards import SHARD_COUNT, shard_of
from bot.contract.symbols import parse_symbols

LEDGER = "0f8fad5b-d9cb-469f-a165-70867728950e@7301234567890123456"
ledgers = st.sampled_from(["", LEDGER])
intents = st.builds(Intent, st.sampled_from(Color), st.integers(0, 99), ledgers)


@given(intents)
def test_an_intent_survives_its_configmap(intent: Intent) -> None:
    assert Intent.from_data(intent.to_data()) == intent


@given(intents, st.integers(0, SHARD_COUNT - 1))
def test_a_shard_never_has_two_colors(intent: Intent, shard: int) -> None:
    traders = [color for color in Color if intent.color_of(shard) is color]
    assert len(traders) == 1


@given(intents)
def test_the_canary_gets_its_percentage_of_the_shards(intent: Intent) -> None:
    standby = [s for s in range(SHARD_COUNT) if intent.color_of(s) is intent.active_color.other]
    assert len(standby) == intent.canary_percent


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"activeColor": "red"},
        {"activeColor": "Blue"},
        {"activeColor": "blue", "canaryPercent": "100"},
        {"activeColor": "blue", "canaryPercent": "-1"},
        {"activeColor": "blue", "canaryPercent": "1.5"},
        {"activeColor": "blue", "canaryPercent": ""},
        {"activeColor": "blue", "canaryPercent": "٣"},
        {"activeColor": "blue", "canaryPercent": "9" * 5000},
        {"activeColor": "blue", "ledger": "the other one"},
        {"activeColor": "blue", "ledger": f"{LEDGER}\n"},
    ],
)
def test_what_is_no_intent_is_refused(data: dict[str, str]) -> None:
    with pytest.raises(IntentError):
        Intent.from_data(data)


def test_an_unknown_key_of_a_newer_version_is_left_alone() -> None:
    assert Intent.from_data({"activeColor": "green", "later": "x"}) == Intent(Color.GREEN)


def test_an_intent_that_names_no_ledger_has_no_such_key() -> None:
    assert "ledger" not in Intent(Color.BLUE).to_data()


@pytest.mark.parametrize(
    ("symbol", "shard"), [("BTC/USDT", 35), ("ETH/USDT", 89), ("SOL/USDT", 55)]
)
def test_the_shard_of_a_symbol_is_frozen(symbol: str, shard: int) -> None:
    assert shard_of(symbol) == shard


def test_symbols_have_one_spelling() -> None:
    assert parse_symbols("BTC/USDT, ETH/USDT") == ("BTC/USDT", "ETH/USDT")
    for text in ("BTCUSDT", "BTC-USDT", "BTC/USDT,", "ＢＴＣ/USDT", ",".join(["A1/B1"] * 501)):  # noqa: RUF001 - full-width letters
        with pytest.raises(ValueError, match=r"BASE/QUOTE|more than"):
            parse_symbols(text)
