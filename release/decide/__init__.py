"""Pure: what a release does next, from its state and what was observed."""
