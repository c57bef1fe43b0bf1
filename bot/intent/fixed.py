"""The intent of a bot that is alone: its own color is the active one."""

import asyncio

from bot.contract.color import Color
from bot.contract.intent import Intent
from bot.intent.state import IntentState

CONFIRM_SECONDS = 1.0


class FixedSource:
    """Shows one intent for ever."""

    def __init__(self, color: Color) -> None:
        self._data = Intent(color).to_data()

    async def run(self, state: IntentState) -> None:
        """Show it, then confirm it until cancelled."""
        while True:
            state.show(self._data, "fixed")
            await asyncio.sleep(CONFIRM_SECONDS)
