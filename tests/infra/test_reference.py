from infra.reference import reference
from tests.support.checkout import ROOT

MANUAL = ROOT / "docs" / "configuration.md"


def test_the_manual_is_what_the_config_says() -> None:
    assert MANUAL.read_text() == reference(), (
        "run: python -m infra.reference > docs/configuration.md"
    )
