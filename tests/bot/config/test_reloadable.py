import json
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.config.reloadable import Reloadable, ReloadError, parse, raised, unacknowledged
from bot.contract import parameters as rows
from tests.support.fakes import settings

START = Reloadable.of(settings())


def content(**values: object) -> bytes:
    return json.dumps(values).encode()


def errors_of(raw: bytes) -> list[str]:
    with pytest.raises(ReloadError) as caught:
        parse(raw, START)
    return caught.value.errors


def word(values: dict[str, object], by: str = "ann", reason: str = "a calm market") -> Any:  # noqa: ANN401 - JSON
    return {"by": by, "reason": reason, "values": values}


def test_the_start_values_are_those_of_the_environment() -> None:
    start = Reloadable.of(settings(MAX_POSITION_SIZE="7", KILL_SWITCH="true", LOG_LEVEL="debug"))
    assert (start.max_position_size, start.kill_switch, start.log_level) == (7, True, "debug")


def test_an_empty_object_means_the_start_values() -> None:
    assert parse(b"{}", START).values == START


def test_each_key_of_the_contract_reaches_its_field() -> None:
    values: dict[str, object] = {
        rows.MAX_POSITION_SIZE.key: "12.5",
        rows.RISK_LIMIT_PCT.key: "3",
        rows.MAX_ORDERS_PER_MINUTE.key: 7,
        rows.PRICE_COLLAR_PCT.key: "0.5",
        rows.DAILY_LOSS_LIMIT_PCT.key: "4",
        rows.REDUCE_ONLY.key: True,
        rows.ALLOW_SHORT.key: True,
        rows.READ_ONLY.key: True,
        rows.KILL_SWITCH.key: True,
        rows.LOG_LEVEL.key: "debug",
    }
    assert list(values) == [row.key for row in rows.RELOADABLE]
    assert parse(content(**values), START).values == Reloadable(
        max_position_size=Decimal("12.5"),
        risk_limit_pct=Decimal(3),
        max_orders_per_minute=7,
        price_collar_pct=Decimal("0.5"),
        daily_loss_limit_pct=Decimal(4),
        reduce_only=True,
        allow_short=True,
        read_only=True,
        kill_switch=True,
        log_level="debug",
    )


def test_a_key_of_another_version_is_left_alone() -> None:
    assert parse(content(moonPhase="full"), START).values == START


@pytest.mark.parametrize(
    ("raw", "says"),
    [
        (b"", "is not JSON"),
        (b"{", "is not JSON"),
        (b"[]", "is not a JSON object"),
        (b"null", "is not a JSON object"),
        (b"\xff\xfe", "is not UTF-8"),
        (b"\xef\xbb\xbf{}", "is not JSON"),
        (b"[" * 50_000, "is not JSON"),
        (b'{"riskLimitPct": NaN}', "NaN is not a number"),
        (b'{"readOnly": true, "readOnly": false}', "readOnly: more than once"),
        (b'{"maxOrdersPerMinute": ' + b"9" * 5000 + b"}", "is not JSON"),
        (
            content(maxPositionSize=1000),
            "maxPositionSize: '1000': must be a number written as text",
        ),
        (content(maxPositionSize="0"), "greater than 0"),
        (content(maxPositionSize="Infinity"), "finite"),
        (content(maxPositionSize=True), "as text"),
        (content(riskLimitPct="101"), "less than or equal to 100"),
        (content(riskLimitPct="much"), "valid decimal"),
        (content(maxOrdersPerMinute="60"), "valid integer"),
        (content(maxOrdersPerMinute=0), "greater than 0"),
        (content(maxOrdersPerMinute=True), "valid integer"),
        (content(maxOrdersPerMinute=1.5), "valid integer"),
        (content(killSwitch="true"), "valid boolean"),
        (content(killSwitch=1), "valid boolean"),
        (content(logLevel="loud"), "'debug', 'info', 'warning' or 'error'"),
        (content(acknowledgeRiskIncrease=True), "acknowledgeRiskIncrease: 'True'"),
        (content(acknowledgeRiskIncrease={"by": "ann"}), "acknowledgeRiskIncrease.reason"),
        (content(acknowledgeRiskIncrease=word({}, by="")), "at least 1 character"),
        (
            content(acknowledgeRiskIncrease=word({}) | {"x": 1}),
            "acknowledgeRiskIncrease.x: unknown key",
        ),
    ],
)
def test_a_wrong_content_is_named_with_its_key_and_what_is_right(raw: bytes, says: str) -> None:
    (line,) = errors_of(raw)[:1]
    assert says in line


def test_every_error_comes_at_once() -> None:
    lines = errors_of(content(readOnly="no", riskLimitPct=2, logLevel=""))
    assert {line.partition(":")[0] for line in lines} == {"readOnly", "riskLimitPct", "logLevel"}


def test_a_huge_value_is_not_repeated_whole() -> None:
    (line,) = errors_of(content(maxPositionSize="x" * 60_000))
    assert len(line) < 1000


@given(st.binary(max_size=60) | st.dictionaries(st.text(), st.text()).map(lambda x: content(**x)))
def test_any_content_is_a_configuration_or_a_list_of_errors(raw: bytes) -> None:
    lines = ["none"]
    try:
        parse(raw, START)
    except ReloadError as error:
        lines = error.errors
    assert lines


@pytest.mark.parametrize(
    ("change", "rises"),
    [
        ({}, []),
        ({"max_position_size": Decimal(1001)}, [rows.MAX_POSITION_SIZE.key]),
        ({"max_position_size": Decimal(999)}, []),
        ({"risk_limit_pct": Decimal("2.1")}, [rows.RISK_LIMIT_PCT.key]),
        ({"max_orders_per_minute": 61}, [rows.MAX_ORDERS_PER_MINUTE.key]),
        ({"price_collar_pct": Decimal(6)}, [rows.PRICE_COLLAR_PCT.key]),
        ({"daily_loss_limit_pct": Decimal(6)}, [rows.DAILY_LOSS_LIMIT_PCT.key]),
        ({"allow_short": True}, [rows.ALLOW_SHORT.key]),
        ({"reduce_only": True, "read_only": True, "kill_switch": True}, []),
        ({"log_level": "debug"}, []),
    ],
)
def test_more_room_is_more_risk(change: dict[str, Any], rises: list[str]) -> None:
    assert list(raised(START, replace(START, **change))) == rises


@pytest.mark.parametrize("name", ["reduce_only", "read_only", "kill_switch"])
def test_a_switch_that_is_let_go_raises_risk(name: str) -> None:
    on = replace(START, **{name: True})
    assert list(raised(on, START)) == [rows.PARAMETERS[name].key]


def test_a_permission_that_is_taken_back_raises_nothing() -> None:
    assert not raised(replace(START, allow_short=True), START)


def acknowledged(values: dict[str, object], rises: dict[str, Any]) -> bool:
    acknowledgement = parse(content(acknowledgeRiskIncrease=word(values)), START).acknowledgement
    return not unacknowledged(rises, acknowledgement, None)


def test_an_acknowledgement_covers_what_it_names_up_to_its_value() -> None:
    rise: dict[str, Any] = {rows.MAX_POSITION_SIZE.key: Decimal(2000)}
    assert acknowledged({"maxPositionSize": "2000"}, rise)
    assert acknowledged({"maxPositionSize": "2000.00"}, rise)
    assert acknowledged({"maxPositionSize": "3000"}, rise)
    assert not acknowledged({"maxPositionSize": "1999"}, rise)
    assert not acknowledged({"riskLimitPct": "3"}, rise)
    assert not acknowledged({}, rise)
    assert not acknowledged({"killSwitch": True}, {rows.KILL_SWITCH.key: False})
    assert acknowledged({"killSwitch": False}, {rows.KILL_SWITCH.key: False})
    assert not acknowledged({"killSwitch": False}, {rows.ALLOW_SHORT.key: True})
    assert acknowledged({"allowShort": True}, {rows.ALLOW_SHORT.key: True})


def test_an_acknowledgement_counts_once() -> None:
    acknowledgement = parse(
        content(acknowledgeRiskIncrease=word({"killSwitch": False})), START
    ).acknowledgement
    assert not unacknowledged({rows.KILL_SWITCH.key: False}, acknowledgement, None)
    (line,) = unacknowledged({rows.KILL_SWITCH.key: False}, acknowledgement, acknowledgement)
    assert "stood there before" in line


def test_the_refusal_of_raised_risk_shows_what_to_write() -> None:
    rises: dict[str, Any] = {
        rows.MAX_ORDERS_PER_MINUTE.key: 120,
        rows.RISK_LIMIT_PCT.key: Decimal("2.50"),
    }
    line = unacknowledged(rises, None, None)[0]
    example, _ = json.JSONDecoder().raw_decode(line[line.index('{"by"') :])
    assert acknowledged(example["values"], rises)
