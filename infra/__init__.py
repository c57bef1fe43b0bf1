"""The Pulumi program: typed stack config → checks → components → outputs.

It says where the bot runs and which color is live. Of `bot` it knows the contract only; of releases
it knows nothing. Pulumi puts this folder itself on the import path, ahead of the standard library:
no module here may have the name of one that a library imports (`secrets`, `signal`, …).
"""
