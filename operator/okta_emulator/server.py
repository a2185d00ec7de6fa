"""The emulator as a server: in the foreground for the command, in a thread for tests."""

import socket
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Self

import uvicorn

from .emulator import Emulator
from .gateway import Gateway
from .protocol import DroppableProtocol

# A client may rest between two rotations; a server that hangs up first would look like a fault.
_KEEP_ALIVE_SECONDS = 300
_START_SECONDS = 10


class EmulatorServer:
    """Listens from construction on, serves in `run`, or in a thread while a `with` lasts."""

    def __init__(self, emulator: Emulator, *, host: str = "127.0.0.1", port: int = 0) -> None:
        self.emulator = emulator
        self._socket = _listening(host, port)
        self._server = _Server(_config(emulator))
        self._thread = threading.Thread(target=self.run, name="okta-emulator", daemon=True)
        name = f"[{host}]" if ":" in host else host
        self.url = f"http://{name}:{self._socket.getsockname()[1]}"

    def run(self, on_listening: Callable[[str], None] | None = None) -> None:
        self._server.on_started = lambda: on_listening(self.url) if on_listening else None
        try:
            self._server.run(sockets=[self._socket])
        finally:
            self._socket.close()

    def __enter__(self) -> Self:
        self._thread.start()
        if not self._server.ready.wait(_START_SECONDS):
            raise RuntimeError(f"the emulator did not start within {_START_SECONDS} s")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._server.should_exit = True
        self._thread.join()


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = threading.Event()
        self.on_started: Callable[[], None] = lambda: None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        self.ready.set()
        self.on_started()


def _listening(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # With the protocol left open asyncio would not set TCP_NODELAY, and each answer take 40 ms.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen()
    except OSError:
        listener.close()
        raise
    return listener


def _config(emulator: Emulator) -> uvicorn.Config:
    return uvicorn.Config(
        Gateway(emulator),
        http=DroppableProtocol,
        ws="none",
        lifespan="off",
        log_config=None,
        log_level="warning",
        access_log=False,
        server_header=False,
        date_header=False,
        timeout_keep_alive=_KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=1,
    )
