from pathlib import Path

import pytest
import yaml

from pipeline.cli import main
from pipeline.commit_message import changed_lines, problems
from tests.support.checkout import ROOT

LONG = f"fix(bot): {'x' * 63}"
COMMENTS = "\n# Please enter the commit message\n# ----- >8 -----\ndiff --git a/x b/x\n+body\n"


@pytest.mark.parametrize(
    ("message", "lines", "start"),
    [
        ("fix(bot): a limit is kept", 50, None),
        ("fix(bot): a limit is kept", 51, "The commit changes 51 lines"),
        ("fix(bot): a limit is kept\n\nIt was read too late.", 51, None),
        ("fix(bot): a limit is kept\n\nSigned-off-by: A <a@b.invalid>", 51, "The commit changes"),
        (f"feat!: a limit is kept\n{COMMENTS}", 51, "The commit changes"),
        ("docs: a limit is kept", 400, None),
        (LONG, 1, "The subject has 73 letters: write at most 72."),
        ("fix: a limit\nis kept", 1, "Leave the line after the subject empty."),
    ],
)
def test_a_message_says_in_a_line_what_and_in_a_body_why(
    message: str, lines: int, start: str | None
) -> None:
    errors = list(problems(message, lines))
    assert len(errors) == (start is not None)
    assert not start or errors[0].startswith(start)


def test_a_binary_file_has_no_lines() -> None:
    assert changed_lines("3\t4\ta.py\n-\t-\ta.png\n") == 7


def test_the_command_prints_the_problems(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "COMMIT_EDITMSG"
    file.write_text(LONG)
    assert main(["message", str(file)]) == 1
    assert "at most 72" in capsys.readouterr().out


def test_the_hooks_download_nothing_and_call_the_tools_of_the_project() -> None:
    config = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())
    hooks = [hook for repository in config["repos"] for hook in repository["hooks"]]

    assert {repository["repo"] for repository in config["repos"]} == {"local"}
    assert {hook["language"] for hook in hooks} == {"system"}
    assert [hook["entry"] for hook in hooks] == [
        "make quick",
        ".venv/bin/cz check --commit-msg-file",
        ".venv/bin/python -m pipeline message",
    ]
