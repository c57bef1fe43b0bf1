"""A venue on a loopback port in this process, with a clock that tests may move."""

from collections.abc import AsyncGenerator

import pytest_asyncio

from tests.support.venue_serving import Serving, serve


@pytest_asyncio.fixture
async def serving() -> AsyncGenerator[Serving]:
    async with serve() as running:
        yield running
