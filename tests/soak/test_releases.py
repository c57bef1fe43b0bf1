from tests.soak.releases import figures, missed, percentile


def test_a_percentile_is_one_of_the_values() -> None:
    values = [float(n) for n in range(20, 0, -1)]
    assert percentile(values, 50) == 10.0
    assert percentile(values, 95) == 19.0
    assert percentile([3.0], 95) == 3.0


def test_the_parts_of_a_way_back_are_shown_with_their_sum() -> None:
    split = {"detect": 1.0, "decide": 0.5, "apply": 2.0}
    summary = figures("by command", [{"split": split}])
    assert "1 times" in summary
    assert "after detection 2.50/2.50, whole 3.50/3.50" in summary
    assert figures("by command", []) == "by command: none yet"


def test_an_aim_that_was_missed_is_told_with_what_was_promised() -> None:
    quick, slow = ({"split": {"detect": 1.0, "decide": 0.5, "apply": n}} for n in (1.0, 6.0))
    assert missed("killed after the swap", [quick] * 19 + [slow]) == []
    (miss,) = missed("killed after the swap", [quick] * 18 + [slow] * 2)
    assert miss == "killed after the swap: after detection, p95: 6.50 s, promised 5 s"
    assert missed("leak", [slow]) == []
    assert missed("killed after the swap", []) == []
