"""The two colors. One Deployment each, declared always; the intent names the one that trades."""

from enum import StrEnum


class Color(StrEnum):
    """A side of the blue-green pair."""

    BLUE = "blue"
    GREEN = "green"

    @property
    def other(self) -> "Color":
        """The color that is not this one."""
        return Color.GREEN if self is Color.BLUE else Color.BLUE
