"""How many examples a property with a number of its own gets."""

from hypothesis import settings

FULL = 100
"""What the profile `test` of tests/conftest.py gives the others."""


def share(most: int) -> int:
    """Return `most` in `make test`; in `make check` the part of it that other properties get."""
    return max(3, most * settings().max_examples // FULL)
