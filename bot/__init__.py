"""The trading bot: what runs. It knows nothing of manifests, of Pulumi or of releases."""
