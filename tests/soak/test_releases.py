from tests.soak.releases import figures, percentile
from tests.soak.results import Result


def test_a_percentile_is_one_of_the_values() -> None:
    values = [float(n) for n in range(20, 0, -1)]
    assert percentile(values, 50) == 10.0
    assert percentile(values, 95) == 19.0
    assert percentile([3.0], 95) == 3.0


def test_the_parts_of_a_way_back_are_shown_with_their_sum() -> None:
    split = {"detect": 1.0, "decide": 0.5, "apply": 2.0}
    told = figures("by command", [Result("by command", "x", [], {"split": split})])
    assert "1 times" in told
    assert "after detection 2.50/2.50, whole 3.50/3.50" in told
    assert figures("by command", []) == "by command: none yet"
