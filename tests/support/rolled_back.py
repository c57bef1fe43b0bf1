"""What becomes of a release that is rolled back, and how long each part of the way back takes."""

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from bot.authority.timings import DEFAULTS
from bot.contract.color import Color
from release.cli.exit_codes import Exit
from tests.support.faults import end
from tests.support.releasing import Entry, Pressure, Releases, ended, pressure

AFTER_SECONDS = 1.0
"""How long the load goes on when a command has ended."""
TRADING_SECONDS = DEFAULTS.lease_seconds + 1
"""The promise: trading goes on so long after a death, or with the traffic."""


@dataclass(frozen=True, slots=True)
class Split:
    """A way back, in seconds."""

    detect: float
    """From the first bad second, or the command, to the decision."""
    decide: float
    """From the decision to the start of the `up` that goes back."""
    apply: float
    """From there to the first answer of the old color."""

    @property
    def whole(self) -> float:
        """All of it."""
        return self.detect + self.decide + self.apply

    @property
    def after_detection(self) -> float:
        """What the promise is about: from the decision to the traffic."""
        return self.decide + self.apply

    def __str__(self) -> str:
        """It in one line."""
        parts = f"detect {self.detect:.2f}, decide {self.decide:.2f}, apply {self.apply:.2f}"
        return f"{self.whole:.2f} s until the traffic is back ({parts})"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one release that was rolled back."""

    what: str
    transcript: str
    """By the commands that drove it."""
    requests: int
    lost: int
    split: Split | None
    """None when the old color kept everything: there was no way back."""
    broken: list[str]
    """Every promise that was, in words; of a void one nothing is said of lost requests."""
    void: bool
    trading_seconds: float | None = None
    """From the death of the new color to the first order of the old one."""

    def __str__(self) -> str:
        """Its figures in one line."""
        void = " (void: the prober was late)" if self.void else ""
        trades = f"; trades in {self.trading_seconds:.2f} s" if self.trading_seconds else ""
        lost = f"{self.lost} of {self.requests} requests lost{void}"
        return f"{self.what}: {self.split or 'never swapped to'}{trades}; {lost}"

    def to_json(self) -> dict[str, Any]:
        """Return what is worth keeping."""
        kept = ("what", "requests", "lost", "split", "trading_seconds")
        return {key: value for key, value in asdict(self).items() if key in kept}


@dataclass(frozen=True, slots=True)
class Course:
    """One release under pressure, up to its end."""

    releases: Releases
    load: Pressure
    what: str
    transcript: str

    def outcome(self, since: float) -> Outcome:
        """Judge it.

        Args:
            since: the first bad second, or when the command was given.
        """
        back = self.load.moved(Color.BLUE, since)
        outside = [] if self.load.void else self.load.lost_outside(since, back)
        broken = [f"lost outside the bad time: {row}" for row in outside]
        return Outcome(
            what=self.what,
            transcript=self.transcript,
            requests=len(self.load.rows),
            lost=len(self.load.lost),
            split=split(self.releases.journal(), since, back),
            broken=broken + as_before(self.releases, self.load),
            void=self.load.void,
        )


def rolled_back(releases: Releases, image: str, folder: Path) -> Outcome:
    """Promote a good version, and roll it back by command."""
    with pressure(releases.market, folder, _name("command")) as load:
        transcript = releases.run("deploy", "--image", image, "--detach").output
        assert releases.market.stack.outputs()["activeColor"] == Color.GREEN
        transcript += releases.run("status").output
        commanded = time.time()
        transcript += releases.run("rollback", "--reason", "a test").output
        time.sleep(AFTER_SECONDS)
    outcome = Course(releases, load, "by command", transcript).outcome(commanded)
    lost = [] if load.void else [f"lost: {row}" for row in load.lost]
    return replace(outcome, broken=outcome.broken + lost)


def killed(releases: Releases, image: str, folder: Path) -> Outcome:
    """Let all pods of a new version die after the swap."""
    market = releases.market
    with pressure(market, folder, _name("killed")) as load:
        deploy = releases.start("deploy", "--image", image)
        releases.wait_phase("bake")
        dead = time.time()
        end(market.kube, Color.GREEN)
        transcript = ended(deploy, Exit.ROLLED_BACK).output
        time.sleep(AFTER_SECONDS)
    assert load.lost, "nothing was lost, so nothing died"
    first = min(row.due for row in load.lost)
    outcome = Course(releases, load, "killed after the swap", transcript).outcome(first)
    traded = market.trades_since(Color.BLUE, dead)
    assert traded is not None
    assert outcome.split is not None
    trading, limit = traded - first, max(TRADING_SECONDS, outcome.split.whole + 1)
    broken = [f"trades {trading:.1f} s after the death"] if trading > limit else []
    return replace(outcome, trading_seconds=trading, broken=outcome.broken + broken)


def bad(
    releases: Releases, image: str, folder: Path, what: str, *, answers: bool = True
) -> Outcome:
    """Deploy a version that shows what it is when it has the traffic.

    Args:
        releases: the command.
        image: the version.
        folder: for the rows of the load.
        what: its name.
        answers: whether it answers what the load asks for, which is not a signal.
    """
    with pressure(releases.market, folder, _name(what)) as load:
        transcript = ended(releases.start("deploy", "--image", image), Exit.ROLLED_BACK).output
        time.sleep(AFTER_SECONDS)
    answered = [row.done for row in load.rows if row.color is Color.GREEN]
    assert answered, f"it was rolled back before it got anything:\n{transcript}"
    first = min(answered)
    if not answers:
        # It may die of the first request that it gets: then that is the first bad second.
        swapped = _first(releases.journal(), 0, "entered", {"phase": "cutover"})
        first = min([first, *(row.due for row in load.lost if row.due >= swapped)])
    outcome = Course(releases, load, what, transcript).outcome(first)
    lost = [f"lost: {row}" for row in load.lost] if answers and not load.void else []
    return replace(outcome, broken=outcome.broken + lost)


def held_back(
    releases: Releases, image: str, folder: Path, what: str, code: Exit = Exit.ROLLED_BACK
) -> Outcome:
    """Deploy a version that does not come; the old one keeps everything."""
    with pressure(releases.market, folder, _name(what)) as load:
        deployment = ended(releases.start("deploy", "--image", image), code)
    broken = as_before(releases, load)
    broken += [] if load.void else [f"lost: {row}" for row in load.lost]
    broken += [f"answered by {row.color}" for row in load.rows if row.color is Color.GREEN]
    transcript = f"{deployment.output}{deployment.seconds:.0f} s"
    return Outcome(what, transcript, len(load.rows), len(load.lost), None, broken, load.void)


def as_before(releases: Releases, load: Pressure) -> list[str]:
    """Return what is not so: each signal has one fate, blue everything, a plain `up` no work."""
    market, sent = releases.market, load.senders.sent
    broken = market.judge(sent.accepted)
    broken += [f"{name}: never accepted" for name in sent.given_up]
    if market.stack.outputs()["activeColor"] != Color.BLUE:
        broken.append("blue is not active")
    if not nothing_to_do(releases):
        broken.append("a plain `up` has something to do")
    return broken


def nothing_to_do(releases: Releases) -> bool:
    """Tell whether a plain `up` would change nothing."""
    words = ("preview", "--expect-no-changes")
    return releases.market.stack.pulumi(*words, check=False).code == 0


def let_in_again(releases: Releases, image: str) -> None:
    """Take a digest out of the quarantine."""
    releases.run("quarantine", "clear", image.partition("@")[2], "--reason", "a test")


def split(journal: Iterable[Entry], since: float, back: float) -> Split:
    """Split the way back from a bad moment until the traffic was back."""
    entries = list(journal)
    decided = _first(entries, 0, "entered", {"phase": "rollback-prepare"})
    returning = _first(entries, decided, "entered", {"phase": "rollback-cutover"})
    applying = _first(entries, returning, "trying", {"action": "apply"})
    return Split(decided - since, applying - decided, back - applying)


def _first(entries: Sequence[Entry], since: float, kind: str, data: Mapping[str, Any]) -> float:
    return next(
        entry.at
        for entry in entries
        if entry.at >= since and entry.kind == kind and data.items() <= entry.data.items()
    )


def _name(what: str) -> str:
    """Return a name for signals that no earlier run has used on this stack."""
    return f"{what.replace(' ', '-')}-{time.time_ns() // 1_000_000}"
