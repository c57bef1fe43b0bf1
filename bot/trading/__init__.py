"""What the bot thinks about markets. Pure: no clock, no randomness, no input or output."""
