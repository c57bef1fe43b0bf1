"""The Pulumi program: typed stack config → checks → components → outputs.

It says where the bot runs and which color is live. Of `bot` it knows the contract only; of releases it knows nothing.
"""
