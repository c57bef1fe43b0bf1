"""Where an account is and whose it is, and what ccxt's constructor is told about it."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from pydantic import SecretStr

TIMEOUT_SECONDS = 5.0
READ_WINDOW_MS = 10_000
"""Of requests that place nothing: late is better than never."""
_BINANCE = (".binance.com", ".binance.vision")
_TESTNET = "testnet."
_PRIVATE_KEY = "PRIVATE KEY"


@dataclass(frozen=True, slots=True)
class Access:
    """Where, and with which account."""

    endpoint: str
    """`https://host`, without a path."""
    api_key: SecretStr
    secret: SecretStr
    """Of an HMAC key."""
    sandbox: bool = True
    """Whether Binance's own address means its testnet; others are what they are."""

    def __post_init__(self) -> None:
        """Refuse a key that the loaded part of ccxt cannot sign with."""
        if _PRIVATE_KEY in self.secret.get_secret_value():
            raise ValueError("the venue's secret is a private key; only an HMAC secret can be used")

    @property
    def is_binance(self) -> bool:
        """Whether the address is one of Binance's own, which ccxt knows by itself."""
        return f".{self._host}".endswith(_BINANCE)

    @property
    def is_testnet(self) -> bool:
        """Whether ccxt has to be switched to Binance's testnet."""
        return self.is_binance and (self.sandbox or self._host.startswith(_TESTNET))

    @property
    def _host(self) -> str:
        return urlsplit(self.endpoint).hostname or ""


def settings(access: Access, timeout_seconds: float) -> Mapping[str, object]:
    """Return what ccxt's constructor takes."""
    settings: dict[str, object] = {
        "apiKey": access.api_key.get_secret_value(),
        "secret": access.secret.get_secret_value(),
        "enableRateLimit": False,  # a request must not wait past its stamp
        "timeout": round(timeout_seconds * 1000),
        "options": {
            # Spot only: these would ask for the rest of Binance.
            "defaultType": "spot",
            "fetchMarkets": {"types": ["spot"]},
            "fetchCurrencies": False,
            "fetchMargins": False,
            "recvWindow": READ_WINDOW_MS,
            "maxRetriesOnFailure": 0,
        },
    }
    if not access.is_binance:
        api = f"{access.endpoint.rstrip('/')}/api/v3"
        settings["urls"] = {"api": {"public": api, "private": api}}
    return settings
