"""What is served equals what the contract names."""

import httpx2
from prometheus_client.parser import text_string_to_metric_families

from bot.app import Bot, intent_source
from bot.config.settings import Settings
from bot.contract import environment as env
from bot.contract import http, labels, metrics
from bot.contract.color import Color
from bot.contract.parameters import PARAMETERS
from bot.intent.file import FileSource
from bot.intent.fixed import FixedSource
from bot.kubernetes.config_map import ConfigMapWatch
from bot.process.clock import Clock
from bot.process.stop_flag import StopFlag
from bot.serving.http import PATHS
from tests.support.checkout import ROOT
from tests.support.fakes import FakeVenue, memory_ledger, settings
from tests.support.plain import NO_TLS

DOCKERFILE = ROOT / "bot" / "Dockerfile"


def constants(module: object) -> dict[str, str]:
    items = vars(module).items()
    return {name: value for name, value in items if name.isupper() and isinstance(value, str)}


def bot() -> Bot:
    config = settings()
    return Bot(
        config,
        source=FixedSource(Color.BLUE),
        venue=FakeVenue(),
        ledger=memory_ledger(),
        flag=StopFlag(),
        clock=Clock(),
    )


async def get(subject: Bot, path: str) -> httpx2.Response:
    transport = httpx2.ASGITransport(subject.app)
    async with httpx2.AsyncClient(
        transport=transport, base_url="http://bot", verify=NO_TLS
    ) as client:
        return await client.get(path)


async def test_the_served_paths_are_those_of_the_contract() -> None:
    named = {value for value in constants(http).values() if value.startswith("/")}
    assert named == {*PATHS, http.SIGNAL}
    for path in named:
        # 405: a signal is posted. 503: nothing is started, and no credential is mounted.
        assert (await get(bot(), path)).status_code in (200, 405, 503)
    assert (await get(bot(), "/")).status_code == 404


async def test_the_exported_metrics_are_those_of_the_contract() -> None:
    subject = bot()
    subject.state.show({"activeColor": "blue"}, "1")
    subject.metrics.order("buy", "filled")
    await get(subject, http.VERSION)
    text = (await get(subject, http.METRICS)).text
    families = text_string_to_metric_families(text)
    exported = {f"{f.name}_total" if f.type == "counter" else f.name for f in families}
    named = set(constants(metrics).values())
    assert {name for name in exported if name.startswith("bot_")} == named
    assert "process_resident_memory_bytes" in exported


async def test_any_path_of_a_stranger_is_one_time_series() -> None:
    subject = bot()
    for number in range(20):
        await get(subject, f"/{number}")
    text = (await get(subject, http.METRICS)).text
    assert f'{metrics.HTTP_REQUESTS_TOTAL}{{path="other",status="404"}} 20.0' in text


def test_the_settings_read_the_variables_of_the_contract() -> None:
    not_variables = {
        "PAPER_ENDPOINT",
        "VERSION_DEFAULT",
        "STAMP_DEFAULT",
        "ACCOUNT_DEFAULT",
        "DEPLOY_ENV_DEFAULT",
        "ACCOUNT_PATTERN",
        "ORDER_MARK_DEFAULT",
        "ORDER_MARK_PATTERN",
    }
    named = {value for name, value in constants(env).items() if name not in not_variables}
    named |= {row.variable for row in PARAMETERS.values()}
    read = {str(field.validation_alias) for field in Settings.model_fields.values()}
    assert read == named


def test_the_image_sets_the_labels_and_variables_of_the_contract() -> None:
    text = DOCKERFILE.read_text()
    for label in constants(labels).values():
        assert f"{label}=" in text
    for variable in (env.VERSION, env.REVISION, env.CREATED):
        argument = variable.removeprefix("BOT_")
        assert f"ARG {argument}=" in text
        assert f"{variable}=${{{argument}}}" in text
    assert f"EXPOSE {http.PORT}\n" in text


def test_the_image_builds_on_old_engines_and_pins_its_base() -> None:
    lines = DOCKERFILE.read_text().splitlines()
    assert not lines[0].startswith("# syntax")
    instructions = [line for line in lines if not line.startswith("#")]
    assert not any("<<" in line or "--link" in line for line in instructions)
    (base,) = [line for line in lines if line.startswith("ARG BASE_IMAGE=")]
    assert "@sha256:" in base
    assert all("${BASE_IMAGE}" in x or "dependencies" in x for x in lines if x.startswith("FROM"))
    assert "USER 65532:65532" in lines


def test_the_settings_choose_the_source_of_the_intent() -> None:
    pod = {
        "KUBERNETES_SERVICE_HOST": "10.0.0.1",
        env.DEPLOY_ENV: "local",
        env.COLOR: "blue",
        env.INTENT_CONFIGMAP: "bot-intent",
        env.POD_NAMESPACE: "trading",
    }
    cases: list[tuple[dict[str, str], type]] = [
        ({}, FixedSource),
        ({env.INTENT_FILE: "/x.json"}, FileSource),
        (pod, ConfigMapWatch),
    ]
    for environ, kind in cases:
        assert isinstance(intent_source(settings(**environ), environ, Clock()), kind)
