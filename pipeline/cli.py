"""The commands of `pipeline`: see its `--help`."""

import argparse
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from pipeline import (
    approval,
    branch,
    changelog,
    commit_message,
    compatible,
    notes,
    pinned,
    promotion,
    results,
    scanners,
    versions,
)
from pipeline.forge import GitHub
from pipeline.tools import ROOT, ToolError, run

EXIT_CODES = """\
exit codes:
  0  done, and nothing is wrong
  1  something is wrong; the text says what
  2  the command line is wrong
"""
Command = Callable[[argparse.Namespace], int]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    options = parser().parse_args(arguments)
    command: Command = options.command
    try:
        return command(options)
    except (ToolError, compatible.HistoryError, ValueError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)  # noqa: T201 -- the command's own words
        return 1


def _say(text: str) -> None:
    print(text)  # noqa: T201 -- its result


def _scan(options: argparse.Namespace) -> int:
    with tempfile.TemporaryDirectory(prefix="scan-") as folder:
        tree = Path(folder) / "tree"
        scanners.export(tree)
        results = list(scanners.scan(tree, options.only))
    count = len(scanners.SUPPRESSIONS)
    texts = [f"== {finding.scanner}\n{finding.text}\n" for finding in results]
    texts.append(f"{len(results)} scanners are not content; {count} rules are not held against us")
    text = "\n".join(texts)
    _say(text)
    if options.output:
        options.output.parent.mkdir(parents=True, exist_ok=True)
        options.output.write_text(f"{text}\n", "utf-8")
    return 1 if results else 0


def _results(options: argparse.Namespace) -> int:
    files = sorted(Path(options.reports).glob("*.xml"))
    runs = {
        file.stem: results.read(file.read_text("utf-8"))
        for file in files
        if not file.stem.endswith("-coverage")
    }
    _say(results.markdown(runs))
    return 0


def _comment(options: argparse.Namespace) -> int:
    files = {stack: Path(options.reports) / f"{stack}.md" for stack in options.stacks}
    text = notes.joined(
        {stack: file.read_text("utf-8") if file.exists() else None for stack, file in files.items()}
    )
    _say(f"the comment was {notes.comment(GitHub(), options.number, text)}")
    return 0


def _issue(options: argparse.Namespace) -> int:
    """Without a text the check has not even come to its preview: that is worth an issue, too."""
    folder = Path(options.reports)
    drift, text = notes.Drift.UNKNOWN, f"The check ended before it could compare: {options.run}\n"
    if (folder / f"{options.stack}.code").exists():
        drift = notes.Drift(int((folder / f"{options.stack}.code").read_text("utf-8")))
        text = (folder / f"{options.stack}.md").read_text("utf-8")
    _say(f"{options.stack}: {notes.issue(GitHub(), options.stack, drift, text)}")
    return 0


def _approval(options: argparse.Namespace) -> int:
    payload = GitHub().read(f"environments/{options.environment}")
    errors = approval.problems(payload)
    for problem in errors:
        _say(problem)
    return 1 if errors else 0


def _image(options: argparse.Namespace) -> int:
    _say(pinned.pinned_image(ROOT / f"Pulumi.{options.stack}.yaml"))
    return 0


def _tested(options: argparse.Namespace) -> int:
    branch.require_tested(options.commit, options.robot)
    return 0


def _promoted(options: argparse.Namespace) -> int:
    promotion.require_release(options.version, options.stack)
    return 0


def _compatible(options: argparse.Namespace) -> int:
    verdict, message = compatible.judged(options.stack, options.base)
    _say("\n".join([message, *verdict]))
    return 1 if verdict else 0


def _version(options: argparse.Namespace) -> int:
    _say(versions.SPELLINGS[options.spelling](options.tag or versions.newest_tag()))
    return 0


def _newest(options: argparse.Namespace) -> int:
    versions.require_newest(options.version, versions.all_tags())
    return 0


def _asked(_: argparse.Namespace) -> int:
    _say("yes" if versions.asked_since_the_last_tag() else "no")
    return 0


def _changelog(options: argparse.Namespace) -> int:
    file = Path(options.file)
    text = changelog.released(
        file.read_text("utf-8"), options.version, options.date, sys.stdin.read()
    )
    file.write_text(text, "utf-8")
    return 0


def _message(options: argparse.Namespace) -> int:
    staged = commit_message.changed_lines(run("git", "diff", "--cached", "--numstat"))
    errors = list(commit_message.problems(options.file.read_text("utf-8"), staged))
    for error in errors:
        _say(error)
    return 1 if errors else 0


def parser() -> argparse.ArgumentParser:
    """Return the command line's grammar."""
    top = argparse.ArgumentParser(
        prog="pipeline",
        description="What only CI needs.",
        epilog=EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = top.add_subparsers(required=True, metavar="command")

    def add(name: str, command: Command, text: str) -> argparse.ArgumentParser:
        added = commands.add_parser(name, help=text, description=text)
        added.set_defaults(command=command)
        return added

    scan = add("scan", _scan, "run the scanners on what is in git")
    scan.add_argument("--output", type=Path, metavar="FILE", help="write it there, too")
    scan.add_argument("--only", nargs="*", default=[], help="their names; all by default")
    tests = add("results", _results, "say as Markdown what the test runs found")
    tests.add_argument("--reports", default="reports", help="folder of what pytest wrote (*.xml)")
    comment = add("comment", _comment, "make or update the one comment of a pull request")
    comment.add_argument("--number", type=int, required=True, help="the pull request's")
    comment.add_argument("--stacks", nargs="+", required=True, help="their names, in order")
    comment.add_argument("--reports", default="reports", help="folder of the reviews, STACK.md")
    issue = add("issue", _issue, "open, update or close the issue about a stack's drift")
    issue.add_argument("--stack", required=True, help="its name")
    issue.add_argument("--reports", default="reports", help="folder of STACK.md and STACK.code")
    issue.add_argument("--run", default="its log", help="where the log of this run is")
    asked = add("approval", _approval, "fail unless an environment asks another person")
    asked.add_argument("--environment", required=True, help="its name")
    image = add("image", _image, "print the image that a stack's config pins for its active color")
    image.add_argument("--stack", required=True, help="its name")
    since = add("tested", _tested, "fail if others have committed since a commit was tested")
    since.add_argument("--commit", required=True, help="the one that was tested")
    since.add_argument("--robot", required=True, help="the address that the pipeline commits with")
    named = add("promoted", _promoted, "fail unless a version releases what a stack runs")
    named.add_argument("--stack", required=True, help="its name")
    named.add_argument("--version", required=True, help="of the release, without v")
    gate = add("compatible", _compatible, "fail unless this source gets on with what a stack runs")
    gate.add_argument("--stack", required=True, help="its name")
    gate.add_argument("--base", required=True, help="commit whose stack config says what runs")
    version = add("version", _version, "print a version in one of its spellings")
    version.add_argument("--tag", help="the git tag; the newest by default")
    version.add_argument("--spelling", choices=versions.SPELLINGS, default="semver")
    add("asked", _asked, "say whether a commit since the newest tag asks for a version: yes, no")
    newest = add("newest", _newest, "fail unless a version comes after every tag")
    newest.add_argument("--version", required=True, help="without v")
    message = add("message", _message, "fail unless a commit message says enough: the git hook")
    message.add_argument("file", type=Path, help="where git keeps it")
    log = add("changelog", _changelog, "give `Unreleased` its version; commits by standard input")
    log.add_argument("--version", required=True, help="without v")
    log.add_argument("--date", required=True, help="YYYY-MM-DD")
    log.add_argument("--file", default=str(ROOT / "CHANGELOG.md"), help="the changelog")
    return top
