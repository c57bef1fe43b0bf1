"""A release on a terminal: lines above, and below them where it stands, kept up to date."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Self

from rich.console import Console
from rich.live import Live as Refreshed
from rich.table import Table
from rich.text import Text

from bot.contract.color import Color
from release.cli.views import Plain, time_left
from release.decide.actions import Decision
from release.decide.events import Entered, Record
from release.decide.hints import pasteable
from release.decide.model import Judgement, Pod
from release.decide.observation import Observation
from release.decide.phase_table import ROWS
from release.decide.state import State
from release.decide.verdict_text import figure_lines

REFRESHES_PER_SECOND = 4
LOG_LINES = 3
"""Of a pod that is not ready."""


@dataclass(slots=True)
class View:
    """What was last seen of a release."""

    state: State | None = None
    waits: str = ""
    pods: dict[Color, tuple[Pod, ...]] = field(default_factory=dict[Color, tuple[Pod, ...]])
    judgement: Judgement | None = None
    stack: str = ""

    def take(self, state: State, decision: Decision, seen: Observation) -> None:
        """Keep what this look saw; what it did not look at stays."""
        self.state, self.waits = state, "; ".join((decision.reason, *seen.blind))
        for color, pods in ((state.target.old, seen.old_pods), (state.target.new, seen.new_pods)):
            if pods is not None:
                self.pods[color] = pods
        self.judgement = seen.judgement or self.judgement

    def enter(self, state: State, record: Record) -> None:
        """Keep where the journal says it is; a new phase waits for other things."""
        self.state = state
        if isinstance(record.event, Entered):
            self.waits, self.judgement = "", None


def panel(view: View, now: datetime) -> Table:
    """Return where it stands, one row for each thing that people ask."""
    table = Table.grid(padding=(0, 2))
    state = view.state
    if state is None:
        return table
    for name, text in _rows(view, state, now):
        table.add_row(Text(name, style="bold"), Text(pasteable(text, view.stack)))
    return table


def _rows(view: View, state: State, now: datetime) -> list[tuple[str, str]]:
    target = state.target
    rows = [
        ("phase", ", ".join(filter(None, (state.phase, time_left(state, now))))),
        ("moves", f"{target.old} → {target.new}, {_share(state)}"),
    ]
    rows += [(color.value, _pods(view.pods[color])) for color in Color if color in view.pods]
    if view.judgement is not None:
        rows.append(("verdict", _judged(view.judgement)))
    if view.waits:
        rows.append(("waits", view.waits))
    return [*rows, ("next", ROWS[state.phase].hint)]


def _share(state: State) -> str:
    if state.rolling_back:
        return f"going back to {state.target.old}"
    if state.swapped:
        return "all of the trading"
    steps = state.spec.canary_steps
    percent = steps[min(state.step, len(steps)) - 1] if state.step and steps else 0
    return f"{percent} % of the trading so far"


def _pods(pods: tuple[Pod, ...]) -> str:
    ready = sum(pod.serves for pod in pods)
    lines = [f"{ready} of {len(pods)} ready"]
    for pod in pods:
        if not pod.serves and not pod.terminating:
            lines.append(f"{pod.name}: {pod.reason or 'not ready'}, {pod.restarts} restarts")
            lines += [f"  {line}" for line in pod.last_lines[-LOG_LINES:]]
    return "\n".join(lines)


def _judged(judgement: Judgement) -> str:
    verdict = f"{judgement.verdict}: {'; '.join(judgement.reasons)}"
    return "\n".join((verdict, *figure_lines(judgement.figures)))


@dataclass(frozen=True, slots=True)
class Terminal:
    """Prints lines; a panel can stay below them."""

    console: Console
    stack: str = ""

    def __call__(self, text: str) -> None:
        """Print a line as it is: what others wrote is no markup."""
        self.console.print(Text(pasteable(text, self.stack)), soft_wrap=True)


class Live:
    """Lines, and the panel below them for as long as the `with` block lasts."""

    def __init__(self, terminal: Terminal, now: Callable[[], datetime]) -> None:
        self._view = View(stack=terminal.stack)
        self._lines = Plain(terminal)
        self._refreshed = Refreshed(
            get_renderable=lambda: panel(self._view, now()),
            console=terminal.console,
            refresh_per_second=REFRESHES_PER_SECOND,
            transient=True,
        )

    def __enter__(self) -> Self:
        """Begin to show."""
        self._refreshed.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Leave the lines."""
        self._refreshed.stop()

    def recorded(self, record: Record, state: State) -> None:
        """Print what was written down."""
        self._view.enter(state, record)
        self._lines.recorded(record, state)

    def waiting(self, state: State, decision: Decision, seen: Observation) -> None:
        """Show what is waited for, below."""
        self._view.take(state, decision, seen)

    def progress(self, line: str) -> None:
        """Print a line of what runs."""
        self._lines.progress(line)
