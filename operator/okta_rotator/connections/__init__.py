"""The connections: checked when they change and at due times, and at hand for each rotation."""
