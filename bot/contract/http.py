"""The HTTP surface of the bot: port, paths, headers, media types."""

PORT = 8080

LIVEZ = "/livez"
READYZ = "/readyz"
STARTUPZ = "/startupz"
HEALTH = "/health"
VERSION = "/version"
METRICS = "/metrics"

HEALTH_MEDIA_TYPE = "application/health+json"

COLOR_HEADER = "X-Bot-Color"
"""Every answer names the color that gave it."""

POD_HEADER = "X-Bot-Pod"
"""Every answer names the pod that gave it."""
