"""One port each; nothing here decides anything."""
