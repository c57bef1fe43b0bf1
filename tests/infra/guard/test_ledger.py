"""What a migration found, held against what the stack knows and what a person says."""

import pytest

from infra.guard.ledger import Ledgers, refuse_ledger
from tests.infra.samples import LEDGER, MOVED

ADDRESS = "db2.example:5432/bot"


@pytest.mark.parametrize(
    ("known", "adopted", "reported"),
    [
        ("", "", LEDGER),
        ("", "", ""),
        ("", LEDGER, LEDGER),
        (LEDGER, "", LEDGER),
        (LEDGER, MOVED, MOVED),
        # An older version migrated: a person's word is all that there is.
        (LEDGER, MOVED, ""),
        ("", MOVED, ""),
    ],
)
def test_the_same_ledger_the_first_one_and_an_adopted_one_are_taken(
    known: str, adopted: str, reported: str
) -> None:
    assert refuse_ledger(Ledgers(known, adopted, ADDRESS), reported) == []


@pytest.mark.parametrize(
    ("known", "adopted", "reported", "words"),
    [
        (LEDGER, "", MOVED, ["secrets.database-url", LEDGER, f"adoptLedger {MOVED}"]),
        (LEDGER, LEDGER, MOVED, [f"adoptLedger: names {LEDGER}", f"adoptLedger {MOVED}"]),
        (LEDGER, MOVED, LEDGER, [f"adoptLedger: names {MOVED}", f"adoptLedger {LEDGER}"]),
        ("", MOVED, LEDGER, [f"adoptLedger: names {MOVED}", f"adoptLedger {LEDGER}"]),
        (LEDGER, "", "", ["does not say which", f"adoptLedger {LEDGER}"]),
    ],
)
def test_another_one_is_refused_with_both_the_key_and_the_way(
    known: str, adopted: str, reported: str, words: list[str]
) -> None:
    (text,) = refuse_ledger(Ledgers(known, adopted, ADDRESS), reported)
    for word in [*words, ADDRESS, "docs/database.md", "nothing was moved"]:
        assert word in text
