"""Resources that were stored by the first version, under today's CRDs.

`first/` is frozen: the CRDs of commit b260f8c, and what a user and the operator stored under them.
"""
