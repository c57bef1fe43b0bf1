"""The numbers of a verdict as people read them: a line for each test, not seventeen names. Pure."""

from collections.abc import Mapping

_TRIED = "_tried"
_PARTS = ("tried", "new_rate_pct", "old_rate_pct", "evidence", "evidence_needed")


def shown(numbers: Mapping[str, float]) -> list[str]:
    """Return a text for each test that has all of its numbers, and one for all others.

    >>> shown({"slow_blocks": 0.0, "blocks": 12.0})
    ['slow_blocks 0, blocks 12']
    """
    left = dict(numbers)
    texts: list[str] = []
    for name in [key.removesuffix(_TRIED) for key in numbers if key.endswith(_TRIED)]:
        parts = [f"{name}_{part}" for part in _PARTS]
        if all(part in left for part in parts):
            tried, new, old, evidence, needed = (left.pop(part) for part in parts)
            texts.append(
                f"{name}: {new:g} % of {tried:g} wrong (old color {old:g} %),"
                f" evidence {evidence:g} of {needed:g}"
            )
    others = ", ".join(f"{name} {value:g}" for name, value in left.items())
    return [*texts, others] if others else texts
