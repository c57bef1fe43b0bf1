"""What any long-lived process needs: stop flag, life cycle, watchdog, server, logs, metrics."""
