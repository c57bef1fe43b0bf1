"""What a preview accepts the bot accepts, with the same words for what both refuse."""

import pytest

from bot.config.settings import Settings, SettingsError
from bot.contract.parameters import PARAMETERS, RELOADABLE, Kind
from infra.config import StackConfig
from infra.parsing import ConfigError
from infra.sections import AcknowledgedValues
from tests.infra.samples import config

NUMBERS = ("1", " 2 ", "0", "-1", "0.5", "1e1", "NaN", "Infinity", "", "many", "1_0", "٣", "0x1")
OTHERS: dict[str, tuple[str, ...]] = {
    Kind.SWITCH.value: ("true", "false", "TRUE", "False", "on", "1", "yes", "", " true"),
    Kind.LEVEL.value: ("debug", "info", "DEBUG", "debgu", "", "trace"),
}
FIELDS: dict[str, tuple[str, ...]] = {
    "symbols": ("BTC/USDT", "BTC/USDT, ETH/USDT", "btc/usdt", "BTC/USDT,BTC/USDT", "", ","),
    "critical_checks": ("database", "database, startup", "databse", "database,database", "", ","),
    "redis_url": (
        "redis://cache",
        "rediss://cache:6380/1",
        "redis://cache:0",
        "redis://cache:x",
        "redis://:hush@cache",
        "redis://cache?password=hush",
        "redis://a b",
        "redis://",
        "http://cache",
        "cache",
    ),
    "account": ("main", "Main", "a b", ""),
    "strategy": ("none", "average-cross", "averge-cross", ""),
    "shutdown_policy": ("flatten", "flaten", ""),
    "close_connections": ("true", "TRUE", "on", ""),
}
CASES = [
    *((row.name, text) for row in PARAMETERS.values() for text in OTHERS.get(row.kind.value, ())),
    *(
        (row.name, text)
        for row in PARAMETERS.values()
        for text in (*NUMBERS, *(str(most + 1) for most in [row.most] if most))
        if row.kind.value not in OTHERS
    ),
    *((name, text) for name, texts in FIELDS.items() for text in texts),
]


def of_the_program(name: str, text: str) -> object:
    """Return the value, or what is said of it behind key and value."""
    alias = str(StackConfig.model_fields[name].alias)
    try:
        return getattr(config(**{alias: text}), name)
    except ConfigError as error:
        (line,) = error.problems
        return line.rpartition("': ")[2].partition(" (")[0]


def of_the_bot(name: str, text: str) -> object:
    variable = str(Settings.model_fields[name].validation_alias)
    try:
        return getattr(Settings.load({variable: text}), name)
    except SettingsError as error:
        (line,) = error.errors
        return line.rpartition("': ")[2].partition(" (")[0]


@pytest.mark.parametrize(("name", "text"), CASES)
def test_program_and_bot_take_and_refuse_the_same(name: str, text: str) -> None:
    ours, theirs = of_the_program(name, text), of_the_bot(name, text)
    whole = StackConfig.model_fields[name].annotation is int
    if whole and isinstance(theirs, float) and 0 < theirs < 1:
        assert "valid integer" in str(ours)  # the manifest holds whole seconds, a test may not
    else:
        assert ours == theirs


@pytest.mark.parametrize("name", PARAMETERS)
def test_each_row_has_a_field_on_both_sides_with_its_default(name: str) -> None:
    assert Settings.model_fields[name].validation_alias == PARAMETERS[name].variable
    assert StackConfig.model_fields[name].alias == PARAMETERS[name].key
    assert StackConfig.model_fields[name].default == PARAMETERS[name].default


def test_what_can_raise_risk_can_be_acknowledged_and_nothing_else() -> None:
    known = {str(field.alias) for field in AcknowledgedValues.model_fields.values()}
    assert known == {row.key for row in RELOADABLE if row.risk}
    assert all(row.reloadable for row in PARAMETERS.values() if row.risk)


def test_a_reloaded_value_has_the_form_that_the_file_is_read_in() -> None:
    for row in RELOADABLE:
        for text in ("1.5", "3", "true", "debug"):
            if (value := _parsed(row.name, text)) is not None:
                form = f"{value:f}" if row.kind in (Kind.AMOUNT, Kind.PERCENT) else value
                assert row.parse_json(form) == value


def _parsed(name: str, text: str) -> object:
    try:
        return PARAMETERS[name].parse(text)
    except ValueError:
        return None
