"""Is it alive, started, ready, healthy: judged from one snapshot by pure functions."""
