"""Exit codes of `release`: what a script may rely on."""

from enum import IntEnum

from release.decide.phase_table import ROWS
from release.decide.phases import Outcome, Phase


class Exit(IntEnum):
    """Exit codes, each with its meaning; docs/release/README.md has the same table."""

    DONE = 0
    """What was asked for is so."""
    DEFECT = 1
    """A defect of this program."""
    USAGE = 2
    """The command line or the stack config is wrong; nothing was changed."""
    REFUSED = 3
    """The gates or the phase said no; nothing was changed."""
    ROLLED_BACK = 4
    """The new version was rolled back; the old one has all shards."""
    STUCK = 5
    """A person is needed now: the way back could not be finished."""
    LOCKED = 6
    """Another process drives a release on this stack."""
    UNREACHABLE = 7
    """Something outside does not answer; the release goes on with `release resume`."""
    LEFTOVER = 8
    """Released, but the old color could not be scaled down."""
    INTERRUPTED = 130
    """Ended by a signal; the release goes on with `release resume`."""


_OF_OUTCOME = {
    Outcome.RELEASED: Exit.DONE,
    Outcome.LEFTOVER: Exit.LEFTOVER,
    Outcome.ROLLED_BACK: Exit.ROLLED_BACK,
    Outcome.REFUSED: Exit.REFUSED,
    Outcome.STUCK: Exit.STUCK,
    Outcome.UNFINISHED: Exit.UNREACHABLE,
}


def of(phase: Phase, *, backwards: bool) -> Exit:
    """Return the code of a command that left a release in this phase.

    Args:
        phase: where the release rests.
        backwards: whether the command wanted the old version back.
    """
    code = _OF_OUTCOME[ROWS[phase].outcome]
    if not backwards:
        return code
    if code in (Exit.ROLLED_BACK, Exit.REFUSED):
        return Exit.DONE
    return Exit.REFUSED if code is Exit.DONE else code
