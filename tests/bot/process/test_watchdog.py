import asyncio
import subprocess
import sys
import threading
import time

import pytest

from bot.authority.timings import DEFAULTS
from bot.process.watchdog import (
    EXIT_STUCK,
    LIMIT_SECONDS,
    LOOK_SECONDS,
    WINDOW_SECONDS,
    Pulse,
    Silence,
    Watchdog,
)
from tests.support.fakes import FakeTime, until

pytestmark = pytest.mark.slow

STUCK = """
import asyncio, time
from bot.process.watchdog import Pulse, Watchdog

async def main():
    pulse = Pulse()
    beating = asyncio.create_task(pulse.run())
    Watchdog(pulse, limit_seconds={limit}).start()
    await asyncio.sleep(0.3)
    {then}
    print("went on", flush=True)

def the_culprit():
    time.sleep(30)

asyncio.run(main())
"""


def run(limit: float, then: str) -> subprocess.CompletedProcess[str]:
    code = STUCK.format(limit=limit, then=then)
    return subprocess.run(  # noqa: S603 - our own code
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=25, check=False
    )


def test_a_stuck_process_is_ended_and_says_where_it_was() -> None:
    ended = run(0.6, "the_culprit()")
    assert ended.returncode == EXIT_STUCK
    assert "the event loop is stuck" in ended.stderr
    assert "in the_culprit" in ended.stderr
    assert not ended.stdout


def test_a_process_that_beats_is_left_alone() -> None:
    ended = run(0.6, "await asyncio.sleep(1.5)")
    assert ended.returncode == 0
    assert ended.stdout == "went on\n"


def test_a_pipe_that_nobody_reads_keeps_no_stuck_process_alive() -> None:
    code = STUCK.format(limit=0.6, then="fill(); the_culprit()")
    fill = (
        "import os\ndef fill():\n    os.set_blocking(2, False)\n    try:\n"
        "        while True: os.write(2, b'x' * 65536)\n    except BlockingIOError: pass\n"
        "    os.set_blocking(2, True)\n"
    )
    process = subprocess.Popen([sys.executable, "-c", fill + code], stderr=subprocess.PIPE)  # noqa: S603 - our own code
    with process:
        assert process.wait(25) == EXIT_STUCK


def test_the_limit_ends_a_process_before_its_lease_does() -> None:
    assert DEFAULTS.lease_seconds > LIMIT_SECONDS


def test_silence_grows_until_the_pulse_beats() -> None:
    silence = Silence(1, 100.0)
    for look in range(1, 5):
        silence.look(1, 100.0 + look * LOOK_SECONDS)
    assert silence.seconds == 4 * LOOK_SECONDS
    silence.look(2, 100.0 + 5 * LOOK_SECONDS)
    assert silence.seconds == 0


def test_a_process_that_was_paused_as_a_whole_is_not_stuck() -> None:
    silence = Silence(1, 100.0)
    silence.look(1, 3700.0)
    assert silence.seconds == 2 * LOOK_SECONDS


async def test_the_thread_ends_a_loop_that_beats_no_more() -> None:
    ended = threading.Event()
    time_passes = FakeTime()

    def now() -> float:
        time_passes.seconds += LOOK_SECONDS
        return time_passes.seconds

    pulse = Pulse(now)
    watchdog = Watchdog(pulse, limit_seconds=2 * LOOK_SECONDS, end=ended.set, now=now)
    watchdog.start()
    await until(ended.is_set)
    watchdog.stop()


async def test_a_stopped_watchdog_ends_nothing() -> None:
    ended = threading.Event()
    watchdog = Watchdog(Pulse(), limit_seconds=LOOK_SECONDS, end=ended.set)
    watchdog.start()
    watchdog.stop()
    assert not ended.is_set()


async def test_the_pulse_beats_and_sees_a_blocked_loop() -> None:
    pulse = Pulse()
    beating = asyncio.create_task(pulse.run())
    await until(lambda: pulse.count > 1)
    time.sleep(0.2)  # noqa: ASYNC251 - blocks on purpose
    count = pulse.count
    await until(lambda: pulse.count > count)
    beating.cancel()
    await asyncio.wait([beating])
    assert pulse.lag_seconds > 0.1


def test_the_worst_lag_is_forgotten_after_two_windows() -> None:
    passing = FakeTime()
    pulse = Pulse(passing.monotonic)
    pulse.beat(0.5)
    for expected in (0.5, 0.0):
        passing.seconds += WINDOW_SECONDS + 1
        pulse.beat(0.0)
        assert pulse.lag_seconds == expected
