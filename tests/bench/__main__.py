"""`python -m tests.bench`: measures everything in one run and writes docs/benchmarks.md."""

import sys
import tempfile
from argparse import ArgumentParser
from datetime import UTC, datetime
from pathlib import Path

from bot.contract.color import Color
from tests.bench import authority, kill_switch, measure, reload, signals
from tests.bench.machine import describe
from tests.bench.report import Figure, document
from tests.support.checkout import ROOT
from tests.support.deployed import deployed
from tests.support.images import build_faulty
from tests.support.platform import PROJECT, Platform, find_platform
from tests.support.process import Shell
from tests.support.stack import BUILD, Stack, two_colors

_FILE = ROOT / "docs" / "benchmarks.md"
_BARE = Path(__file__).parent / "bare"


def main() -> int:
    """Measure and write; the exit code says whether every goal was met."""
    parser = ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--date", default=datetime.now(UTC).date().isoformat())
    date = parser.parse_args().date
    revision = Shell(ROOT, {"PATH": "/usr/bin:/bin:/usr/local/bin"}).run(
        "git", "rev-parse", "--short", "HEAD"
    )
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        figures = _measure(Path(folder), find_platform())
    text = document(figures, describe(), date, revision.output.strip())
    _FILE.write_text(text, encoding="utf-8")
    print(text)  # noqa: T201 - the report
    return 0 if all(figure.met for figure in figures) else 1


def _measure(folder: Path, platform: Platform) -> list[Figure]:
    created = Stack.create("bench", folder / "ours", platform)
    with deployed(created, two_colors(BUILD, platform)) as ours:
        ours.pin()
        image = ours.image(Color.BLUE)
        bare_config: dict[str, object] = {
            "context": platform.context,
            "namespace": f"{PROJECT}-bench-bare",
            "image": image,
            "activeColor": Color.BLUE.value,
        }
        created = Stack.create("bench-bare", folder / "bare", platform, _BARE)
        with deployed(created, bare_config) as bare:
            figures = measure.against_bare(ours, bare)
        figures += [*measure.review(ours), *measure.swap(ours), *measure.memory(ours)]
    faulty = two_colors(build_faulty(image, platform), platform)
    created = Stack.create("bench-faulty", folder / "faulty", platform)
    with deployed(created, faulty) as stack:
        figures += measure.dead_color(stack)
    figures += [*measure.image(image, platform), *measure.rebuild(platform)]
    figures += authority.handovers(image, platform)
    figures += kill_switch.kill_switch(image, platform)
    figures += [*signals.signals(), *signals.start()]
    return [*figures, *reload.reload(), *authority.cost(), *authority.replicas()]


if __name__ == "__main__":
    sys.exit(main())
