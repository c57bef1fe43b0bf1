"""The times that the protocol is made of, held against each other."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Timings:
    """Seconds, all of them; each the same in every pod on one database.

    Raises:
        ValueError: two of them contradict each other; names them all.
    """

    lease_seconds: float = 5.0
    """How long a renewal lasts, by the database's clock."""
    renew_seconds: float = 1.0
    """How often the holder renews."""
    venue_window_seconds: float = 1.5
    """How old a request may be when the venue takes it (`recvWindow`)."""
    margin_seconds: float = 1.0
    """What a request is given beyond its window before it counts as dead.

    Covers how far the clocks of the venue's servers are apart, how far the database's clock may
    step, and drift. It need not cover how far ahead a stamp may be that the venue takes: stamps are
    never ahead (see `bot.authority.window`).
    """
    venue_lag_seconds: float = 15.0
    """How late the venue may show what it accepted. No lease is held for it: orders wait, by row.

    Measured at Binance: "no such order" for more than ten seconds after an accepted one.
    """
    connection_seconds: float = 5.0
    """How old the connection of the leases may be; then its address is asked anew."""
    doubt_seconds: float = 60.0
    """How long after a recovery the venue is asked about each signal before it is tried.

    As long, its lists are compared again: one of them may be later than all the others.
    """
    drift_max: float = 0.001
    """By how much a second of any clock may be longer or shorter; NTP corrects by half of it."""

    def __post_init__(self) -> None:
        """Refuse times under which nobody could trade, or two could."""
        errors = [
            f"{name}: {getattr(self, name):g} is not positive"
            for name in (
                "lease_seconds",
                "renew_seconds",
                "venue_window_seconds",
                "margin_seconds",
                "connection_seconds",
                "doubt_seconds",
                "venue_lag_seconds",
                "drift_max",
            )
            if getattr(self, name) <= 0
        ]
        if self.sending_seconds < 2 * self.renew_seconds:
            errors.append(
                f"lease_seconds: {self.lease_seconds:g} leaves {self.sending_seconds:g} s to send"
                " in, after venue_window_seconds and margin_seconds; a holder that misses one"
                f" renewal must not stop: at least 2 x renew_seconds = {2 * self.renew_seconds:g}"
            )
        if self.margin_seconds < 10 * self.drift_max * self.lease_seconds:
            errors.append(
                f"margin_seconds: {self.margin_seconds:g} is not well above what the clocks drift"
                f" in one lease ({self.drift_max * self.lease_seconds:g})"
            )
        if errors:
            raise ValueError("; ".join(errors))

    @property
    def sending_seconds(self) -> float:
        """How long after a renewal was asked for its holder may still sign requests."""
        return self.lease_seconds - self.silence_seconds

    @property
    def silence_seconds(self) -> float:
        """How long after signing a request certainly has its final effect, shown or not."""
        return self.venue_window_seconds + self.margin_seconds


DEFAULTS = Timings()
"""Made at import, so that numbers which contradict each other never start."""
