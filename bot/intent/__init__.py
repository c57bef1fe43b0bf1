"""How the intent reaches this pod. `state` is what the bot sees; each other module is a source."""
