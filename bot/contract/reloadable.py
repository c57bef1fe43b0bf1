"""The part of the configuration that a running bot takes over without a restart: file and keys.

The Pulumi program writes the file (a ConfigMap, mounted as a folder), the bot watches the folder.
The keys are the environment's names in camelCase, as in the stack config. Amounts and percentages
are decimal numbers as text, the others JSON's own numbers and booleans. Two versions of the bot
read one file: a key that a version does not know is left alone, and one that is missing means the
start value (environment variable or default).
"""

CONFIG_FILE = "config.json"
"""Its name in the folder that BOT_CONFIG_DIR names."""

MAX_POSITION_SIZE = "maxPositionSize"
RISK_LIMIT_PCT = "riskLimitPct"
MAX_ORDERS_PER_MINUTE = "maxOrdersPerMinute"
PRICE_COLLAR_PCT = "priceCollarPct"
DAILY_LOSS_LIMIT_PCT = "dailyLossLimitPct"
REDUCE_ONLY = "reduceOnly"
READ_ONLY = "readOnly"
KILL_SWITCH = "killSwitch"
LOG_LEVEL = "logLevel"

RELOADABLE_KEYS = (
    MAX_POSITION_SIZE,
    RISK_LIMIT_PCT,
    MAX_ORDERS_PER_MINUTE,
    PRICE_COLLAR_PCT,
    DAILY_LOSS_LIMIT_PCT,
    REDUCE_ONLY,
    READ_ONLY,
    KILL_SWITCH,
    LOG_LEVEL,
)

ACKNOWLEDGE_RISK_INCREASE = "acknowledgeRiskIncrease"
"""In production, what raises risk needs this object beside it, written for this very change:
`{"by": "who", "reason": "why", "values": {"maxPositionSize": "2000"}}`. `values` repeats what is
raised; for a number, up to where. One that stood in the content before acknowledges nothing new.
"""
ACKNOWLEDGED_BY = "by"
ACKNOWLEDGED_REASON = "reason"
ACKNOWLEDGED_VALUES = "values"

CONFIG_BYTES_MAX = 65536
