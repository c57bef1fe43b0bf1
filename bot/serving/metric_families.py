"""The metrics' meaning: kind, labels and help text of each, written down once.

`python -m bot.serving.metric_families > docs/metrics.md` makes the manual; a test holds it against
this table.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from bot.contract import metrics as names


class Kind(StrEnum):
    """Of a family, in Prometheus's words."""

    GAUGE = "gauge"
    COUNTER = "counter"
    HISTOGRAM = "histogram"


@dataclass(frozen=True, slots=True)
class Family:
    """One metric."""

    kind: Kind
    text: str
    labels: tuple[str, ...] = ()


IDENTITY_LABELS = ("version", "revision", "created", "color", "pod", "image", "environment")
GAUGE, COUNTER, HISTOGRAM = Kind.GAUGE, Kind.COUNTER, Kind.HISTOGRAM

FAMILIES: Mapping[str, Family] = {
    names.BUILD_INFO: Family(GAUGE, "Who this is; always 1.", IDENTITY_LABELS),
    names.ACTIVE: Family(GAUGE, "Whether the intent names this color."),
    names.READY: Family(GAUGE, "Whether the readiness probe passes."),
    names.STARTED: Family(GAUGE, "Whether restore and the first reconciliation are done."),
    names.DRAINING: Family(GAUGE, "Whether the pod is on its way out."),
    names.STOPPED: Family(GAUGE, "How many switches stop new risk, such as read-only."),
    names.HEARTBEAT_TIMESTAMP_SECONDS: Family(GAUGE, "When the trading loop last beat."),
    names.LOOP_LAG_SECONDS: Family(GAUGE, "Latest wake-up of the event loop in 15 to 30 s."),
    names.INTENT_AGE_SECONDS: Family(GAUGE, "Since the deployment's intent was confirmed."),
    names.INTENT_INVALID: Family(GAUGE, "The source holds no intent; the last good one stays."),
    names.INTENT_CHANGES_TOTAL: Family(COUNTER, "How often another intent followed the first."),
    names.INTENT_SOURCE_ERRORS_TOTAL: Family(
        COUNTER, "How often the intent's source could not be read."
    ),
    names.LEASE_HELD: Family(GAUGE, "Whether this pod may trade something, by its own clock."),
    names.LEASE_EPOCH: Family(GAUGE, "The highest of the leases that this pod holds."),
    names.LEASES_HELD: Family(GAUGE, "How many leases this pod holds: shards, and the account's."),
    names.SHARD_HELD: Family(
        GAUGE, "Whether this pod may trade in this shard, for those that have symbols.", ("shard",)
    ),
    names.SHARD_EPOCH: Family(
        GAUGE, "Changes of hands of this shard's lease, as this pod saw it last.", ("shard",)
    ),
    names.AUTHORITY_REFUSED: Family(
        GAUGE, "1 while the database lets this pod hold nothing.", ("reason",)
    ),
    names.HANDOVER_PAUSE_SECONDS: Family(
        HISTOGRAM,
        "For how long nobody decided in a shard that this pod took: handed over, or run out.",
        ("how",),
    ),
    names.LATE_ORDERS_TOTAL: Family(
        COUNTER,
        "Orders refused because authority or window had ended, by who refused.",
        ("refused_by",),
    ),
    names.LOST_ORDERS_FILLED_TOTAL: Family(
        COUNTER, "Orders that had been called lost and were filled: the account is read-only then."
    ),
    names.FEED_AGE_SECONDS: Family(GAUGE, "Since the youngest market data."),
    names.SIGNALS_TOTAL: Family(COUNTER, "Signals by what became of them.", ("fate",)),
    names.SIGNALS_PENDING: Family(GAUGE, "Signals accepted, without a fate yet."),
    names.TICK_TO_INTENT_SECONDS: Family(
        HISTOGRAM, "From the market data or signal to the order's committed intent."
    ),
    names.INTENT_TO_ACK_SECONDS: Family(
        HISTOGRAM, "From an order's committed intent to the venue's answer."
    ),
    names.ORDERS_TOTAL: Family(COUNTER, "Orders sent, by what became of them.", ("side", "result")),
    names.ORDERS_BY_STATE: Family(GAUGE, "Orders in the ledger.", ("state",)),
    names.UNKNOWN_ORDERS: Family(GAUGE, "Orders that only the venue can tell about."),
    names.OPEN_POSITIONS: Family(GAUGE, "Positions that hold something."),
    names.POSITION_QUANTITY: Family(
        GAUGE, "Held of a symbol, in base currency; negative is short.", ("symbol",)
    ),
    names.UNREALIZED_PROFIT_QUOTE: Family(GAUGE, "Of all open positions, in quote currency."),
    names.RECONCILE_DIFFERENCES: Family(
        GAUGE, "Differences between ledger and venue at the last reconciliation."
    ),
    names.RECONCILE_TIMESTAMP_SECONDS: Family(GAUGE, "When a reconciliation last ended."),
    names.CONFIG_GENERATION: Family(GAUGE, "How many configurations took effect since the start."),
    names.CONFIG_INVALID: Family(GAUGE, "The reloaded file is refused; the old one stays."),
    names.CHECK_UP: Family(
        GAUGE, "0 when the check fails, whether or not that makes the pod unready.", ("check",)
    ),
    names.CHECK_AGE_SECONDS: Family(GAUGE, "Since a background check's last answer.", ("check",)),
    names.CHECK_DURATION_SECONDS: Family(GAUGE, "Of the check's last run.", ("check",)),
    names.HTTP_REQUESTS_TOTAL: Family(COUNTER, "Requests answered.", ("path", "status")),
    names.HTTP_REQUEST_DURATION_SECONDS: Family(
        HISTOGRAM, "From the request's head to the end of the answer.", ("path",)
    ),
}

_HEAD = """\
# Metrics

Made by `python -m bot.serving.metric_families`; tests hold it against the code and `/metrics`. A
gauge whose value is not known (never reconciled, no lease yet) has no sample, not 0. Every pod is
identified by `bot_build_info`'s labels and by what the scraper adds. The usual `process_*` come
with them.

| name | kind | labels | meaning |
|---|---|---|---|"""


def reference() -> str:
    """Return the manual as Markdown."""
    rows = [
        f"| `{name}` | {family.kind} | {', '.join(family.labels) or '-'} | {family.text} |"
        for name, family in FAMILIES.items()
    ]
    return "\n".join([_HEAD, *rows, ""])


if __name__ == "__main__":
    print(reference(), end="")  # noqa: T201 - it is the command's result
