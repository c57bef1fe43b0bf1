"""`testbed-venue`: the command line, parsed once."""

import argparse
import sys
from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from pathlib import Path

from testbed.venue import DEFAULT_KEY, DEFAULT_SECRET
from testbed.venue.exchange import Setup
from testbed.venue.limits import Rates
from testbed.venue.markets import DEFAULT_BALANCES
from testbed.venue.record import RecordError
from testbed.venue.server import (
    Options,
    build_server,
    build_venue,
    listen,
)

EPILOG = """\
the API is at /api/v3 (as Binance's spot REST interface); for tests and people there are
  GET    /admin/health           is it up, and how many events there are
  GET    /admin/record?after=N   the oracle: every event from the N-th on, one JSON object a line
  GET    /admin/state            balances, open orders, the venue's time
  POST   /admin/faults           {"kind": "drop_answer", "method": "POST", "count": 1}
         kinds: delay_request delay_answer drop_request drop_answer reject lag; further keys: path
         symbol client_id skip count seconds status code message. drop_request alone: down; lag:
         answered with what was so many seconds ago, by path orders, trades or balances alone
  GET    /admin/faults           the rules and how often each hit
  DELETE /admin/faults[/ID]      forget all of them, or one
  PUT    /admin/prices/BTCUSDT   {"price": "60000"}: hold it; DELETE lets it move
  PUT    /admin/clock            {"offset_ms": 500}: the venue's clock is wrong
  POST   /admin/reset            forget orders and trades, as testnets do each month

exit codes: 0 stopped, 1 failed, 2 the command line is wrong
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until interrupted, and return the exit code."""
    options = parse(arguments)
    try:
        venue = build_venue(options)
        listening = listen(options.host, options.port)
    except (OSError, RecordError) as error:
        print(f"error: {options.host}:{options.port}: {error}", file=sys.stderr)  # noqa: T201
        return 1
    host, port, *_ = listening.getsockname()
    print(f"venue: http://{host}:{port}", flush=True)  # noqa: T201  # who chose port 0 must learn it
    try:
        build_server(venue).run(sockets=[listening])
    except KeyboardInterrupt:
        pass  # uvicorn has shut down and raises what had been sent
    finally:
        venue.exchange.record.close()
    return 0


def parse(arguments: Sequence[str] | None) -> Options:
    """Return what the command line says; wrong ones end the process with code 2."""
    given = parser().parse_args(arguments)
    return Options(
        host=given.host,
        port=given.port,
        record=given.record,
        setup=Setup(seed=given.seed, balances={**DEFAULT_BALANCES, **dict(given.balance)}),
        rates=Rates(given.weight_limit, given.order_limit),
        secrets=dict(given.key) or {DEFAULT_KEY: DEFAULT_SECRET},
    )


def parser() -> argparse.ArgumentParser:
    """Return the command line's grammar."""
    top = argparse.ArgumentParser(
        prog="testbed-venue",
        description="A simulated exchange that speaks what ccxt needs of Binance's spot interface.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    defaults, rates = Options(), Rates()
    text = f"address to listen on ({defaults.host})"
    top.add_argument("--host", default=defaults.host, help=text)
    text = f"port; 0 takes a free one and prints it ({defaults.port})"
    top.add_argument("--port", type=int, default=defaults.port, help=text)
    text = "prices are a function of seed, symbol and time (0)"
    top.add_argument("--seed", type=int, default=0, help=text)
    text = "file of the record; an existing one is continued (none: in memory)"
    top.add_argument("--record", type=Path, help=text)
    text = f"an API key and its secret, all of one account ({DEFAULT_KEY}:{DEFAULT_SECRET})"
    top.add_argument("--key", type=_key, action="append", default=[], metavar="K:S", help=text)
    text = "what a new account holds, besides the defaults, as in USDT=5000"
    top.add_argument("--balance", type=_balance, action="append", default=[], help=text)
    text = f"request weight per minute and address ({rates.weight_per_minute})"
    top.add_argument("--weight-limit", type=int, default=rates.weight_per_minute, help=text)
    text = f"orders per 10 seconds ({rates.orders_per_10_seconds})"
    top.add_argument("--order-limit", type=int, default=rates.orders_per_10_seconds, help=text)
    return top


def _key(argument: str) -> tuple[str, str]:
    key, _, secret = argument.partition(":")
    if not key or not secret:
        raise argparse.ArgumentTypeError(f"{argument!r}: must be KEY:SECRET")
    return key, secret


def _balance(argument: str) -> tuple[str, Decimal]:
    asset, _, amount = argument.partition("=")
    try:
        value = Decimal(amount)
    except InvalidOperation:
        value = Decimal(-1)
    if not asset or not value.is_finite() or value < 0:
        raise argparse.ArgumentTypeError(f"{argument!r}: must be ASSET=AMOUNT, as in USDT=5000")
    return asset, value
