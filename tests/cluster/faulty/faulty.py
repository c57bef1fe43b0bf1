"""The bot with planted faults. A file in /dev/shm, which outlives a container, switches one on.

dead      the process ends, and ends again after each restart
keeps     answers never say `Connection: close`, whoever is active
"""

import os
import sys
import threading
import time
from pathlib import Path

from bot.__main__ import main
from bot.app import Bot

_SWITCHES = Path("/dev/shm")  # noqa: S108 - the one place that a pod with a read-only root can write to
_DEAD = _SWITCHES / "dead"
_KEEPS = _SWITCHES / "keeps"
_LOOK_SECONDS = 0.05
_EXIT_CODE = 3


def _die_when_told() -> None:
    while not _DEAD.exists():
        time.sleep(_LOOK_SECONDS)
    os._exit(_EXIT_CODE)


_closing = Bot.closing


def _closing_unless_told(self: Bot) -> bool:
    return _closing(self) and not _KEEPS.exists()


Bot.closing = _closing_unless_told
threading.Thread(target=_die_when_told, daemon=True).start()
if _DEAD.exists():
    os._exit(_EXIT_CODE)
sys.exit(main(sys.argv[1:], os.environ))
