"""The ledger: signals, orders, fills, positions, leases. Its holder is the only one who writes trade.

`port` says what the rest of the bot may ask; `scripts` holds every statement once, for both
databases; `postgres` and `sqlite` run them.
"""
