"""Says what kind of machine a figure belongs to, without naming it."""

import os
import platform

_GIBIBYTE = 2**30


def describe() -> str:
    """Return cores, memory, kind of processor and kernel."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / _GIBIBYTE
    kernel = f"{platform.system()} {platform.release().partition('-')[0]}"
    return f"{os.cpu_count()} cores, {memory:.0f} GiB, {platform.machine()}, {kernel}"
