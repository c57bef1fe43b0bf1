"""A database-url that leads to another ledger: refused, then adopted by key."""

import asyncio
from pathlib import Path

import pytest

from bot.contract.color import Color
from bot.contract.secrets import DATABASE_URL
from bot.ledger.commands import name_of
from bot.ledger.migrate import migrate_postgres
from bot.ledger.postgres import Postgres
from infra import names
from tests.support.database import empty_database
from tests.support.kube import Kube
from tests.support.market import Market, trading_stack
from tests.support.platform import Platform
from tests.support.stack import Stack

pytestmark = pytest.mark.cluster


def named(kube: Kube) -> str:
    """Return the ledger that the intent names."""
    path = "-o=jsonpath={.data.ledger}"
    return kube.kubectl("get", "configmap", names.INTENT, path).output.strip()


def test_a_changed_database_url_that_leads_elsewhere_is_refused_until_it_is_adopted(
    stack: Stack, platform: Platform, tmp_path: Path
) -> None:
    image = stack.image(Color.BLUE)
    with (
        trading_stack("test-ledger", image, tmp_path / "test", platform) as market,
        empty_database() as url,
    ):
        here, kube = market.stack, market.kube
        market.wait_all_held(Color.BLUE)
        known = here.outputs()["ledger"]
        assert known == asyncio.run(name_of(Postgres(market.database_url))) == named(kube)
        here.pulumi("preview", "--expect-no-changes")

        asyncio.run(migrate_postgres(url))
        other = asyncio.run(name_of(Postgres(url)))
        before = kube.pods(Color.BLUE), kube.pods(Color.GREEN)
        here.set_secret(f"secrets.{DATABASE_URL}", url)
        assert "if that is another ledger" in here.preview().text
        for _ in range(2):  # It is asked again each time: nothing was settled by the first refusal.
            refused = here.up(check=False)
            assert refused.code != 0
            for word in (known, other, f"pulumi config set adoptLedger {other}"):
                assert word in refused.text
            assert named(kube) == known
        assert (kube.pods(Color.BLUE), kube.pods(Color.GREEN)) == before
        market.wait_all_held(Color.BLUE)

        here.set("adoptLedger", other)
        here.up()
        assert here.outputs()["ledger"] == other == named(kube)
        Market(here, kube, url, market.venue_url).wait_all_held(Color.BLUE)
        here.pulumi("preview", "--expect-no-changes")
