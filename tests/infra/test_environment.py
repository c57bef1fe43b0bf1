"""What the bot is told, and where: variables at its start, or the file that it reads again."""

import json
from decimal import Decimal

import pytest

from bot.config.reloadable import Reloadable, parse
from bot.config.settings import Settings
from bot.contract import environment as env
from bot.contract import parameters as rows
from bot.contract import reloadable
from bot.contract.color import Color
from bot.contract.environment import DeployEnv
from infra.environment import CONFIG_PATH, config_file, settings
from tests.infra.recorder import record
from tests.infra.samples import config

LIMITS = {
    "maxPositionSize": "20",
    "riskLimitPct": "3",
    "maxOrdersPerMinute": "7",
    "priceCollarPct": "1.5",
    "dailyLossLimitPct": "4",
    "reduceOnly": "true",
    "allowShort": "true",
    "readOnly": "true",
    "killSwitch": "true",
    "logLevel": "debug",
}
KEYS = [row.key for row in rows.RELOADABLE]


def test_numbers_reach_the_bot_as_it_reads_them() -> None:
    content = json.loads(config_file(config(maxPositionSize="1E+3", riskLimitPct="0.50")))
    assert content[rows.MAX_POSITION_SIZE.key] == "1000"
    assert Decimal(content[rows.RISK_LIMIT_PCT.key]) == Decimal("0.5")


def test_the_file_holds_each_reloadable_key_and_no_other() -> None:
    assert list(json.loads(config_file(config()))) == KEYS
    assert set(LIMITS) == set(KEYS)


def test_the_bot_takes_what_the_program_writes() -> None:
    start = Reloadable.of(Settings.load({}))
    taken = parse(config_file(config(**LIMITS)).encode(), start)
    assert taken.values == Reloadable(
        max_position_size=Decimal(20),
        risk_limit_pct=Decimal(3),
        max_orders_per_minute=7,
        price_collar_pct=Decimal("1.5"),
        daily_loss_limit_pct=Decimal(4),
        reduce_only=True,
        allow_short=True,
        read_only=True,
        kill_switch=True,
        log_level="debug",
    )
    assert taken.acknowledgement is None


def test_an_acknowledgement_reaches_the_bot() -> None:
    values = {"maxPositionSize": "2000", "maxOrdersPerMinute": 90, "killSwitch": "false"}
    word = {"by": "ann", "reason": "more volume", "values": values}
    text = config_file(config(acknowledgeRiskIncrease=json.dumps(word)))
    taken = parse(text.encode(), Reloadable.of(Settings.load({})))
    assert taken.acknowledgement is not None
    assert taken.acknowledgement.by == "ann"
    assert dict(taken.acknowledgement.values) == {
        "maxPositionSize": Decimal(2000),
        "maxOrdersPerMinute": 90,
        "killSwitch": False,
    }


def test_a_change_of_any_limit_restarts_no_pod() -> None:
    before, _ = record(config())
    after, _ = record(config(**LIMITS))
    for each in Color:
        key = f"Deployment::bot-{each}"
        assert before[key].inputs == after[key].inputs
    old, new = (made["ConfigMap::bot-config"].inputs["data"] for made in (before, after))
    contents = (json.loads(data[reloadable.CONFIG_FILE]) for data in (old, new))
    assert all(
        one != other for one, other in zip(*(each.values() for each in contents), strict=True)
    )


def test_pods_mount_the_file_in_a_folder_that_follows_its_changes() -> None:
    declared, _ = record(config())
    for each in Color:
        deployment = declared[f"Deployment::bot-{each}"]
        pod = deployment.inputs["spec"]["template"]["spec"]
        (mount,) = [
            mount for mount in pod["containers"][0]["volumeMounts"] if mount["name"] == "config"
        ]
        assert mount["mountPath"] == CONFIG_PATH == settings(config(), each)[env.CONFIG_DIR]
        assert "subPath" not in mount
        assert "ConfigMap::bot-config" in deployment.dependencies


def test_what_a_person_does_not_set_is_the_environments_own() -> None:
    production = config(deployEnv="production")
    variables = settings(production, Color.BLUE)
    assert variables[env.API_ENDPOINT] == "https://api.binance.com"
    assert variables[env.ENABLE_TRADING] == "false"
    assert variables[env.STRATEGY] == "none"
    assert json.loads(config_file(production))[rows.MAX_POSITION_SIZE.key] == "500"
    assert variables[env.COLOR] == "blue"


@pytest.mark.parametrize("environment", DeployEnv)
def test_the_bot_accepts_what_the_program_tells_it(environment: DeployEnv) -> None:
    variables = settings(config(deployEnv=environment.value), Color.GREEN)
    pod = {env.POD_NAME: "bot-green-1", env.POD_NAMESPACE: "ns", "KUBERNETES_SERVICE_HOST": "k"}
    loaded = Settings.load({**variables, **pod})
    assert loaded.color is Color.GREEN
    assert loaded.shutdown_seconds == 10
