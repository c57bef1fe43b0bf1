"""What a bot is told: the environment at its start, the reloaded file, the mounted secrets."""
