"""Which versions get on with each other: the ranges that a version states, and the rule. Pure.

Two things are shared by neighbouring versions. The *ledger*: a candidate's migration runs while the
live version trades on the same tables. The *config*: one program writes the environment, the
reloadable file and the intent for both colors, each read by a version of its own.

A range `2..3` says: "I am at 3, and a side that knows 2 gets on with that." Of two sides only the
newer one can know the other, so its word counts: they agree when its oldest is not above the
other's newest. What only adds keeps the oldest; what takes away, or gives a name another meaning,
raises it to the version that no longer needs what is gone.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from bot.contract import labels

LEDGER_SCHEMA = "2..3"
"""Newest: the schema that this version's migrations make and that it needs. Oldest: who may go on
trading on it (`compatible_since` of the newest migration)."""
CONFIG_SCHEMA = "1..2"
"""Of environment variables, reloadable keys, intent and secret files together."""

_RANGE = re.compile(r"(0|[1-9][0-9]{0,8})\.\.(0|[1-9][0-9]{0,8})")


class UnstatedError(ValueError):
    """Someone states no range, or one that is none; a line for each, with what would be right."""


@dataclass(frozen=True, slots=True)
class Range:
    """Versions of a schema that get on with a version of the bot."""

    oldest: int
    newest: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `2..3`.

        Raises:
            UnstatedError: it is spelt otherwise, or upside down.
        """
        match = _RANGE.fullmatch(text)
        if not match or int(match[1]) > int(match[2]):
            raise UnstatedError(f"{text!r} must be OLDEST..NEWEST like 2..3")
        return cls(int(match[1]), int(match[2]))

    def agrees(self, other: "Range") -> bool:
        """Tell whether both may be there at once: the newer one's word counts."""
        older, newer = sorted((self, other), key=lambda each: (each.newest, each.oldest))
        return newer.oldest <= older.newest


@dataclass(frozen=True, slots=True)
class Schemas:
    """What one version states."""

    ledger: Range
    config: Range

    @classmethod
    def parse(cls, ledger: str | None, config: str | None, where: Mapping[str, str]) -> Self:
        """Read both texts; None is one that is not there.

        Args:
            ledger: range of the ledger's schema.
            config: range of the config's schema.
            where: `ledger` and `config` → the key that the text was found under, for people.

        Raises:
            UnstatedError: with a line for each that is missing or no range.
        """
        read: dict[str, Range] = {}
        problems: list[str] = []
        for name, text in (("ledger", ledger), ("config", config)):
            if text is None:
                problems.append(f"{where[name]} is missing; it must be OLDEST..NEWEST like 2..3")
                continue
            try:
                read[name] = Range.parse(text)
            except UnstatedError as error:
                problems.append(f"{where[name]}={error}")
        if problems:
            raise UnstatedError("; ".join(problems))
        return cls(read["ledger"], read["config"])

    @classmethod
    def of_labels(cls, values: Mapping[str, str]) -> Self:
        """Read the labels of an image.

        Raises:
            UnstatedError: they are missing or no ranges.
        """
        where = {
            "ledger": f"label {labels.LEDGER_SCHEMA}",
            "config": f"label {labels.CONFIG_SCHEMA}",
        }
        return cls.parse(values.get(labels.LEDGER_SCHEMA), values.get(labels.CONFIG_SCHEMA), where)

    @classmethod
    def of_source(cls, text: str) -> Self:
        """Read this very module as some other commit has it: two assignments of a text.

        Raises:
            UnstatedError: they are not there.
        """
        values = dict(
            re.findall(r'^(LEDGER_SCHEMA|CONFIG_SCHEMA) = "([^"\n]*)"$', text, re.MULTILINE)
        )
        where = {"ledger": "LEDGER_SCHEMA", "config": "CONFIG_SCHEMA"}
        return cls.parse(values.get("LEDGER_SCHEMA"), values.get("CONFIG_SCHEMA"), where)


OURS = Schemas(Range.parse(LEDGER_SCHEMA), Range.parse(CONFIG_SCHEMA))
"""Of this source."""


def conflicts(candidate: Schemas, live: Schemas, program: Schemas = OURS) -> list[str]:
    """Return why the candidate may not come beside the live version; empty when it may.

    Args:
        candidate: what would come.
        live: what trades now.
        program: the source whose Pulumi program writes the config for both.
    """
    problems = (
        _ledger(candidate.ledger, live.ledger),
        _config("the candidate", candidate.config, program.config),
        _config("the live version", live.config, program.config),
    )
    return [problem for problem in problems if problem]


def _ledger(candidate: Range, live: Range) -> str:
    if candidate.agrees(live):
        return ""
    if candidate.newest > live.newest:
        return (
            f"ledger schema: the candidate's migration makes it {candidate.newest}, on which only "
            f"versions that know {candidate.oldest} may trade; the live one knows {live.newest} "
            f"and would stop; first release a version that knows {candidate.oldest} and lets "
            f"{live.newest} trade on"
        )
    return (
        f"ledger schema: the live version made it {live.newest}, on which only versions that know "
        f"{live.oldest} may trade; the candidate knows {candidate.newest}; take one that knows "
        f"{live.oldest}, or restore a backup"
    )


def _config(who: str, reader: Range, writer: Range) -> str:
    if reader.agrees(writer):
        return ""
    if writer.newest > reader.newest:
        return (
            f"config schema: this source writes {writer.newest}, which only versions that know "
            f"{writer.oldest} read rightly; {who} knows {reader.newest}; first release a version "
            f"that knows {writer.oldest}, with what was there before still written"
        )
    return (
        f"config schema: {who} reads {reader.newest} and can do with {reader.oldest}; this source "
        f"writes {writer.newest}; deploy from the source that it was built from"
    )
