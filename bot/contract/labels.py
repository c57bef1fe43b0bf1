"""Labels of the image, by the OCI annotation keys (opencontainers/image-spec, annotations.md)."""

VERSION = "org.opencontainers.image.version"
REVISION = "org.opencontainers.image.revision"
CREATED = "org.opencontainers.image.created"
SOURCE = "org.opencontainers.image.source"

LEDGER_SCHEMA = "bot-handover.ledger-schema"
CONFIG_SCHEMA = "bot-handover.config-schema"
"""Ranges of `bot.contract.compatibility`: a gate can ask before anything of the image has run."""
