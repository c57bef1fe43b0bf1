"""A pull request is held against the source of what runs, found by the committed digest."""

import os
from pathlib import Path

import pytest

from bot.contract.compatibility import OURS, UnstatedError
from pipeline import cli, compatible
from pipeline.compatible import STATED_IN, HistoryError, judged
from pipeline.pinned import NotPinnedError
from tests.support.process import Shell

WHO = {
    f"GIT_{role}_{what}": "test@example.invalid"
    for role in ("AUTHOR", "COMMITTER")
    for what in ("NAME", "EMAIL")
}
DIGEST = "sha256:" + "1" * 64
PLACEHOLDER = "sha256:" + "0" * 64
LEDGER = OURS.ledger.newest
CONFIG = OURS.config.newest


class Source(Shell):
    """A repository with two stack configs and a source that states its ranges."""

    def commit(self, **files: str) -> str:
        for name, text in files.items():
            file = self.folder / (STATED_IN if name == "ranges" else f"Pulumi.{name}.yaml")
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
        self.run("git", "add", "-A")
        self.run("git", "commit", "-qm", "some change")
        return self.run("git", "rev-parse", "HEAD").output.strip()


def ranges(ledger: str, config: str) -> str:
    return f'"""Words."""\nLEDGER_SCHEMA = "{ledger}"\nCONFIG_SCHEMA = "{config}"\n'


def stack(blue: str, green: str = PLACEHOLDER, active: str = "blue") -> str:
    outputs = {"blue": blue, "green": green}
    images = "".join(
        f"  trading-bot:{color}:\n    image: registry.example/bot@{digest}\n"
        for color, digest in outputs.items()
    )
    return f"config:\n  trading-bot:activeColor: {active}\n{images}"


@pytest.fixture(name="source")
def _source(tmp_path: Path) -> Source:
    source = Source(tmp_path, {**os.environ, **WHO})
    source.run("git", "init", "-q", "-b", "main")
    return source


OUR_RANGES = ranges(f"{OURS.ledger.oldest}..{LEDGER}", f"{OURS.config.oldest}..{CONFIG}")
LIVE = {
    "what this source is": (OUR_RANGES, ""),
    "an older one that this source lets trade on": (
        ranges(f"0..{OURS.ledger.oldest}", f"0..{OURS.config.oldest}"),
        "",
    ),
    "an older one that this source shuts out": (
        ranges("0..1", f"0..{CONFIG}"),
        f"ledger schema: the candidate's migration makes it {LEDGER}",
    ),
    "a newer one that shuts this source out": (
        ranges(f"{LEDGER + 1}..{LEDGER + 1}", f"0..{CONFIG}"),
        f"ledger schema: the live version made it {LEDGER + 1}",
    ),
    "one that does not read what this source writes": (
        ranges(f"0..{LEDGER}", "0..0"),
        f"config schema: this source writes {CONFIG}",
    ),
}


@pytest.mark.parametrize("name", LIVE)
def test_what_runs_is_the_source_under_the_commit_that_brought_its_digest(
    name: str, source: Source
) -> None:
    stated, words = LIVE[name]
    source.commit(ranges=stated, staging=stack(PLACEHOLDER), production=stack(PLACEHOLDER))
    brought = source.commit(staging=stack(PLACEHOLDER, DIGEST, "green"))
    source.commit(ranges=ranges("8..9", "8..9"), production=stack(DIGEST))
    for each in ("staging", "production"):
        verdict, message = judged(each, "HEAD", source.folder)
        assert f"{each} runs the source of {brought[:12]}" in message
        assert [words in problem for problem in verdict] == [True] * bool(words)


def test_a_stack_that_runs_nothing_takes_any_version(source: Source) -> None:
    source.commit(ranges=ranges("0..0", "0..0"), production=stack(PLACEHOLDER))
    assert judged("production", "main", source.folder) == (
        [],
        "production runs nothing yet: any version may come",
    )


def test_what_is_older_than_the_gate_is_said_to_be_not_compared(source: Source) -> None:
    source.commit(production=stack(DIGEST))
    verdict, message = judged("production", "main", source.folder)
    assert verdict == []
    assert "not compared" in message


def test_a_range_that_cannot_be_read_is_named_with_its_commit(source: Source) -> None:
    brought = source.commit(ranges=ranges("two", "1..1"), production=stack(DIGEST))
    with pytest.raises(UnstatedError) as refused:
        judged("production", "main", source.folder)
    assert str(refused.value) == (
        f"{STATED_IN} at {brought[:12]}: LEDGER_SCHEMA='two' must be OLDEST..NEWEST like 2..3"
    )


def test_an_active_color_that_pins_nothing_is_refused(source: Source) -> None:
    source.commit(production=stack(DIGEST).replace(f"@{DIGEST}", ""))
    with pytest.raises(NotPinnedError):
        judged("production", "main", source.folder)


def test_a_history_without_the_digest_is_asked_for_all_of_it(source: Source) -> None:
    source.commit(production=stack(DIGEST))
    with pytest.raises(HistoryError, match="fetch all of it"):
        compatible.brought("sha256:" + "2" * 64, "main", source.folder)


def test_a_base_that_is_not_there_is_told_by_the_command(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert cli.main(["compatible", "--stack", "staging", "--base", "no-such-commit"]) == 1
    assert "no-such-commit" in capsys.readouterr().err
