"""The command: what it prints, and what its exit code says."""

import io
import json
from pathlib import Path
from typing import Any

import pytest

from infra.review.cli import Exit, main
from infra.review.steps import Step
from infra.review.text import marker
from tests.infra.review.cases import CASES, of

_URN = "urn:pulumi:s::p::"


def as_printed(step: Step) -> dict[str, Any]:
    """A step as the engine prints it."""
    states = {
        key: {"custom": True, "inputs": inputs}
        for key, inputs in (("oldState", step.before), ("newState", step.after))
        if inputs
    }
    kind = "pulumi:providers:kubernetes" if step.kind == "Provider" else f"k:v1:{step.kind}"
    return {
        "op": str(step.operation),
        "urn": f"{_URN}{kind}::{step.name}",
        **states,
        "detailedDiff": dict.fromkeys(step.touched),
        "replaceReasons": list(step.reasons),
    }


def written(name: str, folder: Path) -> str:
    case = next(case for case in CASES if case.name == name)
    file = folder / "preview.json"
    file.write_text(json.dumps({"steps": [as_printed(step) for step in of(case).steps]}))
    return str(file)


@pytest.mark.parametrize(
    ("name", "code"),
    [("nothing", Exit.QUIET), ("more-pods", Exit.QUIET), ("swap", Exit.ATTENTION)],
)
def test_the_exit_code_says_whether_someone_must_look(
    name: str, code: Exit, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--stack", "staging", "--from", written(name, tmp_path)]) == code
    assert capsys.readouterr().out.startswith(marker("staging"))


def test_what_the_engine_printed_reads_like_the_case_it_is(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["--stack", "production", "--from", written("swap", tmp_path)])
    golden = (Path(__file__).parent / "golden" / "swap.md").read_text()
    told = capsys.readouterr().out
    assert told.splitlines()[:12] == golden.splitlines()[:12]


def test_a_refused_preview_fails(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    diagnostics = [{"severity": "error", "message": "activeColor: 'gren'"}]
    text = json.dumps({"steps": [], "diagnostics": diagnostics})
    monkeypatch.setattr("sys.stdin", io.StringIO(text))
    assert main(["--stack", "staging", "--from", "-"]) == Exit.FAILED
    assert "activeColor: 'gren'" in capsys.readouterr().out


def test_what_is_no_preview_fails_in_words(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "text"
    file.write_text("no preview")
    assert main(["--stack", "staging", "--from", str(file)]) == Exit.FAILED
    assert "this is not what `pulumi preview --json" in capsys.readouterr().err


def test_an_unknown_commit_fails_in_words(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--stack", "staging", "--base", "no-such-commit"]) == Exit.FAILED
    assert "git knows no commit 'no-such-commit'" in capsys.readouterr().err


@pytest.mark.parametrize("words", [[], ["--stack"], ["--stack", "a", "--base", "b", "--refresh"]])
def test_a_wrong_command_line_is_a_code_of_its_own(words: list[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(words)
    assert ended.value.code == Exit.USAGE
