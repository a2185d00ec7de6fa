"""Walks every reachable state of the rotation's decision: see `explore.py`."""
