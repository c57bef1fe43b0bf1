"""Request weights per address and minute, orders per account; who goes on regardless is banned.

The windows are those of the clock, as Binance's are: a full minute starts anew at its end.
"""

from dataclasses import dataclass, field

from testbed.venue.refusals import BANNED, TOO_MANY, TOO_MANY_ORDERS, TOO_MUCH_WEIGHT, RefusalError

SECOND_MS = 1_000
MINUTE_MS = 60 * SECOND_MS
DAY_MS = 24 * 60 * MINUTE_MS
BAN_MS = 2 * MINUTE_MS
MAX_BAN_MS = 3 * DAY_MS
STRIKES = 10
"""Requests over the limit until the address is banned."""


@dataclass(frozen=True, slots=True)
class Rates:
    """Binance's own limits."""

    weight_per_minute: int = 6_000
    orders_per_10_seconds: int = 100
    orders_per_day: int = 200_000

    def describe(self) -> list[dict[str, object]]:
        """Return them as `exchangeInfo` shows them."""
        rows = (
            ("REQUEST_WEIGHT", "MINUTE", 1, self.weight_per_minute),
            ("ORDERS", "SECOND", 10, self.orders_per_10_seconds),
            ("ORDERS", "DAY", 1, self.orders_per_day),
        )
        names = ("rateLimitType", "interval", "intervalNum", "limit")
        return [dict(zip(names, row, strict=True)) for row in rows]


@dataclass(slots=True)
class _Window:
    """A counter that starts anew with each interval of the clock."""

    length_ms: int
    index: int = -1
    used: int = 0

    def at(self, now_ms: int) -> int:
        if now_ms // self.length_ms != self.index:
            self.index, self.used = now_ms // self.length_ms, 0
        return self.used

    def wait_seconds(self, now_ms: int) -> int:
        """Return the whole seconds until it starts anew, at least one."""
        left_ms = (self.index + 1) * self.length_ms - now_ms
        return max(1, -(-left_ms // SECOND_MS))


@dataclass(slots=True)
class _Address:
    weight: _Window = field(default_factory=lambda: _Window(MINUTE_MS))
    strikes: int = 0
    bans: int = 0
    banned_until_ms: int = 0


class Limits:
    """What each client has used of the limits."""

    def __init__(self, rates: Rates) -> None:
        self.rates = rates
        self._addresses: dict[str, _Address] = {}
        self._orders = (
            (_Window(10 * SECOND_MS), rates.orders_per_10_seconds, "10 SECOND", "10S"),
            (_Window(DAY_MS), rates.orders_per_day, "1 DAY", "1D"),
        )

    def spend(self, address: str, weight: int, now_ms: int) -> dict[str, str]:
        """Count a request and return the headers that tell how much is used.

        Raises:
            RefusalError: 429 over the limit, 418 while banned; both with Retry-After.
        """
        known = self._addresses.setdefault(address, _Address())
        if now_ms < known.banned_until_ms:
            raise _banned(known.banned_until_ms, now_ms)
        most = self.rates.weight_per_minute
        if known.weight.at(now_ms) + weight <= most:
            if known.weight.used == 0:
                known.strikes = 0
            known.weight.used += weight
            return {"X-MBX-USED-WEIGHT-1M": f"{known.weight.used}"}
        known.strikes += 1
        if known.strikes > STRIKES:
            known.strikes = 0
            known.banned_until_ms = now_ms + min(MAX_BAN_MS, BAN_MS << known.bans)
            known.bans += 1
            raise _banned(known.banned_until_ms, now_ms)
        message = (
            f"Too much request weight used; current limit is {most} request weight per 1 MINUTE. "
            "Please use WebSocket Streams for live updates to avoid polling the API."
        )
        retry = {"Retry-After": f"{known.weight.wait_seconds(now_ms)}"}
        raise RefusalError(TOO_MUCH_WEIGHT, message, TOO_MANY, retry)

    def count_order(self, now_ms: int) -> None:
        """Count an order.

        Raises:
            RefusalError: 429 with Retry-After.
        """
        for window, most, words, _ in self._orders:
            if window.at(now_ms) >= most:
                message = f"Too many new orders; current limit is {most} orders per {words}."
                retry = {"Retry-After": f"{window.wait_seconds(now_ms)}"}
                raise RefusalError(TOO_MANY_ORDERS, message, TOO_MANY, retry)
        for window, *_ in self._orders:
            window.used += 1

    def order_headers(self) -> dict[str, str]:
        """Return the headers that tell how many orders there were."""
        return {f"X-MBX-ORDER-COUNT-{name}": f"{window.used}" for window, *_, name in self._orders}


def _banned(until_ms: int, now_ms: int) -> RefusalError:
    seconds = -(-(until_ms - now_ms) // SECOND_MS)
    message = f"Way too much request weight used; IP banned until {until_ms}."
    return RefusalError(TOO_MUCH_WEIGHT, message, BANNED, {"Retry-After": f"{seconds}"})
