"""Where pods connect to, by URL."""

import pytest

from infra.upstream import port, postgres_address


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://api.binance.com", 443),
        ("http://10.250.0.1:8090", 8090),
        ("redis://cache.example", 6379),
        ("postgresql://bot:hush@db.example:6543/bot", 6543),
        ("paper://embedded", None),
        ("", None),
        ("http://a:99999", None),
    ],
)
def test_the_port_of_a_url(url: str, expected: int | None) -> None:
    assert port(url) == expected


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("postgresql://bot:hush@db.example:6543/bot", "db.example:6543/bot"),
        (" postgres://bot@db.example/bot\n", "db.example:5432/bot"),
        ("postgresql://bot:hush@db.example", None),
        ("mysql://bot:hush@db.example/bot", None),
        ("postgresql://bot:hush@db.example:x/bot", None),
        ("", None),
    ],
)
def test_the_address_of_a_database_holds_nothing_secret(url: str, expected: str | None) -> None:
    assert postgres_address(url) == expected
