"""The figures of a verdict as people read them: a line for each test, one for the rest. Pure."""

from release.decide.model import Figures


def figure_lines(figures: Figures) -> list[str]:
    """Return a text for each test, and one for all other figures.

    >>> figure_lines(Figures(blocks=12))
    ['slow_blocks 0, blocks 12']
    """
    lines = [
        f"{each.name}: {each.new_rate_pct:g} % of {each.tried:g} wrong"
        f" (old color {each.old_rate_pct:g} %),"
        f" evidence {each.evidence:g} of {each.evidence_needed:g}"
        for each in figures.streams
    ]
    others: list[str] = []
    if figures.blocks:
        others += [f"slow_blocks {figures.slow_blocks}", f"blocks {figures.blocks}"]
    if figures.profit_quote is not None:
        others.append(f"profit_quote {figures.profit_quote:g}")
    return [*lines, ", ".join(others)] if others else lines
