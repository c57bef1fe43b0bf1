"""Rights in lines that do not move when the widths of a table do."""

import pytest

from tests.support.rights import normalised

LISTED = """\
selfsubjectreviews.authentication.k8s.io        []            []               [create]
configmaps                                      []            [bot-intent]     [watch list get]
                                                [/healthz]    []               [get]
                                                [/healthz]    []               [get]
*.*                                             []            []               [*]
"""


def test_each_right_is_one_line_however_wide_the_table_is() -> None:
    expected = (
        "*.*: *\n"
        "/healthz: get\n"
        "configmaps named bot-intent: get list watch\n"
        "selfsubjectreviews.authentication.k8s.io: create\n"
    )
    assert normalised(LISTED) == expected
    assert normalised(LISTED.replace("      ", "   ")) == expected


def test_a_line_that_cannot_be_read_is_no_right_that_is_missing() -> None:
    with pytest.raises(ValueError, match="is no line of"):
        normalised("Warning: the list may be incomplete\n")
