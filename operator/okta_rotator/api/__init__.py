"""The resources as users write and read them: models, their rules, and the CRDs made from both.

`rotation.py` and `connection.py` hold one kind each, `conditions.py` what conditions say,
`names.py` the names in the cluster. `crds.py` writes the CRDs from the models; nothing else here
does I/O.
"""
