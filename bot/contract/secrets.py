"""Names of the secret files in the folder that BOT_SECRETS_DIR names; one that is absent is none.

They are keys of `secrets` in the stack config, too.
"""

DATABASE_URL = "database-url"
"""`postgresql://user:password@host:port/database` of the ledger. Goes before BOT_LEDGER."""
REDIS_PASSWORD = "redis-password"  # noqa: S105 -- the name of a file, not a secret
"""Of the cache that REDIS_URL names."""
VENUE_API_KEY = "venue-api-key"
VENUE_API_SECRET = "venue-api-secret"  # noqa: S105 -- a file name, not a secret
SIGNALS_TOKEN = "signals-token"  # noqa: S105 -- a file name, not a secret
"""A sender that shows it as `Authorization: Bearer …` may post signals."""
SIGNALS_TOKEN_PREVIOUS = "signals-token-previous"  # noqa: S105 -- a file name, not a secret
"""Valid beside the new one while senders are moved over; then take it away."""
SIGNALS_HMAC_KEY = "signals-hmac-key"
"""A sender that signs with it may post signals (`bot.contract.http.SIGNATURE_HEADER`)."""
SIGNALS_HMAC_KEY_PREVIOUS = "signals-hmac-key-previous"
