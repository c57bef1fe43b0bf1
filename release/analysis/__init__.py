"""Whether the new version is worse than the old one, by what both count. Pure, standard library."""

from release.analysis.judge import judge

__all__ = ["judge"]
