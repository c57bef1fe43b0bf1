"""Authority to trade: who may decide, what may still be sent, and what must be settled first.

Pure: nothing here reads a clock, sleeps or speaks to a server. The ledger and the trading loop call
these rules with what they read, and so does the model in tests/model, which proves them.
"""
