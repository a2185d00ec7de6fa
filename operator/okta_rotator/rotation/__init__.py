"""The domain: what a rotation is, and what to do next.

Pure but for `engine.py`, which acts through `ports.py`.
"""
