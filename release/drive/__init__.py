"""The loop and all that it does: observe, decide, journal, execute."""
