"""What any long-lived process needs: clock, stop flag, life cycle, watchdog, server, logs."""
