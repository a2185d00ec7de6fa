"""What may be used once: the `jti` of an assertion or of a proof, for as long as it could be."""


class Once:
    def __init__(self) -> None:
        self._spent: dict[str, float] = {}

    def __len__(self) -> int:
        return len(self._spent)

    def spend(self, key: str, until: float, now: float) -> bool:
        """Whether this is the first use. `until` and `now` are seconds since the epoch."""
        if self._spent.get(key, now) > now:
            return False
        self._spent[key] = until
        self._forget(now)
        return True

    def _forget(self, now: float) -> None:
        """The oldest entries that are over; each use adds one, so two at a time is enough."""
        for key in list(self._spent)[:2]:
            if self._spent[key] <= now:
                del self._spent[key]
