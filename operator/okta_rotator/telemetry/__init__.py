"""What the process tells of itself: log lines, metrics, and the HTTP server for probes."""
