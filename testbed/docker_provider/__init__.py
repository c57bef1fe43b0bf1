"""A Pulumi plugin that serves `docker:index/image:Image` where the official one is not available.

Part of the local platform, not of the product: the Pulumi program imports `pulumi_docker` and
cannot tell which of the two answers. Inputs, outputs, diffs and preview behaviour are those of the
official provider. It knows nothing of `bot` or `infra`.
"""

NAME = "docker"
VERSION = "5.2.0"
"""Equals that of the `pulumi-docker` package: the engine looks for exactly that version."""

IMAGE_TYPE = "docker:index/image:Image"
IMAGE_TYPE_ALIAS = "docker:image:Image"
"""The spelling of older states."""


class ProviderError(Exception):
    """Something that the user can act on; the text says what failed, where, and what to do."""
