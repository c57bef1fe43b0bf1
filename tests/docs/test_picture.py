"""The picture in README shows the view as it is."""

from tests.docs.picture import picture
from tests.support.checkout import ROOT


def test_the_picture_is_the_view_of_today() -> None:
    file = ROOT / "docs" / "release" / "live.svg"
    assert file.read_text() == picture(), (
        "run: python -m tests.docs.picture > docs/release/live.svg"
    )


def test_the_picture_loads_nothing_from_elsewhere() -> None:
    assert "url(" not in picture().replace("url(#", "")
