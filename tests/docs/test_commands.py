"""Every command that a text tells people to type is one that they can type."""

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.docs.checking import OURS, problems, wrong_names
from tests.docs.texts import PACKAGES, hints, named, pages, typed
from tests.support.checkout import ROOT

SCRIPTS: dict[str, str] = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["scripts"]
MODULES = sorted(path for name in PACKAGES for path in (ROOT / name).rglob("*.py"))


def _named(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("name", sorted(SCRIPTS))
def test_a_command_is_installed_and_says_how_it_is_used(name: str) -> None:
    command = Path(sys.executable).parent / name
    done = subprocess.run(  # noqa: S603 -- our own command
        [command, "--help"], capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith(f"usage: {name} ")


def test_each_command_has_a_grammar_that_texts_are_held_against() -> None:
    assert set(SCRIPTS) == set(OURS)


@pytest.mark.parametrize("page", pages(), ids=_named)
def test_what_a_page_shows_at_a_prompt_can_be_typed(page: Path) -> None:
    assert [problem for line in typed(page.read_text()) for problem in problems(line)] == []


@pytest.mark.parametrize("page", pages(), ids=_named)
def test_a_page_names_no_command_that_does_not_exist(page: Path) -> None:
    faults = [problem for command in named(page.read_text()) for problem in wrong_names(command)]
    assert faults == []


@pytest.mark.parametrize("module", MODULES, ids=_named)
def test_a_hint_in_a_message_can_be_pasted(module: Path) -> None:
    faults = [
        f"line {line}: {problem}"
        for line, command in hints(module.read_text())
        for problem in problems(command)
    ]
    assert faults == []


@pytest.mark.parametrize("module", sorted((ROOT / "release").rglob("*.py")), ids=_named)
def test_a_hint_of_a_release_names_the_stack(module: Path) -> None:
    """The one who releases may have selected another stack, or none."""
    about_a_stack = ("release ", "pulumi up", "pulumi config", "pulumi cancel")
    faults = [
        f"line {line}: {command}"
        for line, command in hints(module.read_text())
        if command.startswith(about_a_stack) and "--stack" not in command
    ]
    assert faults == []


@pytest.mark.parametrize(
    "line",
    [
        "release status",
        "release promote --stack production --why me",
        "release undo --stack production",
        "python -m release.nothing",
        "python -m bot acknowledge-all",
        "bot status --adress http://127.0.0.1:1",
        ".venv/bin/testbed start",
        "infra-review",
        "make everything",
        "make up CLUSTER=kind",
        "pulumi upgrade",
        "pulumi config set maxPosition 5",
        "pulumi config set 'symbols[0]' BTC/USDT",
        "pulumi config set --path 'symbol[0]' BTC/USDT",
        "pulumi config set release:bakeTime 5",
        "pulumi stack output purpleImage",
        "kubectl fly",
        "kubectl -n x exec deploy/bot-blue -- python -m bot stats",
        "git checkin",
        "pytest tests/nowhere",
        "cd x && release abort",
        'echo "$(release abort)"',
        "launch bot",
        "release status --stack 'unfinished",
    ],
)
def test_a_command_that_cannot_be_typed_is_found(line: str) -> None:
    assert problems(line)


@pytest.mark.parametrize("line", ["release undo", "release abort --why", "pipeline look"])
def test_a_name_of_a_command_that_does_not_exist_is_found(line: str) -> None:
    assert wrong_names(line)
    assert wrong_names("release unlock") == []


@pytest.mark.parametrize(
    "line",
    [
        'release promote --stack production --reason "…"  # a comment',
        "release quarantine --stack p clear sha256:1 --reason ok",
        "pulumi config set --path green.replicas 2 && pulumi up --stack local",
        "pulumi config set --stack local release:bakeSeconds 60",
        "pulumi config set --path 'symbols[0]' BTC/USDT",
        "pulumi config set --secret --path secrets.anything < file",
        'kubectl -n "$(pulumi stack output namespace)" exec deploy/bot -- python -m bot status',
        "BOT_LEDGER=x bot &",
        "make up CONTEXT=kind-dev REPOSITORY=localhost:5001/bot",
    ],
)
def test_a_command_that_can_be_typed_is_right(line: str) -> None:
    assert problems(line) == []
