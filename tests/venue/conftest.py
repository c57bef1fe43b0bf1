"""A venue on a loopback port in this process, with a clock that tests may move."""

from collections.abc import AsyncGenerator

import pytest_asyncio
from hypothesis import HealthCheck, settings

from tests.venue.serving import Serving, serve

settings.register_profile("venue", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("venue")


@pytest_asyncio.fixture
async def serving() -> AsyncGenerator[Serving]:
    async with serve() as running:
        yield running
