"""The versions that releases are tried with, good and bad, and what is to become of each."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from release.cli.exit_codes import Exit
from tests.support.images import build_faulty, push_unpullable
from tests.support.platform import Platform
from tests.support.releasing import SHORT, Releases
from tests.support.rolled_back import Outcome, bad, held_back, killed, rolled_back


@dataclass(frozen=True, slots=True)
class Version:
    """One of them."""

    fault: str
    """As tests/cluster/faulty names it, or one of the two below; empty is a good version."""
    run: Callable[[Releases, str, Path], Outcome]
    """Deploys the image and judges what became of it; the rows of the load go into the folder."""
    bake_seconds: int = 6
    """Long enough for what is wrong to be seen."""

    def image(self, good: str, platform: Platform) -> str:
        """Build it on a good one and push it; return its reference by digest."""
        if self.fault == MISSING:
            return f"{good.partition('@')[0]}@sha256:{'0' * 64}"
        if self.fault == UNPULLABLE:
            return push_unpullable(good)
        return build_faulty(good, platform, self.fault)

    def released(self, releases: Releases, image: str, folder: Path) -> Outcome:
        """Release it."""
        releases.configure(**{**SHORT, "bakeSeconds": self.bake_seconds})
        return self.run(releases, image, folder)


MISSING = "missing"
UNPULLABLE = "unpullable"


def _bad(fault: str, *, answers: bool = True) -> Version:
    return Version(fault, partial(bad, what=fault, answers=answers), bake_seconds=200)


def _held(fault: str, code: Exit = Exit.ROLLED_BACK) -> Version:
    return Version(fault, partial(held_back, what=fault, code=code))


VERSIONS: Mapping[str, Version] = {
    "by command": Version("", rolled_back),
    "killed after the swap": Version("", killed),
    "errors": _bad("errors"),
    "load": _bad("load"),
    "slow": _bad("slow"),
    "leak": _bad("leak", answers=False),
    "crash": _bad("crash", answers=False),
    "never-ready": _held("never-ready"),
    UNPULLABLE: _held(UNPULLABLE),
    MISSING: _held(MISSING, Exit.REFUSED),
}
"""By what is recorded of them."""
NIGHTLY = frozenset({"load", "slow", "leak"})
"""Rolled back by the same analysis as `errors`, by other figures: for `make soak`."""
