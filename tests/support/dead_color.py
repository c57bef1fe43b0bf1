"""Green dies after it took over; blue is made live again by one `pulumi up`."""

import time
from dataclasses import dataclass
from pathlib import Path

from bot.contract.color import Color
from tests.support.faults import kill
from tests.support.kube import Kube
from tests.support.stack import Stack
from tests.support.swap import back
from tests.support.traffic import Prober

_RATE = 50.0
_AFTER_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Left:
    """What leaving took, from the start of the command `pulumi up`."""

    failed_before: int
    """Requests that failed while green was dead."""
    traffic_back_seconds: float
    """From then on every request is answered."""
    command_seconds: float


def leave_dead_color(stack: Stack, folder: Path, *flags: str) -> Left:
    """Swap to green, let it die, and swap back under load by `pulumi up` with these flags.

    Needs the image with faults.
    """
    kube = Kube.of(stack)
    back(stack, Color.GREEN)
    kill(kube, Color.GREEN)
    with Prober(kube.address(), folder, new_rate=_RATE, lanes=0) as prober:
        time.sleep(_AFTER_SECONDS)
        stack.set("activeColor", Color.BLUE)
        command = stack.start_up(*flags)
        done = command.finish()
        time.sleep(_AFTER_SECONDS)
        traffic = prober.stop()
    lost = [row.due for row in traffic.rows if row.lost]
    answered = [row.done for row in traffic.rows if row.due > max(lost)]
    return Left(
        failed_before=sum(due < command.moment for due in lost),
        traffic_back_seconds=min(answered) - command.moment,
        command_seconds=done.seconds,
    )
