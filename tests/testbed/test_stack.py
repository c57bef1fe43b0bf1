from bot.contract.color import Color
from testbed.stack import pins

REFERENCE = "127.0.0.1:5000/trading-bot@sha256:" + "a" * 64


def test_only_colors_that_say_build_are_pinned() -> None:
    images = {Color.BLUE: "build", Color.GREEN: "elsewhere@sha256:" + "b" * 64}
    outputs = {"blueImage": REFERENCE, "greenImage": REFERENCE}
    assert pins(images, outputs) == {Color.BLUE: REFERENCE}


def test_nothing_is_pinned_before_anything_was_built() -> None:
    assert pins({Color.BLUE: "build", Color.GREEN: "build"}, {}) == {}


def test_both_are_pinned_after_the_first_up() -> None:
    images = dict.fromkeys(Color, "build")
    outputs = {"blueImage": REFERENCE, "greenImage": REFERENCE}
    assert pins(images, outputs) == dict.fromkeys(Color, REFERENCE)
