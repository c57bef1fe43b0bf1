"""The picture of a release on a terminal: `python -m tests.docs.picture > docs/release/live.svg`.

The lines and the panel are the real ones: of a rehearsed release that goes well, while it bakes.
"""

import asyncio
import io
import re
import sys
from datetime import timedelta

from rich._export_format import CONSOLE_SVG_FORMAT
from rich.console import Console

from bot.contract.color import Color
from infra.outputs import ColorOutputs, StackOutputs
from release.cli.live import Terminal, View, panel
from release.cli.views import line
from release.decide.actions import Decision
from release.decide.events import Entered, Record
from release.decide.model import Figures, Judgement, Pod, StreamFigures, Target, Verdict
from release.decide.observation import Observation
from release.decide.phases import Phase
from release.decide.spec import Spec
from release.decide.state import fold
from release.rehearsal.plan import rehearse

STACK = "production"
WATCHED = timedelta(seconds=129)
WIDTH = 112
OLD, NEW = (f"registry.example/trading-bot@sha256:{digit * 64}" for digit in "4c")
_DIGEST = re.compile(r"(sha256:[0-9a-f]{8})[0-9a-f]{56}")
FIGURES = Figures((StreamFigures("orders", 214.0, 0.0, 0.1, 0.02, 26.7),))
_FONT_FACES = re.compile(r" *@font-face \{\{.*?\}\}\n", re.DOTALL)


def _outputs() -> StackOutputs:
    blue, green = (
        ColorOutputs(OLD, 3, f"bot-{color}", f"bot-{color}", f"color={color}") for color in Color
    )
    return StackOutputs(Color.BLUE, 0, "trading-bot-production", "bot", "bot-intent", blue, green)


def _until_bake(records: list[Record]) -> list[Record]:
    bakes = [
        position
        for position, record in enumerate(records)
        if isinstance(record.event, Entered) and record.event.phase is Phase.BAKE
    ]
    return records[: bakes[0] + 1]


def _pods(color: Color, image: str) -> tuple[Pod, ...]:
    return tuple(
        Pod(f"bot-{color}-{letter}", color, ready=True, terminating=False, image=image)
        for letter in "abc"
    )


def picture() -> str:
    """Return the SVG; it is the same each time."""
    target = Target(Color.GREEN, NEW, 3, OLD, 3, by="ada")
    records = _until_bake(asyncio.run(rehearse(Spec(), target, _outputs())))
    state = fold(records)
    assert state is not None
    console = Console(
        record=True, width=WIDTH, file=io.StringIO(), force_terminal=True, color_system="truecolor"
    )
    terminal = Terminal(console, STACK)
    typed = f"$ release deploy --stack {STACK} --image {NEW}"
    for text in (typed, *map(line, records)):
        terminal(_DIGEST.sub(r"\1…", text))
    view = View(stack=STACK)
    seen = Observation(
        old_pods=_pods(Color.BLUE, OLD),
        new_pods=_pods(Color.GREEN, NEW),
        judgement=Judgement(Verdict.PASS, ("no worse than the old color",), FIGURES),
    )
    view.take(state, Decision("pass: no worse than the old color"), seen)
    console.print(panel(view, state.entered_at + WATCHED))
    # Without the fonts of another host: a picture in a repository loads nothing.
    template = _FONT_FACES.sub("", CONSOLE_SVG_FORMAT)
    text = console.export_svg(
        title=f"release deploy --stack {STACK}", code_format=template, unique_id="release"
    )
    return "\n".join(each.rstrip() for each in text.splitlines()) + "\n"


if __name__ == "__main__":
    sys.stdout.write(picture())
