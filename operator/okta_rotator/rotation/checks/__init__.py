"""The named checks that `decide.py` runs in order, one file a concern.

Each takes a snapshot and returns a decision, or None where it has nothing to say. A later check
relies on the earlier ones, so their order in `decide.py` is part of what they mean.
"""
