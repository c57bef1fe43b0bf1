"""The measurements. Each takes what it needs and returns lines of the table."""

import shutil
import statistics
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Generator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from bot.contract import http
from bot.contract.color import Color
from infra.names import CONTAINER
from infra.review.cli import Exit
from tests.bench.report import MEBIBYTE, MEGABYTE, Figure, Pair, spread
from tests.support.checkout import ROOT
from tests.support.dead_color import leave_dead_color
from tests.support.faults import revive
from tests.support.images import base_image, size_bytes
from tests.support.kube import Kube
from tests.support.platform import Platform
from tests.support.process import Shell
from tests.support.stack import Stack
from tests.support.swap import RESTART_LATER, swap_under_load

_TURNS = 5
_READY_POLL_SECONDS = 0.01
_READY_PATIENCE_SECONDS = 30


def against_bare(ours: Stack, bare: Stack) -> list[Figure]:
    """Swap and preview the swap, ours and the bare program in turns."""
    previews: list[tuple[float, float]] = []
    swaps: list[tuple[float, float]] = []
    colors = [Color.GREEN, Color.BLUE] * _TURNS
    for color in colors[:_TURNS]:
        for stack in (ours, bare):
            stack.set("activeColor", color)
        previews.append((ours.preview().seconds, bare.preview().seconds))
        swaps.append((ours.up().seconds, bare.up().seconds))
    return [
        *Pair.of(swaps).figures("swap by `pulumi up`", 1.25),
        *Pair.of(previews).figures("`pulumi preview` of a swap", 1.5),
    ]


def review(stack: Stack) -> list[Figure]:
    """What the words for a reviewer cost beyond the engine's preview of a swap."""
    active = Color(stack.outputs()["activeColor"])
    stack.set("activeColor", active.other)
    preview = stack.pulumi("preview", "--json", "--show-sames").output
    stack.set("activeColor", active)
    shell = Shell(ROOT, stack.shell.env)
    words = (sys.executable, "-m", "infra.review", "--stack", stack.name, "--from", "-")
    runs = [shell.run(*words, stdin=preview, check=False) for _ in range(_TURNS)]
    if wrong := [run.text for run in runs if run.code != Exit.ATTENTION]:
        raise ValueError(f"no review of a swap: {wrong[0]}")  # which would be quick
    times = [run.seconds for run in runs]
    what = "a preview in words, beyond the preview"
    return [Figure(what, statistics.median(times), "s", 0.5, spread(times))]


def swap(stack: Stack) -> list[Figure]:
    """One swap under load."""
    to = Color(stack.outputs()["activeColor"]).other
    done = swap_under_load(stack, to, restart_after_seconds=RESTART_LATER)
    report = done.traffic.report
    moves = list(done.moved_after_seconds.values())
    load = f"{done.new_rate:.0f}/s new and {done.clients} kept-alive connections"
    latency = report["new"]["latency_seconds"]
    return [
        Figure("swap under load: lost requests", sum(done.lost), "", 0, load),
        Figure("swap under load: `pulumi up`", done.up_seconds, "s"),
        Figure("from the command to the Service's update", done.service_after_seconds, "s"),
        Figure(
            "from the Service's update to the last kept-alive client's move",
            max(moves),
            "s",
            2,
            f"median {statistics.median(moves):.2f} s",
        ),
        Figure("latency of new connections, 99th percentile", latency["p99"] * 1000, "ms"),
        Figure("the prober's own lag, largest", report["lag_seconds"]["largest"] * 1000, "ms"),
    ]


def memory(stack: Stack) -> list[Figure]:
    """Peak resident memory of every pod, after the load."""
    kube = Kube.of(stack)
    script = "print(next(line.split()[1] for line in open('/proc/1/status') if 'VmHWM' in line))"
    peaks = [
        int(kube.kubectl("exec", pod.name, "-c", CONTAINER, "--", "python", "-c", script).output)
        for color in Color
        for pod in kube.pods(color)
    ]
    largest = max(peaks) * 1024 / MEBIBYTE
    return [Figure("resident memory of the bot, peak", largest, "MiB", 80, f"{len(peaks)} pods")]


def dead_color(stack: Stack) -> list[Figure]:
    """Leave a color that died, as an operator does at night, and with a preview before."""
    figures: list[Figure] = []
    for flags, goal in ((("--skip-preview",), 5.0), ((), None)):
        with tempfile.TemporaryDirectory(prefix="dead-") as folder:
            left = leave_dead_color(stack, Path(folder), *flags)
        revive(Kube.of(stack), Color.GREEN)
        what = f"leaving a dead color by `pulumi {' '.join(('up', *flags))}`"
        note = f"{left.failed_before} requests had failed before"
        figures += [
            Figure(f"{what}: traffic back", left.traffic_back_seconds, "s", goal, note),
            Figure(f"{what}: the command", left.command_seconds, "s", 30),
        ]
    return figures


def image(reference: str, platform: Platform) -> list[Figure]:
    """What the image adds to its base, and how soon a container of it is ready."""
    whole = size_bytes(reference, platform)
    base = size_bytes(base_image(platform), platform)
    times = [_seconds_until_ready(reference, platform) for _ in range(_TURNS)]
    return [
        Figure("image, beyond its base", (whole - base) / MEGABYTE, "MB", 60),
        Figure("ready after the start", statistics.median(times), "s", 2, spread(times)),
    ]


def _seconds_until_ready(reference: str, platform: Platform) -> float:
    shell = Shell(ROOT, platform.env)
    name = shell.run("docker", "run", "--detach", "--rm", reference).output.strip()
    try:
        form = "{{.State.StartedAt}} {{.NetworkSettings.IPAddress}}"
        fields = shell.run("docker", "inspect", "--format", form, name).output.split()
        _wait_for(f"http://{fields[1]}:{http.PORT}{http.READYZ}")
        return time.time() - datetime.fromisoformat(fields[0]).timestamp()
    finally:
        shell.run("docker", "kill", name)


def _wait_for(url: str) -> None:
    end = time.monotonic() + _READY_PATIENCE_SECONDS
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    while True:
        try:
            opener.open(url, timeout=1).close()
        except (urllib.error.URLError, OSError):
            assert time.monotonic() < end, f"{url} was never ready"
            time.sleep(_READY_POLL_SECONDS)
        else:
            return


def rebuild(platform: Platform) -> list[Figure]:
    """Build again after a change of one line of code, as the program does, and push."""
    with _checkout() as folder:
        shell = Shell(folder, {**platform.env, "DOCKER_BUILDKIT": "1"})
        tag = f"{platform.repository}:bench"
        build = ["docker", "build", "--quiet", "--file", "bot/Dockerfile", "--tag", tag]
        build += [f"--build-arg=BASE_IMAGE={base_image(platform)}", "."]
        shell.run(*build)
        times: list[float] = []
        for number in range(_TURNS):
            with (folder / "bot" / "app.py").open("a", encoding="utf-8") as code:
                code.write(f"# change {number} at {time.time()}\n")
            times.append(
                shell.run(*build).seconds + shell.run("docker", "push", "--quiet", tag).seconds
            )
    return [
        Figure("rebuild after a change of code", statistics.median(times), "s", 5, spread(times))
    ]


@contextmanager
def _checkout() -> Generator[Path]:
    """Copy what the image is made of, so that the change happens to the copy."""
    with tempfile.TemporaryDirectory(prefix="checkout-") as folder:
        copy = Path(folder)
        for name in ("bot", "requirements"):
            shutil.copytree(ROOT / name, copy / name)
        shutil.copy(ROOT / ".dockerignore", copy)
        yield copy
