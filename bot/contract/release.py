"""What a release leaves in the cluster for others to read: quarantined digests, and that it runs.

Two ConfigMaps in the stack's namespace. `release` writes them, the guard of `infra` reads them
before authority moves; nobody else's tools touch them, and no `pulumi up` declares them.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

from bot.contract.color import Color

QUARANTINE_CONFIGMAP = "bot-quarantine"
"""One key for each digest, `sha256-…`: a ConfigMap's keys know no colon."""
UNDER_WAY_CONFIGMAP = "bot-release"

RELEASE_ENV = "BOT_RELEASE"
"""Id of the release that runs this `up`; the guard lets only that one through while it runs."""
RELEASE_RETURNS_ENV = "BOT_RELEASE_RETURNS"
"""`1` in an `up` that rolls a version back: there one ready pod of the old color is enough."""

UNREADABLE = "(unreadable)"
_KEY = re.compile(r"([a-z0-9]+)-([0-9a-f]+)")
_DIGEST = re.compile(r"[a-z0-9]+:[0-9a-f]+")
_RELEASE_KEY, _HOLDER_KEY, _SINCE_KEY, _OLD_KEY = "release", "holder", "since", "old"


@dataclass(frozen=True, slots=True)
class QuarantineEntry:
    """A digest that may not trade again until it is cleared."""

    digest: str
    """`sha256:…`"""
    since: str
    """RFC 3339, UTC."""
    by: str
    reason: str

    @property
    def key(self) -> str:
        """Its key in the ConfigMap.

        Raises:
            ValueError: the digest is none.
        """
        if not _DIGEST.fullmatch(self.digest):
            raise ValueError(f"{self.digest!r} is no digest; it looks like sha256:0123…")
        return self.digest.replace(":", "-")

    def to_value(self) -> str:
        """Return its value in the ConfigMap."""
        return json.dumps({"since": self.since, "by": self.by, "reason": self.reason})

    @classmethod
    def from_item(cls, key: str, value: str) -> "QuarantineEntry | None":
        """Read one item of the ConfigMap. A value that nobody can read still holds its digest."""
        match = _KEY.fullmatch(key)
        if match is None:
            return None
        digest = f"{match[1]}:{match[2]}"
        try:
            payload: object = json.loads(value)
        except ValueError:
            payload = None
        known = cast("Mapping[str, object]", payload if isinstance(payload, dict) else {})
        since, by, reason = (str(known.get(name, UNREADABLE)) for name in ("since", "by", "reason"))
        return cls(digest, since, by, reason)


def read_quarantine(data: Mapping[str, str]) -> dict[str, QuarantineEntry]:
    """Return the entries by digest."""
    read = (QuarantineEntry.from_item(key, value) for key, value in data.items())
    return {entry.digest: entry for entry in read if entry is not None}


def digest_of(reference: str) -> str:
    """Return the digest of an image reference; empty when it is not pinned.

    >>> digest_of("registry.example/bot@sha256:00ff")
    'sha256:00ff'
    """
    return reference.partition("@")[2]


@dataclass(frozen=True, slots=True)
class UnderWay:
    """A release that runs now."""

    release: str
    holder: str
    """User, machine and process, for people."""
    since: str
    """RFC 3339, UTC."""
    old: Color | None = None
    """Color that it comes from, and goes back to; None when the mark does not say."""

    def to_data(self) -> dict[str, str]:
        """Return the ConfigMap's `data`."""
        data = {_RELEASE_KEY: self.release, _HOLDER_KEY: self.holder, _SINCE_KEY: self.since}
        return data if self.old is None else {**data, _OLD_KEY: self.old.value}

    @classmethod
    def from_data(cls, data: Mapping[str, str]) -> "UnderWay | None":
        """Read the ConfigMap's `data`; None when no release runs."""
        release = data.get(_RELEASE_KEY, "")
        if not release:
            return None
        holder, since = (data.get(key, UNREADABLE) for key in (_HOLDER_KEY, _SINCE_KEY))
        old = data.get(_OLD_KEY)
        return cls(release, holder, since, Color(old) if old in set(Color) else None)
