from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.config.settings import KUBERNETES_HOST, Settings, SettingsError
from bot.contract import environment as env
from bot.contract import parameters as rows
from bot.contract.color import Color
from bot.contract.environment import DEFAULTS, DeployEnv

POD = {
    KUBERNETES_HOST: "10.0.0.1",
    env.DEPLOY_ENV: "local",
    env.COLOR: "green",
    env.INTENT_CONFIGMAP: "bot-intent",
    env.POD_NAME: "bot-green-1",
    env.POD_NAMESPACE: "trading",
}


def errors_of(environ: dict[str, str]) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        Settings.load(environ)
    return caught.value.errors


def test_an_empty_environment_is_a_configuration() -> None:
    settings = Settings.load({})
    assert settings.deploy_env is DeployEnv.LOCAL
    assert settings.color is Color.BLUE
    assert settings.symbols == env.DEFAULT_SYMBOLS
    assert settings.version == "0.0.0-dev"
    assert settings.pod_name


@pytest.mark.parametrize("deploy_env", DeployEnv)
def test_the_environment_decides_the_defaults(deploy_env: DeployEnv) -> None:
    settings = Settings.load({env.DEPLOY_ENV: deploy_env})
    expected = DEFAULTS[deploy_env]
    assert settings.api_endpoint == expected.api_endpoint
    assert settings.max_position_size == Decimal(expected.max_position_size)
    assert settings.risk_limit_pct == Decimal(expected.risk_limit_pct)
    assert settings.enable_trading is expected.enable_trading
    assert settings.strategy is expected.strategy


def test_production_trades_only_when_told_so() -> None:
    assert not Settings.load({env.DEPLOY_ENV: "production"}).enable_trading
    settings = Settings.load({env.DEPLOY_ENV: "production", env.ENABLE_TRADING: "true"})
    assert settings.enable_trading


@pytest.mark.parametrize(
    ("key", "value", "says"),
    [
        (env.DEPLOY_ENV, "prod", "'local', 'staging' or 'production'"),
        (env.DEPLOY_ENV, "", "'local', 'staging' or 'production'"),
        (env.API_ENDPOINT, "ftp://x", "https://"),
        (rows.MAX_POSITION_SIZE.variable, "-1", "greater than 0"),
        (rows.MAX_POSITION_SIZE.variable, "0", "greater than 0"),
        (rows.MAX_POSITION_SIZE.variable, "NaN", "finite"),
        (rows.MAX_POSITION_SIZE.variable, "Infinity", "finite"),
        (rows.MAX_POSITION_SIZE.variable, "many", "valid decimal"),
        (rows.MAX_POSITION_SIZE.variable, "", "valid decimal"),
        (rows.RISK_LIMIT_PCT.variable, "-2", "greater than 0"),
        (rows.RISK_LIMIT_PCT.variable, "101", "less than or equal to 100"),
        (env.ENABLE_TRADING, "yes", "true or false"),
        (env.ENABLE_TRADING, "", "true or false"),
        (env.SYMBOLS, "btc/usdt", "BASE/QUOTE"),
        (env.SYMBOLS, "BTC/USDT,BTC/USDT", "more than once"),
        (env.SYMBOLS, "", "BASE/QUOTE"),
        (rows.LOG_LEVEL.variable, "loud", "'debug', 'info', 'warning' or 'error'"),
        (env.COLOR, "red", "'blue' or 'green'"),
        (env.HTTP_PORT, "65536", "65535"),
        (env.HTTP_PORT, "http", "integer"),
        (env.INTENT_FILE, "intent.json", "absolute path"),
        (env.SECRETS_DIR, "secrets", "absolute path"),
        (rows.DRAIN_SECONDS.variable, "-1", "greater than or equal to 0"),
        (rows.DRAIN_SECONDS.variable, "inf", "finite"),
        (rows.DRAIN_SECONDS.variable, "601", "600"),
        (rows.SHUTDOWN_SECONDS.variable, "0", "greater than 0"),
        (env.CLOSE_CONNECTIONS, "off", "true or false"),
        (env.INTENT_CONFIGMAP, "bot-intent", env.INTENT_FILE),
        (env.ACCOUNT, "Main account", "pattern"),
        (env.ACCOUNT, "", "pattern"),
        (env.ORDER_MARK, "Two", "pattern"),
        (env.ORDER_MARK, "toolong", "pattern"),
        (env.ORDER_MARK, "", "pattern"),
        (env.STRATEGY, "martingale", "'average-cross' or 'none'"),
        (rows.MAX_ORDERS_PER_MINUTE.variable, "0", "greater than 0"),
        (rows.MAX_ORDERS_PER_MINUTE.variable, "1.5", "integer"),
        (rows.PRICE_COLLAR_PCT.variable, "0", "greater than 0"),
        (rows.DAILY_LOSS_LIMIT_PCT.variable, "101", "less than or equal to 100"),
        (rows.REDUCE_ONLY.variable, "1", "true or false"),
        (rows.READ_ONLY.variable, "on", "true or false"),
        (rows.KILL_SWITCH.variable, "", "true or false"),
        (env.SHUTDOWN_POLICY, "panic", "'handover', 'cancel' or 'flatten'"),
        (env.CRITICAL_CHECKS, "database,weather", "startup, database, exchange"),
        (env.CRITICAL_CHECKS, "database,database", "each once"),
        (env.CRITICAL_CHECKS, "", "must be some of"),
        (rows.STARTUP_SECONDS.variable, "0", "greater than 0"),
        (rows.STARTUP_SECONDS.variable, "601", "600"),
        (env.CONFIG_DIR, "config", "absolute path"),
        (env.LEDGER, "ledger.sqlite", "absolute path"),
        (rows.RETENTION_DAYS.variable, "0", "greater than 0"),
        (env.REDIS_URL, "http://cache", "redis://"),
    ],
)
def test_a_wrong_value_is_named_with_its_key_and_what_is_right(
    key: str, value: str, says: str
) -> None:
    (line,) = errors_of({key: value})
    assert line.startswith(f"{key}={value!r}: ") or key in (env.API_ENDPOINT, env.REDIS_URL)
    assert says in line


def test_every_error_comes_at_once() -> None:
    lines = errors_of(
        {
            env.DEPLOY_ENV: "production",
            env.API_ENDPOINT: "https://127.1/",
            rows.MAX_POSITION_SIZE.variable: "-1",
            rows.RISK_LIMIT_PCT.variable: "0",
            env.ENABLE_TRADING: "maybe",
            env.COLOR: "red",
            env.INTENT_CONFIGMAP: "bot-intent",
        }
    )
    assert {line.partition("=")[0] for line in lines} == {
        env.API_ENDPOINT,
        rows.MAX_POSITION_SIZE.variable,
        rows.RISK_LIMIT_PCT.variable,
        env.ENABLE_TRADING,
        env.COLOR,
        env.INTENT_CONFIGMAP,
    }


@pytest.mark.parametrize("key", [env.API_ENDPOINT, env.REDIS_URL])
@pytest.mark.parametrize("scheme", ["https", "redis"])
@pytest.mark.parametrize("rest", ["://me:hunter2@x.com", "://x.com/?key=hunter2", "hunter2"])
def test_a_password_in_a_url_is_refused_and_never_printed(key: str, scheme: str, rest: str) -> None:
    (line,) = errors_of({key: scheme + rest})
    assert "hunter2" not in line


def test_an_empty_path_or_cache_means_none() -> None:
    settings = Settings.load({env.LEDGER: "", env.CONFIG_DIR: "", env.REDIS_URL: ""})
    assert settings.ledger is None
    assert settings.config_dir is None
    assert settings.redis_url is None


def test_what_is_set_arrives_with_its_type() -> None:
    settings = Settings.load(
        {
            env.LEDGER: "/data/ledger.sqlite",
            env.REDIS_URL: "rediss://cache:6380/1",
            env.CRITICAL_CHECKS: "startup, exchange",
            rows.PRICE_COLLAR_PCT.variable: "0.5",
            env.SHUTDOWN_POLICY: "flatten",
            rows.KILL_SWITCH.variable: "TRUE",
        }
    )
    assert settings.ledger == Path("/data/ledger.sqlite")
    assert settings.redis_url == "rediss://cache:6380/1"
    assert settings.critical_checks == ("startup", "exchange")
    assert settings.price_collar_pct == Decimal("0.5")
    assert settings.shutdown_policy is env.ShutdownPolicy.FLATTEN
    assert settings.kill_switch


def test_a_wrong_environment_hides_no_other_error() -> None:
    lines = errors_of({env.DEPLOY_ENV: "prod", rows.RISK_LIMIT_PCT.variable: "-1"})
    assert [line.partition("=")[0] for line in lines] == [
        env.DEPLOY_ENV,
        rows.RISK_LIMIT_PCT.variable,
    ]


@pytest.mark.parametrize(
    "key",
    [env.DEPLOY_ENV, env.COLOR, env.INTENT_CONFIGMAP, env.POD_NAME, env.POD_NAMESPACE],
)
def test_a_pod_needs_to_be_told_who_it_is(key: str) -> None:
    (line,) = errors_of({name: value for name, value in POD.items() if name != key})
    assert line.startswith(f"{key}: not set")


def test_a_pod_with_all_it_needs_is_configured() -> None:
    settings = Settings.load(POD | {env.IMAGE: "", env.LEDGER: ""})
    assert settings.color is Color.GREEN
    assert settings.intent_configmap == "bot-intent"


def test_two_sources_of_the_intent_are_one_too_many() -> None:
    (line,) = errors_of(POD | {env.INTENT_FILE: "/intent.json"})
    assert env.INTENT_CONFIGMAP in line
    assert env.INTENT_FILE in line


def test_a_file_names_the_intent_where_there_is_no_cluster() -> None:
    assert Settings.load({env.INTENT_FILE: "/intent.json"}).intent_file == Path("/intent.json")


def test_the_config_map_of_the_limits_is_watched_by_a_pod_that_also_has_the_file() -> None:
    given = {env.CONFIG_CONFIGMAP: "bot-config", env.CONFIG_DIR: "/etc/bot/config"}
    assert Settings.load(POD | given).config_configmap == "bot-config"
    for wrong in (given, POD | {env.CONFIG_CONFIGMAP: "bot-config"}):
        (line,) = errors_of(wrong)
        assert line.startswith(f"{env.CONFIG_CONFIGMAP}='bot-config': only a pod can watch it")


KEYS = [
    *(value for name, value in vars(env).items() if name.isupper() and isinstance(value, str)),
    *(row.variable for row in rows.PARAMETERS.values()),
]


@given(st.dictionaries(st.sampled_from(KEYS), st.text(max_size=12)))
def test_any_environment_is_a_configuration_or_a_list_of_errors(environ: dict[str, str]) -> None:
    lines = ["none"]
    try:
        Settings.load(environ)
    except SettingsError as error:
        lines = error.errors
    assert lines
