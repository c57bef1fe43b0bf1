from dataclasses import replace
from decimal import Decimal

from prometheus_client.parser import text_string_to_metric_families

from bot.contract import metrics as names
from bot.health.background import Known
from bot.health.snapshot import Snapshot
from bot.health.startup import StartupState
from bot.process.identity import Identity
from bot.serving.metric_families import FAMILIES, IDENTITY_LABELS, Kind, reference
from bot.serving.metrics import Metrics
from bot.trading.orders import State
from bot.trading.signals import Fate
from tests.support.checkout import ROOT
from tests.support.fakes import BLUE, EPOCH
from tests.support.snapshot import WELL

MANUAL = ROOT / "docs" / "metrics.md"
WHO = Identity("1.2.3", "abc", "2026-01-01T00:00:00Z", "blue", "bot-blue-1", "r@sha256:1", "local")
NEW = replace(
    WELL,
    uptime_seconds=0.1,
    beat_age_seconds=None,
    last_beat=None,
    intent=None,
    intent_active=False,
    intent_age_seconds=None,
    open_positions=0,
    unrealized_profit=Decimal(0),
    lease_held=False,
)
FULL = replace(
    NEW,
    beat_age_seconds=0.1,
    last_beat=EPOCH,
    intent=BLUE,
    intent_active=True,
    intent_age_seconds=0.5,
    unrealized_profit=Decimal("-1.5"),
    checks={
        "database": Known(passed=True, age_seconds=1.5, duration_seconds=0.25),
        "exchange": Known(passed=False, reason="down", age_seconds=2.5, duration_seconds=0.5),
    },
    startup=StartupState(done=False, step="x", late=False, elapsed_seconds=1, limit_seconds=60),
    loop_lag_seconds=0.125,
    feed_age_seconds=0.75,
    lease_held=True,
    lease_epoch=7,
    orders_by_state={State.ACKED: 4, State.UNKNOWN: 2, State.INTENT: 1},
    signals_pending=3,
    reconcile_differences=("a", "b"),
    last_reconcile=EPOCH,
    positions={"BTC/USDT": Decimal("-0.5")},
    config_generation=9,
    config_invalid="no",
    stops=("read-only", "kill switch"),
)


def metrics(now: Snapshot) -> Metrics:
    subject = Metrics(WHO, lambda: now)
    subject.request("/livez", 200, 0.001)
    subject.order("buy", "filled")
    subject.signal(Fate.EXECUTED)
    subject.intent_to_ack(0.03)
    subject.tick_to_intent(0.004)
    return subject


def samples(now: Snapshot) -> dict[tuple[str, ...], float]:
    text = metrics(now).text().decode()
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_the_table_describes_each_name_of_the_contract() -> None:
    named = {value for name, value in vars(names).items() if name.isupper()}
    assert set(FAMILIES) == named


def test_what_is_exported_is_what_the_table_says() -> None:
    exported = {
        f"{f.name}_total" if f.type == "counter" else f.name: f
        for f in text_string_to_metric_families(metrics(FULL).text().decode())
        if f.name.startswith("bot_")
    }
    assert set(exported) == set(FAMILIES)
    for name, family in exported.items():
        assert (family.type, family.documentation) == (FAMILIES[name].kind, FAMILIES[name].text)
        for sample in family.samples:
            assert set(sample.labels) - {"le"} == set(FAMILIES[name].labels)


def test_the_identity_labels_are_those_of_the_version() -> None:
    assert tuple(WHO.to_dict()) == IDENTITY_LABELS


def test_the_manual_is_made_from_the_table() -> None:
    assert MANUAL.read_text() == reference(), (
        "run: python -m bot.serving.metric_families > docs/metrics.md"
    )


def test_names_follow_the_conventions_of_prometheus() -> None:
    for name, family in FAMILIES.items():
        assert name.startswith("bot_")
        assert name.endswith("_total") is (family.kind is Kind.COUNTER)
        if family.kind is Kind.HISTOGRAM:
            assert name.endswith("_seconds")


def test_a_snapshot_arrives_as_numbers() -> None:
    values = samples(FULL)
    expected: dict[tuple[str, ...], float] = {
        (names.STARTED,): 0,
        (names.STOPPED,): 2,
        (names.LOOP_LAG_SECONDS,): 0.125,
        (names.FEED_AGE_SECONDS,): 0.75,
        (names.LEASE_HELD,): 1,
        (names.LEASE_EPOCH,): 7,
        (names.ORDERS_BY_STATE, "acked"): 4,
        (names.ORDERS_BY_STATE, "filled"): 0,
        (names.UNKNOWN_ORDERS,): 3,
        (names.SIGNALS_PENDING,): 3,
        (names.SIGNALS_TOTAL, "executed"): 1,
        (names.SIGNALS_TOTAL, "refused"): 0,
        (names.RECONCILE_DIFFERENCES,): 2,
        (names.RECONCILE_TIMESTAMP_SECONDS,): EPOCH.timestamp(),
        (names.POSITION_QUANTITY, "BTC/USDT"): -0.5,
        (names.UNREALIZED_PROFIT_QUOTE,): -1.5,
        (names.CONFIG_GENERATION,): 9,
        (names.CONFIG_INVALID,): 1,
        (names.CHECK_UP, "database"): 1,
        (names.CHECK_UP, "exchange"): 0,
        (names.CHECK_AGE_SECONDS, "exchange"): 2.5,
        (names.CHECK_DURATION_SECONDS, "database"): 0.25,
        ("bot_intent_to_ack_seconds_count",): 1,
        ("bot_tick_to_intent_seconds_count",): 1,
    }
    assert {key: values[key] for key in expected} == expected


def test_what_is_not_known_is_left_out() -> None:
    values = samples(NEW)
    for name in (
        names.HEARTBEAT_TIMESTAMP_SECONDS,
        names.LEASE_EPOCH,
        names.FEED_AGE_SECONDS,
        names.RECONCILE_DIFFERENCES,
        names.RECONCILE_TIMESTAMP_SECONDS,
    ):
        assert (name,) not in values
