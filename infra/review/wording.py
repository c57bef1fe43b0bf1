"""How things are said: paths, arrows, lists, spans of time. Pure."""

import re
from collections.abc import Collection, Sequence

from bot.contract.shards import SHARD_COUNT, shard_of
from infra.review.declared_state import Move, Pods, branch

_CONTAINER = re.compile(r"^spec\.template\.spec\.(?:containers\[[^\]]*\]\.)?")
_VARIABLE = re.compile(r"^env\[([^\]]+)\](?:\..*)?$")
_FEW = 4
_LONG = 200
"""Letters of a value; what is longer is cut here and whole in the diff."""


def place(path: str) -> str:
    """Return where a value is, as short as it is clear.

    >>> place("spec.template.spec.containers[bot].env[SYMBOLS].value")
    '`SYMBOLS`'
    """
    short = _CONTAINER.sub("", path)
    variable = _VARIABLE.match(short)
    return f"`{variable[1] if variable else short}`"


def arrow(old: str | None, new: str | None) -> str:
    """Return a change."""
    return f"{_value(old)} → {_value(new)}"


def _value(value: str | None) -> str:
    if value is None:
        return "none"
    text = " ".join(value.split()) or "empty"
    return text if len(text) <= _LONG else f"{text[:_LONG]}…"


def listed(words: Collection[str]) -> str:
    """Return an enumeration.

    >>> listed(["a", "b", "c"])
    'a, b and c'
    """
    *first, last = dict.fromkeys(words) or [""]
    return f"{', '.join(first)} and {last}" if first else last


def few(words: Sequence[str]) -> str:
    """Return an enumeration that stays short."""
    if len(words) <= _FEW:
        return listed(words)
    return f"{', '.join(words[:_FEW])} and {len(words) - _FEW} more"


def ranges(numbers: Sequence[int]) -> str:
    """Return numbers as spans.

    >>> ranges([0, 1, 2, 5])
    '0-2, 5'
    """
    spans: list[list[int]] = []
    for number in sorted(numbers):
        if spans and number == spans[-1][-1] + 1:
            spans[-1].append(number)
        else:
            spans.append([number])
    return ", ".join(f"{span[0]}-{span[-1]}" if len(span) > 1 else str(span[0]) for span in spans)


def shards_text(move: Move) -> str:
    """Return which shards move, in words."""
    if len(move.shards) == SHARD_COUNT:
        return "all shards"
    return f"shard{'s' if len(move.shards) > 1 else ''} {ranges(move.shards)}"


def symbols_text(move: Move) -> str:
    """Return which configured symbols move, with their shards."""
    if not move.symbols:
        return f"{shards_text(move)} (none of the configured symbols)"
    return listed([f"{symbol} (shard {shard_of(symbol)})" for symbol in move.symbols])


def clock(pods: Pods, probe: str) -> str | None:
    """Return after how many seconds of failing a probe acts; None when there is none."""
    declared = branch(pods.template, "spec", "containers", 0, f"{probe}Probe")
    if declared is None:
        return None
    period, failures = (
        int(float(str(branch(declared, key) or default)))
        for key, default in (("periodSeconds", 10), ("failureThreshold", 3))
    )
    return f"{period * failures} s"
