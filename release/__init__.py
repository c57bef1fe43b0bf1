"""How a new version gets there: observe, decide, journal, execute, until done.

Sees of the bot its contract and of the Pulumi program its outputs, and nothing else of either. The
stack config is its only lever: every step writes `Pulumi.<stack>.yaml` and runs `up`.
"""
