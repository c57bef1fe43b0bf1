"""A pytest plugin that repeats tests: `pytest -p tests.soak.repeat --repetitions 20 FILE`.

What an earlier run of the same sources did counts, and a failure is never repeated away. The tests
of a file take turns, so that a run that was ended has done as much of one as of the others.
"""

import os
from collections.abc import Generator, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.soak.results import Result, append, fingerprint, load, missing
from tests.support.checkout import ROOT

_FILE = ROOT / "reports" / "repeated.jsonl"
_SOURCES = ("bot", "infra", "requirements", "testbed", "tests/support", "tests/cluster/conftest.py")
"""What the outcome depends on, beside the tests' own files."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Take the number."""
    parser.addoption("--repetitions", type=int, default=1, help="how often each test has to run")


def pytest_configure(config: pytest.Config) -> None:
    """Keep results where the run can see them; leave the names of `make test`'s stacks to it."""
    os.environ.setdefault("STACKS_PREFIX", "soak-")
    sources = fingerprint((*_SOURCES, *(arg for arg in config.args if Path(arg).exists())))
    repeated = _Repeated(int(config.getoption("--repetitions") or 1), sources)
    config.pluginmanager.register(repeated, "repeated")


class _Repeated:
    def __init__(self, repetitions: int, sources: str) -> None:
        self._repetitions = repetitions
        self._sources = sources
        self._results = load(_FILE, sources)

    @pytest.fixture(autouse=True)
    def repetition(self, request: pytest.FixtureRequest) -> int:
        """Return which it is, from 0."""
        number: int = request.param
        return number

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """Make as many of a test as are missing."""
        left = missing(metafunc.function.__name__, self._repetitions, self._results)
        numbers = range(self._repetitions - left, self._repetitions)
        metafunc.parametrize("repetition", numbers, indirect=True)

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Let them take turns."""
        items.sort(key=_number)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Write down how it ended, at once."""
        report = yield
        if report.when == "call" or report.failed:
            kind = getattr(item, "originalname", item.name)
            broken = [call.excinfo.exconly()] if report.failed and call.excinfo else []
            result = Result(kind, self._sources, broken, {"seconds": round(call.duration, 1)})
            append(_FILE, result)
            self._results.append(result)
        return report

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Fail for every failure that these sources ever had."""
        if any(result.broken for result in self._results) and not session.exitstatus:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:  # noqa: ANN401 - not public
        """Print the sums of all runs."""
        terminalreporter.section(f"repetitions so far, sources {self._sources}")
        for line in _table(self._results):
            terminalreporter.write_line(line)


def _number(item: pytest.Item) -> int:
    made: Any = getattr(item, "callspec", None)
    number = made.params["repetition"] if made else 0
    return number if isinstance(number, int) else 0  # pytest's mark for "none is missing"


def _table(results: Sequence[Result]) -> list[str]:
    lines = ["| what | runs | as promised |", "|---|---|---|"]
    for kind in dict.fromkeys(result.kind for result in results):
        ended = [result for result in results if result.kind == kind]
        good = sum(not result.broken for result in ended)
        name = kind.removeprefix("test_").replace("_", " ")
        lines.append(f"| {name} | {len(ended)} | {good} |")
    return lines
