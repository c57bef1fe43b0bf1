"""The dry run: the real engine in an ideal world."""
