"""What a pod serves over HTTP: probes, health, version, metrics. It changes nothing."""
