"""The operator process, killed before and after each call that it makes, and judged after it."""
