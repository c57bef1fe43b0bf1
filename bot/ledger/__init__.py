"""The ledger: signals, orders, fills, positions, leases. Only a lease's holder writes trade.

`port` says what the rest of the bot may ask; `scripts` holds every statement once, for both
databases; `postgres` and `sqlite` run them.
"""
