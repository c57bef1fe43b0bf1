from release.decide.figures import shown

ORDERS = {
    "orders_tried": 231.0,
    "orders_new_rate_pct": 4.5,
    "orders_old_rate_pct": 0.0,
    "orders_evidence": 31.2,
    "orders_evidence_needed": 26.7,
}


def test_each_test_is_one_line() -> None:
    text = "orders: 4.5 % of 231 wrong (old color 0 %), evidence 31.2 of 26.7"
    assert shown({**ORDERS, "blocks": 3.0}) == [text, "blocks 3"]


def test_numbers_that_are_not_whole_are_shown_as_they_are() -> None:
    assert shown({"orders_tried": 2.0, "other_pct": 0.5}) == ["orders_tried 2, other_pct 0.5"]
    assert shown({}) == []
