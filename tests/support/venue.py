"""The simulated exchange as a process of its own, with room for whatever a test sends."""

import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager

from tests.support.checkout import ROOT

ROOM = "10000000"
"""Requests and orders a minute: no test means to meet these limits."""


@contextmanager
def venue_process(host: str = "127.0.0.1") -> Generator[str]:
    """Give its URL; it ends with the block."""
    process = subprocess.Popen(  # noqa: S603 - our own program
        [
            *(sys.executable, "-m", "testbed.venue", "--host", host, "--port", "0"),
            *("--weight-limit", ROOM, "--order-limit", ROOM),
        ],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout
    try:
        with process.stdout as output:
            yield output.readline().split()[-1]
    finally:
        process.kill()
        process.wait()
