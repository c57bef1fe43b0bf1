"""Names of the secret files: one secret each, in the folder that BOT_SECRETS_DIR names.

They are keys of `secrets` in the stack config, too.
"""

DATABASE_URL = "database-url"
"""`postgresql://USER:PASSWORD@HOST:PORT/DATABASE`; without it the bot keeps a file of its own."""
VENUE_API_KEY = "venue-api-key"
VENUE_API_SECRET = "venue-api-secret"  # noqa: S105 -- the name of a file, not a secret
SIGNALS_TOKEN = "signals-token"  # noqa: S105 -- likewise
REDIS_PASSWORD = "redis-password"  # noqa: S105 -- likewise
"""Of the cache that REDIS_URL names."""
