"""The trader: holds the lease, drives the rules of authority, and does what they say.

`keeper` holds the lease, `turns` executes the rules' effects on ledger and venue, `market_state` is
what is known of the market and the account, `risk_check` approves an order, `reconciler` compares
with the venue, `trader` is the loop.
"""
