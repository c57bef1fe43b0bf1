"""The bot with planted faults. A file in /dev/shm, which outlives a container, switches one on.

dead      the process ends, and ends again after each restart
keeps     answers never say `Connection: close`, no matter which color is active

Others are built in (`FAULT`), so that each bad version has a digest of its own. All but the first
show only when signals come in, which is after the swap:

never-ready   `/readyz` fails
errors        `POST /signals` is answered with 500
load          the same, for what comes beyond `LOAD_PER_SECOND`
crash         the process ends at a signal, and again after each restart
leak          each signal leaves a megabyte behind
slow          the venue's answer to an order comes late
"""

import asyncio
import os
import sys
import threading
import time
from collections import deque
from http import HTTPStatus
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response

from bot.__main__ import main
from bot.app import Bot
from bot.health.probes import ProbeAnswer
from bot.intake.intake import Intake
from bot.serving import http as surface
from bot.trading.orders import Report, Terms
from bot.venues.ccxt_binance import CcxtVenue

_SWITCHES = Path("/dev/shm")  # noqa: S108 - the one place that a pod with a read-only root can write to
_DEAD = _SWITCHES / "dead"
_KEEPS = _SWITCHES / "keeps"
_LOOK_SECONDS = 0.05
_EXIT_CODE = 3
LOAD_PER_SECOND = 3
"""Of one pod."""
_LEAK_BYTES = 1 << 20
_LATE_SECONDS = 0.1
"""Less than the time in which the next order of a symbol comes, and than the venue's window."""


def _die_when_told() -> None:
    while not _DEAD.exists():
        time.sleep(_LOOK_SECONDS)
    os._exit(_EXIT_CODE)


_closing = Bot.closing


def _closing_unless_told(self: Bot) -> bool:
    return _closing(self) and not _KEEPS.exists()


_post = Intake.post
_recent: deque[float] = deque(maxlen=LOAD_PER_SECOND)
_kept: list[bytes] = []


async def _error(self: Intake, request: Request) -> Response:
    del self, request
    return Response(status_code=HTTPStatus.INTERNAL_SERVER_ERROR)


async def _error_under_load(self: Intake, request: Request) -> Response:
    now = time.monotonic()
    full = len(_recent) == LOAD_PER_SECOND and now - _recent[0] < 1
    _recent.append(now)
    return await (_error if full else _post)(self, request)


async def _end(self: Intake, request: Request) -> Response:
    del self, request
    os._exit(_EXIT_CODE)


async def _leak(self: Intake, request: Request) -> Response:
    _kept.append(os.urandom(_LEAK_BYTES))
    return await _post(self, request)


def _never_ready(name: str, *_: object, **__: object) -> ProbeAnswer:
    return ProbeAnswer(name != "readyz", "planted\n")


_place = CcxtVenue.place


async def _place_slowly(self: CcxtVenue, order_id: str, terms: Terms, stamp: float) -> Report:
    report = await _place(self, order_id, terms, stamp)
    await asyncio.sleep(_LATE_SECONDS)
    return report


_POSTS = {"errors": _error, "load": _error_under_load, "crash": _end, "leak": _leak}


def plant(fault: str) -> None:
    """Build a fault in."""
    if fault in _POSTS:
        Intake.post = _POSTS[fault]
    elif fault == "never-ready":
        surface.probe = _never_ready
    elif fault == "slow":
        CcxtVenue.place = _place_slowly
    elif fault:
        raise SystemExit(f"unknown fault {fault!r}")


plant(os.environ.get("FAULT", ""))
Bot.closing = _closing_unless_told
threading.Thread(target=_die_when_told, daemon=True).start()
if _DEAD.exists():
    os._exit(_EXIT_CODE)
sys.exit(main(sys.argv[1:], os.environ))
