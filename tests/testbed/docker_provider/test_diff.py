"""Which changes of the inputs make the image be built again."""

import pytest

from testbed.docker_provider.diff import Change, changes
from testbed.docker_provider.values import UNKNOWN, Properties

OLD: Properties = {
    "imageName": "r.io/app:1",
    "build": {"contextDigest": "1", "args": {"A": "1", "B": "2"}},
    "registry": {"server": "r.io", "username": "me", "password": "old"},
}


def test_equal_inputs_are_no_change_whatever_their_order() -> None:
    new = OLD | {"build": {"args": {"B": "2", "A": "1"}, "contextDigest": "1"}}
    assert changes(OLD, new) == {}


@pytest.mark.parametrize(
    ("new", "expected"),
    [
        (
            {"build": {"contextDigest": "2", "args": {"A": "1", "B": "2"}}},
            {"build": Change.UPDATED},
        ),
        ({"build": {"contextDigest": "1", "args": {"A": "1"}}}, {"build": Change.UPDATED}),
        ({"build": UNKNOWN}, {"build": Change.UPDATED}),
        ({"imageName": "r.io/app:2"}, {"imageName": Change.UPDATED}),
        ({"skipPush": True}, {"skipPush": Change.ADDED}),
        ({"registry": {"server": "r.io", "username": "you", "password": "new"}}, {}),
        ({"registry": {"server": "s.io"}}, {"registry": Change.UPDATED}),
    ],
)
def test_a_change_is_told_by_its_top_level_name(
    new: Properties, expected: dict[str, Change]
) -> None:
    assert changes(OLD, OLD | new) == expected


def test_an_input_that_went_away_is_a_change() -> None:
    new = {key: value for key, value in OLD.items() if key != "registry"}
    assert changes(OLD, new) == {"registry": Change.DELETED}
