"""Why this `up` may not go on, by the ledger that the migration found. Pure."""

from dataclasses import dataclass

MANUAL = "docs/database.md#move-a-ledger"
NOTHING = "No pod was changed, and nothing was moved."


@dataclass(frozen=True, slots=True)
class Ledgers:
    """Which ledgers this is about, by name (`bot.contract.ledger`); empty: not known."""

    known: str
    """What the pods were allowed to use last."""
    adopted: str
    """What the config says."""
    address: str
    """Host, port and name of the database that the config leads to."""

    @property
    def expected(self) -> str:
        """Return the one that must be at the address; empty: any."""
        return self.adopted or self.known


def refuse_ledger(ledgers: Ledgers, reported: str) -> list[str]:
    """Return why the pods may not be led there; empty when they may.

    Args:
        ledgers: what is known and what is wanted.
        reported: what the migration found at the address; empty when it did not say.
    """
    if not reported:
        return [_untold(ledgers)] if ledgers.known and not ledgers.adopted else []
    if ledgers.expected in {"", reported}:
        return []
    return [_wrong(ledgers, reported) if ledgers.adopted else _other(ledgers, reported)]


def _other(ledgers: Ledgers, reported: str) -> str:
    return (
        f"secrets.database-url: {ledgers.address} has another ledger ({reported}) than the one that"
        f" this stack trades on ({ledgers.known}). {NOTHING} A pod that starts now reads the new"
        " URL, and holds nothing.\nIf it was not meant: put the former URL back and `pulumi up`. If"
        f" the ledger was moved there ({MANUAL}): {_adopt(reported)}."
    )


def _wrong(ledgers: Ledgers, reported: str) -> str:
    return (
        f"adoptLedger: names {ledgers.adopted}, but {ledgers.address} has {reported}. {NOTHING}\n"
        f"If that one is meant ({MANUAL}): {_adopt(reported)}. If not: lead secrets.database-url to"
        " the other one."
    )


def _untold(ledgers: Ledgers) -> str:
    return (
        f"secrets.database-url: leads to {ledgers.address} now, and the migration of the active"
        f" color does not say which ledger is there. {NOTHING}\nIf it is the same as before:"
        f" {_adopt(ledgers.known)}. If not: see {MANUAL}."
    )


def _adopt(name: str) -> str:
    return f"`pulumi config set adoptLedger {name}` and `pulumi up`"
