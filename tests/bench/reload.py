"""How soon a changed config is in effect, as the loop of the bot sees its directory change."""

import asyncio
import json
import random
import statistics
import tempfile
import time
from pathlib import Path

from structlog.testing import capture_logs

from bot.config.reload import Reload
from bot.config.reloadable import Reloadable
from bot.config.settings import Settings
from tests.bench.report import Figure
from tests.bench.signals import p99

CHANGES = 100
_SEED = 1


def reload() -> list[Figure]:
    """Change a limit many times, at odd moments."""
    with capture_logs():
        took = asyncio.run(_changes())
    what = "a changed config is in effect"
    return [
        Figure(f"{what}: p50", statistics.median(took), "ms", note=f"{CHANGES} changes"),
        Figure(f"{what}: p99", p99(took), "ms", 200.0),
    ]


async def _changes() -> list[float]:
    changed = asyncio.Event()
    chance = random.Random(_SEED)  # noqa: S311 - no secret
    took: list[float] = []
    with tempfile.TemporaryDirectory(prefix="reload-") as name:
        file = Path(name) / "config.json"
        file.write_text("{}", encoding="utf-8")
        reload = Reload(
            file.parent,
            Reloadable.of(Settings.load({})),
            production=False,
            on_change=lambda _: changed.set(),
        )
        reload.start()
        watching = asyncio.create_task(reload.run())
        for number in range(1, CHANGES + 1):
            await asyncio.sleep(chance.random() * 0.1)
            changed.clear()
            began = time.monotonic()
            file.write_text(json.dumps({"maxPositionSize": str(number)}), encoding="utf-8")
            await changed.wait()
            took.append((time.monotonic() - began) * 1000)
        watching.cancel()
    return took
