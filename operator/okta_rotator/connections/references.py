"""Which connections read which Secret."""

from __future__ import annotations

from collections.abc import Set

from okta_rotator.rotation.snapshot import Key


class References:
    """Kept by `book.py`, one Secret a connection at most."""

    def __init__(self) -> None:
        self._secrets: dict[Key, Key] = {}
        self._users: dict[Key, set[Key]] = {}
        self._names: dict[str, set[str]] = {}

    def set(self, connection: Key, secret: Key | None) -> None:
        """The connection reads this Secret from now on; None: none."""
        old = self._secrets.pop(connection, None)
        if old is not None:
            self._drop(connection, old)
        if secret is not None:
            self._secrets[connection] = secret
            self._users.setdefault(secret, set()).add(connection)
            self._names.setdefault(secret.namespace, set()).add(secret.name)

    def _drop(self, connection: Key, secret: Key) -> None:
        users = self._users[secret]
        users.discard(connection)
        if not users:
            del self._users[secret]
            self._names[secret.namespace].discard(secret.name)

    def users_of(self, secret: Key) -> tuple[Key, ...]:
        return tuple(self._users.get(secret, ()))

    @property
    def secrets(self) -> Set[Key]:
        """All that are read."""
        return self._users.keys()

    def names_in(self, namespace: str) -> frozenset[str]:
        """Those of a namespace."""
        return frozenset(self._names.get(namespace, ()))
