"""`python -m tests.support.prober 127.0.0.1 8080`: probe until the plan's end or a signal.

The first line on standard output says that the run has begun, the second is the summary.
Exit code: 0 clean, 1 lost, 2 void.
"""

import asyncio
import contextlib
import gc
import json
import os
import signal
import sys
import time

from tests.support.prober.plan import Plan, parse
from tests.support.prober.rows import write
from tests.support.prober.run import Records, run
from tests.support.prober.summary import Verdict, summarize

_NICENESS = -10
_EXIT_CODES = {Verdict.CLEAN: 0, Verdict.LOST: 1, Verdict.VOID: 2}


async def _probe(plan: Plan) -> Records:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    print(json.dumps({"started": time.monotonic()}), flush=True)  # noqa: T201 - the report
    return await run(plan, stop)


def _go_first() -> None:
    """Run before all others where that is allowed: a prober that is late proves nothing."""
    try:
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1))
    except (AttributeError, OSError):  # no such thing on this system, or not for this user
        with contextlib.suppress(OSError):
            os.nice(_NICENESS)


def main() -> int:
    """Run once."""
    plan, file = parse(sys.argv[1:])
    gc.disable()  # its pauses would count as the server's
    _go_first()
    records = asyncio.run(_probe(plan))
    if file is not None:
        write(file, records.rows)
    summary = summarize(records.rows, records.lags, plan.lag_limit_seconds)
    print(json.dumps(summary.to_json()), flush=True)  # noqa: T201 - the report
    return _EXIT_CODES[summary.verdict]


if __name__ == "__main__":
    sys.exit(main())
