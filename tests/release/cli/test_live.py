"""What stands below the lines, where somebody looks."""

import io
from datetime import UTC, datetime, timedelta

from rich.console import Console

from bot.contract.color import Color
from release.cli.live import Live, Terminal, View, panel
from release.decide.actions import Decision
from release.decide.events import Entered, Record
from release.decide.model import Figures, Judgement, Pod, StreamFigures, Verdict
from release.decide.observation import Observation
from release.decide.phases import Phase, Trigger
from release.decide.state import State
from tests.support.release_stage import CANARY, NEW_IMAGE, TARGET

FIGURES = Figures((StreamFigures("orders", 7.0, 0.0, 0.0, 1.0, 20.0),))
BAKE = Entered(Phase.BAKE, Trigger.READY, "")
NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
GOOD = Pod("bot-green-a", Color.GREEN, ready=True, terminating=False, image=NEW_IMAGE)
BAD = Pod(
    "bot-green-b",
    Color.GREEN,
    ready=False,
    terminating=False,
    image=NEW_IMAGE,
    restarts=2,
    reason="CrashLoopBackOff",
    last_lines=("one", "two [red]", "three", "the ledger is of version 9"),
)


def state(phase: Phase = Phase.CANARY_ANALYSIS, **changed: object) -> State:
    fields: dict[str, object] = {"step": 2, **changed}
    return State("r1", CANARY, TARGET, NOW, phase, NOW, NEW_IMAGE, **fields)  # pyright: ignore[reportArgumentType] - any field


def drawn(view: View, seconds: float = 35) -> str:
    out = io.StringIO()
    Console(file=out, width=120).print(panel(view, NOW + timedelta(seconds=seconds)))
    return out.getvalue()


def test_it_tells_phase_share_pods_verdict_time_left_and_what_comes_next() -> None:
    view = View()
    judgement = Judgement(Verdict.INCONCLUSIVE, ("7 of 20 attempts",), FIGURES)
    seen = Observation(new_pods=(GOOD, BAD), judgement=judgement)
    view.take(state(), Decision("watching the canary"), seen)
    text = drawn(view)
    assert "canary-analysis, 0:00 left, deadline in 1:25" in text
    assert "blue → green, 50 % of the trading so far" in text
    assert "1 of 2 ready" in text
    assert "bot-green-b: CrashLoopBackOff, 2 restarts" in text
    assert "the ledger is of version 9" in text
    assert "one" not in text.split()
    assert "two [red]" in text
    assert "inconclusive: 7 of 20 attempts" in text
    assert "orders: 0 % of 7 wrong" in text
    assert "release promote" in text


def test_while_a_version_is_watched_the_time_to_watch_runs_down_not_the_deadline() -> None:
    canary, bake = View(state()), View(state(Phase.BAKE, swapped=True))
    assert f"canary-analysis, 0:{CANARY.step_seconds - 1:02} left" in drawn(canary, seconds=1)
    assert "deadline in" not in drawn(bake, seconds=1)
    assert "0:00 left, deadline in" in drawn(bake, seconds=CANARY.bake_seconds)


def test_the_commands_that_it_names_can_be_pasted() -> None:
    view = View(state(), stack="production")
    assert "`release abort --stack production`" in drawn(view)


def test_what_was_not_looked_at_again_stays_and_a_new_phase_has_no_verdict_yet() -> None:
    view = View()
    judgement = Judgement(Verdict.PASS)
    view.take(state(), Decision("x"), Observation(new_pods=(GOOD,), judgement=judgement))
    view.take(state(), Decision("y"), Observation())
    assert "1 of 1 ready" in drawn(view)
    assert "pass" in drawn(view)
    view.enter(state(Phase.BAKE, swapped=True), Record(1, "r1", NOW, BAKE))
    assert "pass" not in drawn(view)
    assert "all of the trading" in drawn(view)


def test_on_the_way_back_it_says_where_to() -> None:
    view = View(state(Phase.ROLLBACK_CUTOVER, swapped=True))
    assert "going back to blue" in drawn(view)


def test_lines_stay_and_the_panel_goes() -> None:
    out = io.StringIO()
    terminal = Terminal(Console(file=out, force_terminal=True, width=80, color_system=None))
    event = Entered(Phase.CANARY_ANALYSIS, Trigger.READY, "[bold]10 %[/bold] is there")
    with Live(terminal, lambda: NOW) as live:
        live.recorded(Record(1, "r1", NOW, event), state())
        live.waiting(state(), Decision("watching the canary"), Observation())
    text = out.getvalue()
    assert "03:04:05 canary-analysis: [bold]10 %[/bold] is there" in text
    assert "watching the canary" in text
    assert text.rindex("\x1b[2K") > text.rindex("watching the canary")
