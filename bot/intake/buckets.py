"""Rate limits: token buckets, one per key, and not more of them than fit."""

import math
from collections import OrderedDict
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rate:
    """How much is allowed."""

    per_second: float
    burst: int


class Buckets:
    """One bucket per key; the one longest unused is forgotten first, and would be full again."""

    def __init__(self, rate: Rate, keys_max: int = 4096) -> None:
        self._rate = rate
        self._keys_max = keys_max
        self._levels: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, key: str, now: float) -> int:
        """Take one token; return 0, or after how many whole seconds there will be one."""
        level, since = self._levels.pop(key, (float(self._rate.burst), now))
        level = min(self._rate.burst, level + (now - since) * self._rate.per_second)
        allowed = level >= 1
        self._levels[key] = (level - 1 if allowed else level, now)
        if len(self._levels) > self._keys_max:
            self._levels.popitem(last=False)
        return 0 if allowed else math.ceil((1 - level) / self._rate.per_second)
