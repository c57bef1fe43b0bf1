"""The command: run or read a preview, print it in words, say by the exit code what it found."""

import argparse
import os
import sys
from collections.abc import Sequence
from enum import IntEnum
from pathlib import Path

from infra.review import engine, offline
from infra.review.preview import NotAPreviewError, Operation, Preview, parse
from infra.review.text import LETTERS_MAX, needs_attention, render


class Exit(IntEnum):
    """What the exit code says."""

    QUIET = 0
    FAILED = 1
    USAGE = 2
    ATTENTION = 3


_EPILOG = """\
exit codes:
  0  nothing needs attention
  1  the preview was refused, or could not be made
  2  the command line is wrong
  3  something needs attention; the text says what
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the review of one stack and return the exit code."""
    options = parser().parse_args(arguments)
    try:
        planned, basis = _preview(options)
    except (engine.EngineError, NotAPreviewError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)  # noqa: T201 -- the command's own words
        return Exit.FAILED
    text = render(options.stack, planned, basis, options.limit)
    code = _code(planned, strict=options.expect_nothing)
    if options.output:
        options.output.parent.mkdir(parents=True, exist_ok=True)
        options.output.write_text(text, "utf-8")
        options.output.with_suffix(".code").write_text(f"{code}\n", "utf-8")
    print(text, end="")  # noqa: T201 -- its result
    return code


def _code(planned: Preview, *, strict: bool) -> Exit:
    if planned.errors:
        return Exit.FAILED
    changes = any(step.operation is not Operation.SAME for step in planned.steps)
    return Exit.ATTENTION if needs_attention(planned) or (strict and changes) else Exit.QUIET


def _preview(options: argparse.Namespace) -> tuple[Preview, str]:
    if options.file:
        text = sys.stdin.read() if options.file == "-" else Path(options.file).read_text("utf-8")
        return parse(text), "From a preview that was made before."
    if options.base:
        commit = offline.commit_of(options.base)
        planned = offline.against(options.base, options.stack)
        basis = f"Compared with the source at {commit}; what is deployed was not asked."
        return planned, basis
    planned = engine.preview(options.stack, offline.ROOT, os.environ, refresh=options.refresh)
    asked = ", after asking the cluster" if options.refresh else ""
    return planned, f"Compared with what was deployed last{asked}."


def parser() -> argparse.ArgumentParser:
    """Return the command line's grammar."""
    top = argparse.ArgumentParser(
        prog="infra-review",
        description="Say in words what `pulumi up` would change, as Markdown.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    top.add_argument("--stack", required=True, help="its name")
    source = top.add_mutually_exclusive_group()
    source.add_argument(
        "--base",
        metavar="COMMIT",
        help="compare the working tree with this commit, without state, cluster or secret; "
        "otherwise with what was deployed last",
    )
    source.add_argument(
        "--from",
        dest="file",
        metavar="FILE",
        help="read what `pulumi preview --json --show-sames` printed; - is standard input",
    )
    source.add_argument("--refresh", action="store_true", help="ask the cluster what it has, too")
    top.add_argument(
        "--expect-nothing", action="store_true", help="any change needs attention: a drift"
    )
    top.add_argument(
        "--output", type=Path, metavar="FILE", help="write the text there, too, and FILE.code"
    )
    top.add_argument("--limit", type=int, default=LETTERS_MAX, help=f"most letters ({LETTERS_MAX})")
    return top
