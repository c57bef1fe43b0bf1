"""The part of the configuration that a running bot takes over without a restart: file and keys.

The Pulumi program writes the file (a ConfigMap, mounted as a folder); the bot watches the ConfigMap
and the folder.
Its keys are those of the rows `bot.contract.parameters.RELOADABLE`, as in the stack config. Amounts
and percentages are decimal numbers as text, the others JSON's own numbers and booleans. Two
versions of the bot read one file: a key that a version does not know is left alone, and one that is
missing means the start value (environment variable or default).
"""

from hashlib import sha256

CONFIG_FILE = "config.json"
"""Its name in the folder that BOT_CONFIG_DIR names."""

ACKNOWLEDGE_RISK_INCREASE = "acknowledgeRiskIncrease"
"""In production, what raises risk needs this object beside it, written for this very change:
`{"by": "who", "reason": "why", "values": {"maxPositionSize": "2000"}}`. `values` repeats what is
raised; for a number, up to where. One that stood in the content before acknowledges nothing new.
"""
ACKNOWLEDGED_BY = "by"
ACKNOWLEDGED_REASON = "reason"
ACKNOWLEDGED_VALUES = "values"

CONFIG_BYTES_MAX = 65536
_HASH_CHARACTERS = 16


def content_hash(raw: bytes) -> str:
    """Return what a pod calls a content: who wrote it knows by this that the pod took it."""
    return sha256(raw).hexdigest()[:_HASH_CHARACTERS]
