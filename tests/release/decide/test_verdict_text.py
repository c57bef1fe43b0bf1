from release.decide.model import Figures, StreamFigures
from release.decide.verdict_text import figure_lines

ORDERS = StreamFigures("orders", 231.0, 4.5, 0.0, 31.2, 26.7)


def test_each_test_is_one_line() -> None:
    text = "orders: 4.5 % of 231 wrong (old color 0 %), evidence 31.2 of 26.7"
    assert figure_lines(Figures((ORDERS,), blocks=3)) == [text, "slow_blocks 0, blocks 3"]


def test_figures_of_no_test_share_a_line() -> None:
    assert figure_lines(Figures(profit_quote=0.5)) == ["profit_quote 0.5"]
    assert figure_lines(Figures()) == []
