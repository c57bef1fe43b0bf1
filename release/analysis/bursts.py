"""Errors that belong together count once: one outage makes a hundred of them.

Independence is what breaks tests of errors in practice. Errors no more than `GAP_SECONDS` apart are
one burst: the length of some retries of one request. But a burst must end: what fails all the time
would else be one burst for ever, and never found. So a burst that goes on is counted again every
`AGAIN_SECONDS`; an outage of half a minute counts twice, not fifty times.
Source: dead time of counters, the hybrid of its paralysable and non-paralysable models: Lee and
Gardner, A new G-M counter dead time model, Applied Radiation and Isotopes 53 (2000); declustering
by runs: Leadbetter, Extremes and local dependence in stationary sequences, 1983.
"""

import math
from dataclasses import dataclass

GAP_SECONDS = 6.0
AGAIN_SECONDS = 15.0


@dataclass(slots=True)
class Bursts:
    """Says which looks may count an error. What is asked depends on the past alone."""

    count: int = 0
    _quiet_seconds: float = math.inf
    _burst_seconds: float = math.inf

    def open(self, seconds: float) -> bool:
        """Let time pass; say whether an error in this look would begin a burst."""
        self._quiet_seconds += seconds
        self._burst_seconds += seconds
        return self._quiet_seconds > GAP_SECONDS or self._burst_seconds >= AGAIN_SECONDS

    def note(self, *, begins: bool) -> None:
        """Take in that this look had errors."""
        self._quiet_seconds = 0.0
        if begins:
            self._burst_seconds = 0.0
            self.count += 1
