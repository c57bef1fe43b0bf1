"""The name of a ledger: which one it is, and which server has it.

The pods, the intent, the stack's output and `adoptLedger` carry the same text, IDENTITY@SERVER. The
identity is made once, by the first migration; a copy has the same. The server is Postgres' system
identifier: a promoted standby and a restored base backup keep it, a dump that is read into another
cluster does not.
"""

import re

LEDGER_PATTERN = "^[0-9a-f-]{32,36}@[0-9a-z]{1,20}$"
FILE = "file"
"""What stands for the server of a ledger in a file, which belongs to one process."""
TERMINATION_LOG = "/dev/termination-log"
"""Where the migration leaves the name for who asks the cluster about its pod."""

_NAME = re.compile(LEDGER_PATTERN)


def ledger_name(identity: str, life: str) -> str:
    """Return the name, by the life that the server names.

    >>> ledger_name("0f8fad5b-d9cb-469f-a165-70867728950e", "7301234567890123456/00000002")
    '0f8fad5b-d9cb-469f-a165-70867728950e@7301234567890123456'
    """
    server, slash, _ = life.partition("/")
    return f"{identity}@{server if slash else FILE}"


def is_ledger_name(text: str) -> bool:
    """Say whether this is the name of a ledger."""
    return bool(_NAME.fullmatch(text))
