import os

import pytest

from release.drive.lock import holder_name, is_dead


def test_a_name_tells_user_machine_and_process() -> None:
    assert holder_name("ada", 7, "00ff", "night") == "ada@night:7-00ff"
    assert not is_dead(holder_name("ada", os.getpid(), "00ff"), lambda pid: pid == os.getpid())


@pytest.mark.parametrize(
    ("holder", "dead"),
    [
        ("ada@night:7-00ff", True),
        ("ada@here@night:7-00ff", True),
        ("ada@night:8-00ff", False),
        ("ada@day:7-00ff", False),
        ("ada@night", False),
        ("", False),
    ],
)
def test_only_a_process_of_this_machine_that_is_gone_is_surely_dead(
    holder: str, *, dead: bool
) -> None:
    assert is_dead(holder, lambda pid: pid == 8, "night") is dead
