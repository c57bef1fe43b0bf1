"""Connects to the cluster when something of it is asked for first: most commands ask for nothing.

So `release status` works while the cluster is away, and a rollback whose journal knows the names
does not wait for the engine to tell them.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.contract.color import Color
from release.decide.model import Pod, Quarantined, Snapshot
from release.drive.ports import Cluster, Metrics, Quarantine, UnderWay


@dataclass(frozen=True, slots=True)
class Connected:
    """The ports that one connection serves."""

    cluster: Cluster
    metrics: Metrics
    quarantine: Quarantine
    under_way: UnderWay


class Deferred:
    """The ports `Cluster`, `Metrics`, `Quarantine` and `UnderWay`, connected by the first call."""

    def __init__(self, connect: Callable[[], Awaitable[Connected]]) -> None:
        self._connect = connect
        self._connected: Connected | None = None
        self._turn = asyncio.Lock()

    async def _ports(self) -> Connected:
        async with self._turn:
            if self._connected is None:
                self._connected = await self._connect()
            return self._connected

    async def pods(self, color: Color) -> Sequence[Pod]:
        """Return all pods of a color."""
        return await (await self._ports()).cluster.pods(color)

    async def migrations(self, color: Color) -> Sequence[Pod]:
        """Return the pods of migrations."""
        return await (await self._ports()).cluster.migrations(color)

    async def smoke(self, color: Color) -> Sequence[str]:
        """Return what is wrong with the answers of a color."""
        return await (await self._ports()).cluster.smoke(color)

    async def live_color(self) -> Color:
        """Return the color that answers a new request to the live Service."""
        return await (await self._ports()).cluster.live_color()

    async def shards(self) -> Mapping[Color, int]:
        """Return how many shards each color holds."""
        return await (await self._ports()).cluster.shards()

    async def snapshot(self, color: Color) -> Snapshot:
        """Scrape every pod of a color."""
        return await (await self._ports()).metrics.snapshot(color)

    async def entries(self) -> Sequence[Quarantined]:
        """Return what is quarantined."""
        return await (await self._ports()).quarantine.entries()

    async def add(self, entry: Quarantined) -> None:
        """Quarantine a digest."""
        await (await self._ports()).quarantine.add(entry)

    async def clear(self, digest: str) -> None:
        """Let a digest in again."""
        await (await self._ports()).quarantine.clear(digest)

    async def announce(self, release: str, holder: str, since: datetime, old: Color) -> None:
        """Set the mark of a release."""
        await (await self._ports()).under_way.announce(release, holder, since, old)

    async def comes_from(self) -> Color | None:
        """Return the color that the marked release comes from."""
        return await (await self._ports()).under_way.comes_from()

    async def withdraw(self, release: str) -> None:
        """Take it off."""
        await (await self._ports()).under_way.withdraw(release)
