"""The HTTP surface of the bot: port, paths, headers, media types."""

PORT = 8080

LIVEZ = "/livez"
READYZ = "/readyz"
STARTUPZ = "/startupz"
HEALTH = "/health"
VERSION = "/version"
METRICS = "/metrics"
SIGNALS = "/signals"
SIGNAL = "/signals/{id}"
OPENAPI = "/openapi.json"

CONFIG_HASH = "configHash"
"""In the report of HEALTH: `bot.contract.reloadable.content_hash` of what is in effect."""
CONFIG_REFUSED = "configRefused"
"""That of the newest content while the pod refuses it, else empty."""
CONFIG_INVALID = "configInvalid"
"""Why."""

HEALTH_MEDIA_TYPE = "application/health+json"
JSON_MEDIA_TYPE = "application/json"
PROBLEM_MEDIA_TYPE = "application/problem+json"

SIGNATURE_TIMESTAMP_HEADER = "X-Signature-Timestamp"
"""Whole seconds since 1970."""
SIGNATURE_HEADER = "X-Signature"
"""`v1=` and the hexadecimal HMAC-SHA256 of `{timestamp}.{method}.{path}.{raw body}`."""
SIGNAL_BYTES_MAX = 65536
"""Of a posted body."""

COLOR_HEADER = "X-Bot-Color"
"""Every answer names the color that gave it."""

POD_HEADER = "X-Bot-Pod"
"""Every answer names the pod that gave it."""
