"""Which image a stack's committed config has under its active color: what is promoted."""

import re
from pathlib import Path
from typing import Any, cast

import yaml

_PINNED = re.compile(r"[^\s@]+@sha256:[0-9a-f]{64}")


class NotPinnedError(ValueError):
    """The config does not name one image for ever."""


class NothingDeployedError(NotPinnedError):
    """It names the placeholder that stands for the first deployment."""


def pinned_image(file: Path) -> str:
    """Return the reference under the active color, with its digest.

    Raises:
        NotPinnedError: there is none; production never builds, so there is nothing to promote.
    """
    return image_in(file.read_text(), file.name)


def image_in(text: str, name: str) -> str:
    """Return the same from the text of a stack config; `name` is for people.

    Raises:
        NotPinnedError: there is none.
    """
    config = cast("dict[str, Any]", yaml.safe_load(text)["config"])
    keys = {key.rpartition(":")[2]: value for key, value in config.items()}
    color = str(keys.get("activeColor", ""))
    entry = cast("dict[str, str]", keys.get(color) or {})
    image = entry.get("image", "")
    if not _PINNED.fullmatch(image):
        raise NotPinnedError(f"{name}: {color or 'no color'} runs {image!r}, not a digest")
    if image.endswith("0" * 64):
        raise NothingDeployedError(f"{name}: {color} has the placeholder: nothing was deployed yet")
    return image
