"""Spec fuzzing in the way of Acto (SOSP'23): drawn edits of live resources, on real parts.

`schema.py` draws values from the CRDs, `drawing.py` the next edit of a sequence (`edits.py`),
`subject.py` is the resource that is edited, `twins.py` the fresh one that it has to equal,
`normal.py` and `rules.py` the comparison, `sequences.py` the run. `python -m tests.fuzz` runs
sequences of any seed.
"""
