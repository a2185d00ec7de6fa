"""What the operator is measured by: `make bench` prints the figures."""
