"""What may be sent until when: the lease as its holder counts it, and the venue's clock.

All local times are of the boot-time clock (CLOCK_BOOTTIME): it neither steps nor stops while the
machine sleeps. The wall clock is not asked anywhere.
"""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Held:
    """A lease as its holder counts it."""

    epoch: int
    until: float
    """Boot-time seconds, counted from before the renewal was asked for."""


class VenueTime(Protocol):
    """The venue's clock as far as it is known here."""

    def at(self, boot: float) -> float:
        """Return what the venue's clock shows at this boot time, or less; never more."""
        ...


@dataclass(frozen=True, slots=True)
class VenueClock:
    """One answer of the venue about its time, carried on by the boot-time clock.

    The venue read its clock before the answer came, so `shown` at `received` is never ahead, and
    each second since counts for a little less than a second. What is old or came slowly only lags:
    requests are then refused, not late. A stamp that is ahead would live longer than its window,
    whatever the venue's tolerance: it is looked at when it arrives, and that can be late.
    """

    shown: float
    received: float
    drift_max: float

    def at(self, boot: float) -> float:
        """See VenueTime."""
        # Two clocks drift apart: the venue's and the one that counts here.
        return self.shown + (boot - self.received) * (1 - 2 * self.drift_max)


def later(known: VenueClock | None, new: VenueClock, boot: float) -> VenueClock:
    """Return the answer that lags less."""
    return known if known and known.at(boot) > new.at(boot) else new


@dataclass(frozen=True, slots=True)
class Permit:
    """Leave to send one request, given once: the clocks are not read again after it."""

    stamp: float
    """Venue time that the request carries; signed with it."""
    dead_after: float
    """Venue time: the end of the request's window and of the lag. See `Order`."""
    quiet_from: float
    """Boot time from which on the request has its final effect, shown or not."""
