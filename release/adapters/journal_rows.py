"""What both journal stores share: how a record becomes a row and comes back."""

import json
from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256

from release.decide.model import Json, Lock, StoredRecord


def identity(release: str, at: datetime, kind: str, data: Mapping[str, Json]) -> str:
    """Return what tells a record from others, so that one that is written twice is there once.

    A reply may be lost after the store has committed; then the same record is sent again.
    """
    text = json.dumps([release, at.isoformat(), kind, dict(data)], sort_keys=True)
    return sha256(text.encode()).hexdigest()


def record(sequence: int, release: str, at: str, kind: str, data: str) -> StoredRecord:
    """Return the record of a row."""
    return StoredRecord(sequence, release, datetime.fromisoformat(at), kind, json.loads(data))


def held_by_another(lock: Lock | None, holder: str) -> str:
    """Return the words for who holds the lock instead."""
    if lock is None:
        return f"nobody holds the release lock, so {holder} does not either"
    return f"{lock.holder} holds the release lock since {lock.since:%Y-%m-%d %H:%M:%S} UTC"
