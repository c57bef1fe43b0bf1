"""The command: what it prints, and what its exit code says."""

import io
import json
from pathlib import Path
from typing import Any

import pytest

from infra.review import engine
from infra.review.cli import Exit, main
from infra.review.preview import Step
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


def test_any_drift_needs_attention(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["--stack", "staging", "--expect-nothing", "--from"]
    assert main([*words, written("more-pods", tmp_path)]) == Exit.ATTENTION
    assert main([*words, written("nothing", tmp_path)]) == Exit.QUIET
    assert capsys.readouterr().out


def test_the_text_and_the_code_are_kept_where_they_are_wanted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "reports" / "staging.md"
    main(["--stack", "staging", "--from", written("swap", tmp_path), "--output", str(file)])
    assert file.read_text() == capsys.readouterr().out
    assert file.with_suffix(".code").read_text() == f"{Exit.ATTENTION}\n"


def _stub(folder: Path, script: str) -> dict[str, str]:
    """A command `pulumi` that does what the script says."""
    file = folder / "pulumi"
    file.write_text(f"#!/bin/sh\n{script}\n")
    file.chmod(0o755)
    return {"PATH": f"{folder}:/usr/bin:/bin"}


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("echo passphrase must be set >&2; exit 255", "passphrase must be set"),
        ("echo no JSON", "no JSON"),
        ("echo '{\"steps\": []}'; echo interrupted >&2; exit 1", "interrupted"),
        ("echo '{\"steps\": []}'; exit 1", "exit code 1"),
    ],
)
def test_an_engine_that_fails_is_a_refusal_in_its_own_words(
    script: str, words: str, tmp_path: Path
) -> None:
    preview = engine.preview("staging", tmp_path, _stub(tmp_path, script))
    assert preview.errors
    assert words in preview.errors[0]


def test_the_engine_is_asked_about_the_cluster_only_when_told(tmp_path: Path) -> None:
    env = _stub(tmp_path, 'echo "$@" >> words; echo \'{"steps": []}\'')
    engine.preview("staging", tmp_path, env)
    engine.preview("staging", tmp_path, env, refresh=True)
    plain, refreshed = (tmp_path / "words").read_text().splitlines()
    assert "--refresh" not in plain
    assert refreshed == f"{plain} --refresh"


def test_an_engine_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(engine.EngineError, match="pulumi not found on PATH"):
        engine.preview("staging", tmp_path, {"PATH": str(tmp_path)})


def test_what_the_engine_printed_reads_like_the_case_it_is(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["--stack", "production", "--from", written("swap", tmp_path)])
    golden = (Path(__file__).parent / "golden" / "swap.md").read_text()
    output = capsys.readouterr().out
    assert output.splitlines()[:12] == golden.splitlines()[:12]


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
