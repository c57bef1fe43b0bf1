"""Canaries in many scenarios: what both colors try and what goes wrong, from look to look."""

from dataclasses import dataclass

import numpy as np

from release.analysis.streams import Pair, Step

Floats = np.ndarray[tuple[int], np.dtype[np.float64]]
Counts = np.ndarray[tuple[int, int], np.dtype[np.int64]]


@dataclass(frozen=True, slots=True)
class Scenario:
    """What is true, and how often one looks. Rates are per attempt; times in seconds."""

    per_minute: float = 20.0
    """Attempts of the old color."""
    new_per_minute: float = 20.0
    new_per_minute_later: float | None = None
    """From a third of the time on: the next canary step."""
    rate: float = 0.005
    times_as_bad: float = 1.0
    seconds: float = 1800.0
    look_seconds: float = 2.0
    shared_bursts_per_hour: float = 0.0
    own_bursts_per_hour: float = 0.0
    """Of each color, at times of its own."""
    burst_seconds: tuple[float, float] = (5.0, 30.0)
    burst_rate: float = 0.5


def looks(scenario: Scenario, seed: int) -> list[Pair]:
    """Return one canary, every look of it."""
    old, new = counts(scenario, seed)
    return [
        Pair(Step(scenario.look_seconds, *before), Step(scenario.look_seconds, *after))
        for before, after in zip(old.T.tolist(), new.T.tolist(), strict=True)
    ]


def looks_with_errors(scenario: Scenario, seed: int) -> list[Pair]:
    """Return the same canary with the quiet looks between errors as one: the same evidence."""
    old, new = counts(scenario, seed)
    steps: list[Pair] = []
    begin = 0
    for n in np.flatnonzero(old[1] + new[1]).tolist():
        quiet = (n - begin) * scenario.look_seconds
        tried_old, tried_new = int(old[0, begin:n].sum()), int(new[0, begin:n].sum())
        steps += [
            Pair(Step(quiet, tried_old, 0), Step(quiet, tried_new, 0)),
            Pair(
                Step(scenario.look_seconds, *old[:, n].tolist()),
                Step(scenario.look_seconds, *new[:, n].tolist()),
            ),
        ]
        begin = n + 1
    return steps


def counts(scenario: Scenario, seed: int) -> tuple[Counts, Counts]:
    """Return tried and wrong of each look, of the old color and of the new one."""
    random = np.random.default_rng(seed)
    count = round(scenario.seconds / scenario.look_seconds)
    shared = _bursts(random, scenario, scenario.shared_bursts_per_hour, count)
    new_pace = np.full(count, scenario.new_per_minute)
    if scenario.new_per_minute_later is not None:
        new_pace[count // 3 :] = scenario.new_per_minute_later
    old = _color(random, scenario, np.full(count, scenario.per_minute), scenario.rate, shared)
    return old, _color(random, scenario, new_pace, scenario.rate * scenario.times_as_bad, shared)


def _color(
    random: np.random.Generator, scenario: Scenario, pace: Floats, rate: float, shared: Floats
) -> Counts:
    """Return tried and wrong of each look."""
    own = _bursts(random, scenario, scenario.own_bursts_per_hour, len(pace))
    tried = random.poisson(pace * scenario.look_seconds / 60)
    chance = np.minimum(1.0, rate + scenario.burst_rate * np.maximum(own, shared))
    return np.stack([tried, random.binomial(tried, chance)])


def _bursts(random: np.random.Generator, scenario: Scenario, per_hour: float, count: int) -> Floats:
    """Return 1 for each look inside a burst."""
    inside = np.zeros(count)
    begins = np.flatnonzero(random.random(count) < per_hour * scenario.look_seconds / 3600)
    for begin in begins.tolist():
        length = random.uniform(*scenario.burst_seconds) / scenario.look_seconds
        inside[begin : begin + max(1, round(length))] = 1.0
    return inside
