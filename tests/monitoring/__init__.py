"""The metrics, the alerts and the dashboard against each other, by Prometheus' own promtool."""
