"""Which image a stack's committed config has under its active color: what is promoted."""

import re
from pathlib import Path
from typing import Any, cast

import yaml

_PINNED = re.compile(r"[^\s@]+@sha256:[0-9a-f]{64}")


class NotPinnedError(ValueError):
    """The config does not name one image for ever."""


def pinned_image(file: Path) -> str:
    """Return the reference, with its digest.

    Raises:
        NotPinnedError: there is none; production never builds, so there is nothing to promote.
    """
    config = cast("dict[str, Any]", yaml.safe_load(file.read_text())["config"])
    keys = {key.rpartition(":")[2]: value for key, value in config.items()}
    color = str(keys.get("activeColor", ""))
    told = cast("dict[str, str]", keys.get(color) or {})
    image = told.get("image", "")
    if not _PINNED.fullmatch(image):
        raise NotPinnedError(f"{file.name}: {color or 'no color'} runs {image!r}, not a digest")
    if image.endswith("0" * 64):
        raise NotPinnedError(f"{file.name}: {color} has the placeholder: nothing was deployed yet")
    return image
