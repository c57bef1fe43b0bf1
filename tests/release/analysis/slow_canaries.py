"""Canaries whose answers take their time: histograms of both colors, from look to look."""

import math
from dataclasses import dataclass

import numpy as np

from bot.contract.color import Color
from release.analysis.latency import Blocks
from release.analysis.tested import SHARES
from release.decide.model import Counters, Look, Snapshot

BAR = 1 / (0.05 * SHARES["latency"])
BOUNDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, math.inf)
LOOK_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Pace:
    """A color's answers: log-normal around 30 ms, slower by a factor in some seconds."""

    per_minute: float = 20.0
    times: float = 1.0
    begin: float = 0.0
    end: float = math.inf
    shared_slow_per_hour: float = 0.0


def _buckets(random: np.random.Generator, pace: Pace, slow: list[bool]) -> list[list[float]]:
    counts = np.zeros(len(BOUNDS))
    cumulative: list[list[float]] = []
    for n, venue_is_slow in enumerate(slow):
        times = pace.times if pace.begin <= n * LOOK_SECONDS < pace.end else 1.0
        times *= 10.0 if venue_is_slow else 1.0
        answers = random.poisson(pace.per_minute * LOOK_SECONDS / 60)
        seconds = 0.03 * times * random.lognormal(0.0, 0.8, answers)
        counts = counts + (seconds[:, None] <= np.array(BOUNDS)).sum(axis=0)
        cumulative.append(counts.tolist())
    return cumulative


def alarm_after(old: Pace, new: Pace, seed: int, seconds: int = 1800) -> float | None:
    random = np.random.default_rng(seed)
    chance = old.shared_slow_per_hour * LOOK_SECONDS / 3600
    begins = random.random(round(seconds / LOOK_SECONDS)) < chance
    slow = [bool(begins[max(0, n - 15) : n + 1].any()) for n in range(len(begins))]
    both = [_buckets(random, pace, slow) for pace in (old, new)]
    looks = [
        Look(
            _snapshot(Color.BLUE, n * LOOK_SECONDS, before),
            _snapshot(Color.GREEN, n * LOOK_SECONDS, after),
        )
        for n, (before, after) in enumerate(zip(*both, strict=True))
    ]
    blocks = Blocks(looks[0], 1.5, concurrent=True)
    for look in looks[1:]:
        blocks.add(look)
        if blocks.slowness.value >= BAR:
            return look.new.at
    return None


def _snapshot(color: Color, at: float, counts: list[float]) -> Snapshot:
    buckets = tuple(zip(BOUNDS, counts, strict=True))
    return Snapshot(color, at, (Counters("p", at, started=-1.0, latency_buckets=buckets),))
