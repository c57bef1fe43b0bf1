"""Where orders go. `port` is what the engine needs; each other module is one venue."""
