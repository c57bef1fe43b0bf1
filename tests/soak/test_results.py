"""What an earlier run did counts, for the same sources; a failure is never repeated away."""

from pathlib import Path

from tests.soak.results import Kind, Result, append, load, missing
from tests.soak.table import table

KIND = {"requests": 4000, "lost": 0}
SWAP = {
    "slowest_move_seconds": 0.4,
    "stayed": 0,
    "clients": 10,
    "up_seconds": 3.5,
    "traffic": {"new": KIND, "kept": {**KIND, "lost": 2}, "lag_seconds": {"largest": 0.01}},
}


def result(kind: Kind = Kind.SWAP, sources: str = "abc", *broken: str) -> Result:
    return Result(kind, sources, list(broken), SWAP)


def test_results_survive_in_their_file(tmp_path: Path) -> None:
    file = tmp_path / "reports" / "soak.jsonl"
    append(file, result())
    append(file, result(Kind.WITHOUT_DRAIN, "abc", "nothing was lost"))
    assert load(file, "abc") == [result(), result(Kind.WITHOUT_DRAIN, "abc", "nothing was lost")]


def test_other_sources_start_anew(tmp_path: Path) -> None:
    append(tmp_path / "soak", result(sources="old"))
    assert load(tmp_path / "soak", "new") == []


def test_no_file_means_no_result(tmp_path: Path) -> None:
    assert load(tmp_path / "soak", "abc") == []


def test_a_half_written_line_is_no_result(tmp_path: Path) -> None:
    file = tmp_path / "soak"
    append(file, result())
    file.write_text(file.read_text() + '{"kind": "swap", "sour')
    append(file, result())
    assert load(file, "abc") == [result(), result()]


def test_only_what_is_missing_is_done() -> None:
    done = [result(), result(), result(Kind.WITHOUT_DRAIN)]
    assert missing(Kind.SWAP, 20, done) == 18
    assert missing(Kind.SWAP, 1, done) == 0


def test_a_failure_counts_as_done_and_stays() -> None:
    assert missing(Kind.SWAP, 1, [result(Kind.SWAP, "abc", "2 were lost")]) == 0


def test_the_table_sums_requests_and_shows_the_worst_times() -> None:
    lines = table([result(), result(Kind.SWAP, "abc", "2 were lost")]).splitlines()
    cells = "| swap | 2 | 1 | 8000 | 0 | 8000 | 4 | 0.40 | 0 of 20 | 3.50 | 0.01 |"
    assert lines[2] == cells
    assert len(lines) == 2 + len(Kind)
