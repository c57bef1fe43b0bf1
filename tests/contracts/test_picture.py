from tests.contracts.contracts import read_contracts
from tests.contracts.picture import PAGE, drawn


def test_the_picture_of_the_architecture_is_drawn_from_the_contracts() -> None:
    assert drawn(read_contracts()) in PAGE.read_text("utf-8"), (
        "run: python -m tests.contracts.picture"
    )
