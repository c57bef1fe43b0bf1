"""A job's summary says how many tests ran, and which failed."""

from pathlib import Path

import pytest

from pipeline import cli
from pipeline.results import FAILURES_MAX, Run, markdown, read

JUNIT = """<?xml version="1.0" encoding="utf-8"?>
<testsuites><testsuite name="pytest" errors="1" failures="1" skipped="1" tests="4" time="12.4">
<testcase classname="tests.bot.test_app" name="test_good" time="0.1" />
<testcase classname="tests.bot.test_app" name="test_bad" time="0.1">
<failure message="assert 1 == `2`&#10; +  where">Traceback</failure></testcase>
<testcase classname="tests.bot.test_app" name="test_odd" time="0.1">
<error message="failed on setup">Traceback</error></testcase>
<testcase classname="tests.bot.test_app" name="test_left" time="0.1"><skipped /></testcase>
</testsuite></testsuites>
"""


def test_each_run_has_a_line_and_each_failure_its_words() -> None:
    assert markdown({"check": read(JUNIT), "test": Run(7, 0, 1.0, ())}) == (
        "### Tests: 2 failed\n\n"
        "| run | tests | failed | skipped | seconds |\n|---|---|---|---|---|\n"
        "| check | 4 | 2 | 1 | 12 |\n| test | 7 | 0 | 0 | 1 |\n\n"
        "- `tests.bot.test_app.test_bad`: assert 1 == '2'\n"
        "- `tests.bot.test_app.test_odd`: failed on setup\n"
    )


def test_no_run_is_not_a_good_run() -> None:
    assert markdown({}) == "### No tests were run\n"
    assert markdown({"check": Run(7, 0, 1.0, ())}).startswith("### Tests: all passed\n")


def test_many_failures_are_counted_not_listed() -> None:
    text = markdown({"check": Run(99, 0, 1.0, ("`a`",) * (FAILURES_MAX + 3))})
    assert text.endswith("- `a`\n- and 3 more\n")


def test_what_is_no_result_is_refused() -> None:
    with pytest.raises(ValueError, match="no results of tests"):
        read("<testsuites>")


def test_the_files_of_a_folder_are_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "check.xml").write_text(JUNIT)
    (tmp_path / "check-coverage.xml").write_text("<coverage />")
    assert cli.main(["results", "--reports", str(tmp_path)]) == 0
    assert "| check | 4 | 2 | 1 | 12 |" in capsys.readouterr().out
