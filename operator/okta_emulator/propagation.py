"""Changes of secrets that take effect late: how fast Okta's servers agree is documented nowhere."""

from dataclasses import dataclass, field
from datetime import datetime

from .model import App, ClientSecret


@dataclass(frozen=True, slots=True)
class _Echo:
    """Until then this value is accepted, or not, as it was before."""

    app_id: str
    value: str = field(repr=False)
    accepted: bool
    until: datetime


class Propagation:
    def __init__(self) -> None:
        self._echoes: list[_Echo] = []

    def delay(self, app: App, secret: ClientSecret, *, accepted: bool, until: datetime) -> None:
        self._echoes.append(_Echo(app.id, secret.value, accepted, until))

    def accepted(self, app: App, now: datetime) -> list[str]:
        """The values that prove the app at this moment."""
        self._echoes = [echo for echo in self._echoes if echo.until > now]
        values = {secret.value: secret.active for secret in app.secrets}
        for echo in self._echoes:
            if echo.app_id == app.id:
                values[echo.value] = echo.accepted
        return [value for value, accepted in values.items() if accepted]
