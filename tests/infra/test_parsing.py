"""From raw texts to the typed config, or to every problem at once."""

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.contract.color import Color
from bot.contract.environment import DEFAULTS, DeployEnv
from infra.config import StackConfig
from infra.parsing import ConfigError, parse
from tests.infra.samples import OLD, PROJECT, config, raw

KEYS = sorted(str(field.alias) for field in StackConfig.model_fields.values())


def problems(*secret_keys: str, **changes: object) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        parse(raw(**changes), set(secret_keys), PROJECT)
    return caught.value.problems


def test_texts_become_types() -> None:
    parsed = config(canaryPercent="36", enableTrading="false", symbols='["BTC/USDT"]')
    assert parsed.active_color is Color.BLUE
    assert parsed.blue.replicas == 2
    assert parsed.canary_percent == 36
    assert parsed.trades is False
    assert parsed.symbols == ("BTC/USDT",)


@pytest.mark.parametrize("environment", DeployEnv)
def test_what_is_not_said_comes_from_the_environment(environment: DeployEnv) -> None:
    parsed = config(deployEnv=environment.value)
    assert parsed.endpoint == DEFAULTS[environment].api_endpoint
    assert parsed.trades is DEFAULTS[environment].enable_trading


def test_production_does_not_trade_unless_told() -> None:
    assert config(deployEnv="production").trades is False
    assert config(deployEnv="production", enableTrading="true").trades is True


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"activeColor": "gren"}, "trading-bot:activeColor: 'gren': must be 'blue' or 'green'"),
        ({"activeColor": "gren"}, "did you mean green?"),
        ({"activeColour": "green"}, "trading-bot:activeColour: unknown key; did you mean act"),
        ({"blue": '{"replica": 2}'}, "blue.replica: unknown key; did you mean blue.replicas?"),
        ({"zzz": "1"}, "trading-bot:zzz: unknown key; known: deployEnv, apiEndpoint"),
        ({"blue": '{"replicas": -1}'}, "trading-bot:blue.replicas: -1: must be greater than or"),
        ({"blue": "two"}, "trading-bot:blue: 'two': must be"),
        ({"maxPositionSize": "-5"}, "maxPositionSize: '-5': must be greater than 0 (Quote"),
        ({"maxPositionSize": "NaN"}, "maxPositionSize: 'NaN': must be a finite number"),
        ({"riskLimitPct": "0"}, "riskLimitPct: '0': must be greater than 0"),
        ({"riskLimitPct": "101"}, "riskLimitPct: '101': must be less than or equal to 100"),
        ({"canaryPercent": "100"}, "canaryPercent: '100': must be less than or equal to 99"),
        ({"enableTrading": "yes"}, "enableTrading: 'yes': must be true or false"),
        ({"symbols": "btc/usdt"}, "symbols: 'btc/usdt': 'btc/usdt' is not BASE/QUOTE"),
        ({"symbols": '["BTC/USDT","BTC/USDT"]'}, "BTC/USDT comes more than once"),
        ({"blue": '{"image": "a b", "replicas": 1}'}, "blue.image: 'a b': must be `build` or"),
        ({"blue": '{"image": "a@sha256:12"}'}, "blue.image: 'a@sha256:12': must be `build` or"),
        ({"namespace": "Bot_1"}, "trading-bot:namespace: 'Bot_1': "),
        ({"resources": '{"cpuRequest": "lots"}'}, "trading-bot:resources.cpuRequest: 'lots'"),
        ({"maxOrdersPerMinute": "0"}, "maxOrdersPerMinute: '0': must be greater than 0"),
        ({"priceCollarPct": "-1"}, "priceCollarPct: '-1': must be greater than 0"),
        ({"dailyLossLimitPct": "101"}, "dailyLossLimitPct: '101': must be less than or equal"),
        ({"killSwitch": "on"}, "killSwitch: 'on': must be true or false"),
        ({"acknowledgeRiskIncrease": '{"by": "ann"}'}, "must have by, reason and values"),
        (
            {"acknowledgeRiskIncrease": '{"values": {"maxPositionsize": "1"}}'},
            "did you mean acknowledgeRiskIncrease.values.maxPositionSize?",
        ),
        ({"account": "Main!"}, "trading-bot:account: 'Main!': "),
        ({"strategy": "cross"}, "strategy: 'cross': must be 'average-cross' or 'none'"),
        ({"shutdownPolicy": "flaten"}, "did you mean flatten?"),
        ({"criticalChecks": '["databse"]'}, "criticalChecks: ['databse']: must be some of start"),
        ({"criticalChecks": "database,database"}, "must be some of startup, database"),
        ({"redisUrl": "redis://:hush@cache"}, "redisUrl: 'redis://cache': must be redis://HOST"),
        ({"retentionDays": "0"}, "retentionDays: '0': must be greater than 0"),
        ({"startupSeconds": "601"}, "startupSeconds: '601': must be less than or equal to 600"),
        ({"deployEnv": None}, "trading-bot:deployEnv: missing; set it with `pulumi config set"),
    ],
)
def test_a_problem_names_key_value_and_what_is_right(
    changes: dict[str, Any], expected: str
) -> None:
    assert expected in "\n".join(problems(**changes))


@pytest.mark.parametrize(
    "url",
    [
        "https://localhost",
        "https://127.0.0.1:8443/api",
        "https://[::1]/",
        "https://2130706433",
        "https://0x7f.1",
        "https://bot.localtest.me",
        "paper://embedded",
        "http://api.binance.com",
    ],
)
def test_production_refuses_this_machine_and_plain_http(url: str) -> None:
    errors = problems(deployEnv="production", apiEndpoint=url)
    assert len(errors) == 1
    assert errors[0].startswith("trading-bot:apiEndpoint: ")


def test_every_problem_comes_at_once() -> None:
    errors = problems(
        activeColor="gren", blue='{"replicas": -1}', riskLimitPct="-1", actveColor="blue"
    )
    assert [line.split(":")[1] for line in errors] == [
        "activeColor",
        "actveColor",
        "blue.replicas",
        "riskLimitPct",
    ]


def test_a_password_in_an_endpoint_is_never_repeated() -> None:
    text = "\n".join(problems(apiEndpoint="https://user:hush-hush@example.com"))
    assert "apiEndpoint" in text
    assert "hush-hush" not in text


def test_secrets_that_are_not_encrypted_are_refused_and_not_repeated() -> None:
    text = "\n".join(problems(secrets='{"api-key": "hush-hush"}'))
    assert "--secret --path secrets.NAME" in text
    assert "hush-hush" not in text


def test_a_broken_secret_is_not_repeated() -> None:
    text = "\n".join(problems("secrets", secrets='{"bad name!": "hush", "ok": ["hush"]}'))
    assert "secrets.ok: [secret]: must be a valid string" in text
    assert "hush" not in text


def test_a_database_that_is_none_is_refused_and_not_repeated() -> None:
    text = "\n".join(problems("secrets", secrets='{"database-url": "mysql://u:hush@db/bot"}'))
    assert "database-url must be postgresql://USER:PASSWORD@HOST[:PORT]/DATABASE" in text
    assert "hush" not in text


def test_what_is_encrypted_must_not_be_shown_in_manifests() -> None:
    text = "\n".join(problems("apiEndpoint", apiEndpoint="https://example.com"))
    assert "trading-bot:apiEndpoint: is encrypted" in text


def test_secrets_do_not_show_in_the_parsed_config() -> None:
    parsed = parse(raw(secrets='{"api-key": "hush-hush"}'), {"secrets"}, PROJECT)
    assert "hush-hush" not in repr(parsed)
    assert parsed.secrets["api-key"].get_secret_value() == "hush-hush"


@pytest.mark.parametrize("key", KEYS)
def test_a_key_with_a_letter_too_many_is_refused_by_its_name(key: str) -> None:
    misspelt = f"{key[0]}{key}"
    assert f"trading-bot:{misspelt}: unknown key" in "\n".join(problems(**{misspelt: "1"}))


@given(st.dictionaries(st.sampled_from([*KEYS, "other"]), st.text(max_size=20), max_size=4))
def test_no_text_ever_makes_anything_but_a_config_or_problems(texts: dict[str, str]) -> None:
    with suppress(ConfigError):
        assert isinstance(parse(raw(**texts), set(), PROJECT), StackConfig)


def test_an_image_that_names_one_image_for_ever_is_pinned() -> None:
    assert config(blue={"image": OLD, "replicas": 1}).blue.pinned
    assert not config(blue={"image": "bot:1.2.3", "replicas": 1}).blue.pinned


def test_each_key_tells_unit_and_default() -> None:
    for field in StackConfig.model_fields.values():
        assert field.description
        assert field.description.endswith(".")
