"""uvicorn's HTTP protocol, plus a way for a request to close its own connection.

ASGI has no such message: an application that answers nothing gets a 500 from the server. So
each connection hands its requests a callable in their state.
"""

import asyncio

from uvicorn.protocols.http.h11_impl import H11Protocol

from .gateway import DROP


class DroppableProtocol(H11Protocol):
    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.app_state = {**self.app_state, DROP: self._drop}

    def _drop(self) -> None:
        # Else uvicorn would log the missing answer as a failure of the application.
        self.cycle.disconnected = True
        self.transport.abort()
