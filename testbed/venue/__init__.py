"""A simulated exchange that speaks the part of the Binance spot REST interface that ccxt uses.

Part of the local platform, not of the product: the bot reaches it over HTTP like any venue. Its
record of accepted orders is the oracle of the end-to-end tests. It knows nothing of `bot`.

    markets, amounts, refusals   the words
    filters, book, prices        pure: what may be ordered, what it fills at
    events, state, record        what happened, its fold, its file
    placing, exchange            decide: request in, events out
    signature, params, limits    what is asked of a request before anything is decided
    faults, connections          being slow, silent, or gone on purpose
    api, admin, server           HTTP
"""

DEFAULT_KEY = "testbed-key"
DEFAULT_SECRET = "testbed-secret"  # noqa: S105  # of an account that holds nothing
