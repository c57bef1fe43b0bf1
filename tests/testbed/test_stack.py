from bot.contract.color import Color
from testbed.stack import absent, pins

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


def test_a_secret_that_is_there_stays() -> None:
    given = {"database-url": "here", "signals-token": "any", "other": "a person's"}
    assert absent({"database-url": "here", "signals-token": ""}, given) == {}


def test_a_secret_of_an_earlier_platform_is_replaced() -> None:
    assert absent({"database-url": "new"}, {"database-url": "old"}) == {"database-url": "new"}


def test_a_token_that_is_not_there_is_made_at_random() -> None:
    one, other = absent({"signals-token": ""}, {}), absent({"signals-token": ""}, {})
    assert len(one["signals-token"]) > 40
    assert one != other
