"""Takes signals in: who may send, what a signal must look like, and what the sender is told.

It knows the inbox as a port, and nothing of leases, venues or the trading loop.
"""
