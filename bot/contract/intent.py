"""The intent: which color trades, the share of the other one, and on which ledger. And its codec.

The stack config is its one writer; a ConfigMap (or a JSON file where there is no cluster) carries
it to the pods. Keys and values are those of the ConfigMap's `data`, so a reviewer reads
`activeColor: blue => green`.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from bot.contract.color import Color
from bot.contract.ledger import is_ledger_name

ACTIVE_COLOR_KEY = "activeColor"
CANARY_PERCENT_KEY = "canaryPercent"
LEDGER_KEY = "ledger"
CANARY_PERCENT_MAX = 99
"""All of it is no canary but a swap: that is what `activeColor` is for."""


_PERCENT = re.compile("[0-9]{1,2}")


class IntentError(ValueError):
    """The data is no intent; the text names key, value and what would be right."""


@dataclass(frozen=True, slots=True)
class Intent:
    """Who shall trade."""

    active_color: Color
    canary_percent: int = 0
    ledger: str = ""
    """The only one that may be traded on; empty: any. See `bot.contract.ledger`."""

    def color_of(self, shard: int) -> Color:
        """Return the one color that may trade this shard (0…99)."""
        if shard < self.canary_percent:
            return self.active_color.other
        return self.active_color

    def to_data(self) -> dict[str, str]:
        """Return the ConfigMap's `data`."""
        return {
            ACTIVE_COLOR_KEY: self.active_color.value,
            CANARY_PERCENT_KEY: str(self.canary_percent),
            **({LEDGER_KEY: self.ledger} if self.ledger else {}),
        }

    @classmethod
    def from_data(cls, data: Mapping[str, str]) -> "Intent":
        """Parse the ConfigMap's `data`. Keys that this version does not know are left alone.

        Raises:
            IntentError: a key is missing or its value is not one of those allowed; names them all.
        """
        errors: list[str] = []
        color = data.get(ACTIVE_COLOR_KEY)
        if color not in list(Color):
            errors.append(f"{ACTIVE_COLOR_KEY}: {color!r} is not one of {', '.join(Color)}")
        percent = data.get(CANARY_PERCENT_KEY, "0")
        if not (_PERCENT.fullmatch(percent) and int(percent) <= CANARY_PERCENT_MAX):
            errors.append(
                f"{CANARY_PERCENT_KEY}: {percent!r} is not a whole number from 0 to"
                f" {CANARY_PERCENT_MAX}"
            )
        ledger = data.get(LEDGER_KEY, "")
        if ledger and not is_ledger_name(ledger):
            errors.append(f"{LEDGER_KEY}: {ledger!r} is not IDENTITY@SERVER")
        if errors:
            raise IntentError("; ".join(errors))
        return cls(Color(str(color)), int(percent), ledger)
