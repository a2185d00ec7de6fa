"""The operator process, killed or asked to end at each call that it makes, and judged after it."""
