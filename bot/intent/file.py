"""The intent from a JSON file, for a machine without a cluster: `{"activeColor": "blue"}`.

Reads the content every 100 ms. That is cheaper than it sounds, and unlike a file watcher it cannot
miss a file that is replaced by renaming.
"""

import asyncio
from hashlib import sha256
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from bot.intent.state import IntentState

POLL_SECONDS = 0.1
FILE_BYTES_MAX = 64 * 1024

_DATA = TypeAdapter(dict[str, str])


class FileSource:
    """Polls one file. Write it by renaming another over it, so that no half of it is ever read."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._last: bytes | None = None

    async def run(self, state: IntentState) -> None:
        """Poll until cancelled."""
        while True:
            self.look(state)
            await asyncio.sleep(POLL_SECONDS)

    def look(self, state: IntentState) -> None:
        """Read once."""
        try:
            with self._path.open("rb") as file:
                content = file.read(FILE_BYTES_MAX)
        except OSError as error:
            self._last = None
            state.fail(f"{self._path}: {error.strerror}; write the intent there")
            return
        if content == self._last:
            state.confirm()
            return
        self._last = content
        generation = sha256(content).hexdigest()[:12]
        try:
            data = _DATA.validate_json(content, strict=True)
        except ValidationError:
            text = f'{self._path}: not JSON like {{"activeColor": "blue", "canaryPercent": "0"}}'
            state.refuse(text, generation)
            return
        state.show(data, generation)
