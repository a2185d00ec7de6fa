"""One line at a time about work that takes long enough to wonder about."""

import sys
import time


def say(message: str) -> None:
    """Print a line where a person sees it, even when sys.stderr has been replaced."""
    stream = sys.__stderr__
    if stream is not None:
        print(f"control plane: {message}", file=stream, flush=True)


class Stopwatch:
    """The time since its making, as a person reads it."""

    def __init__(self) -> None:
        self._start = time.monotonic()

    def __str__(self) -> str:
        minutes, seconds = divmod(int(time.monotonic() - self._start), 60)
        return f"{minutes}m{seconds:02d}s" if minutes else f"{seconds}s"
