"""`python -m demo`: play the show; exit 0 if everything held, 1 if not, 130 after Ctrl-C."""

import argparse
import os
import signal
import subprocess
import sys
from pathlib import Path
from types import FrameType

import httpx

from demo.keep import how_to_use
from demo.screen import Screen
from demo.show import Show, Unexpected
from demo.stage import Stage
from tests.controlplane import ControlPlaneError

ROOT = Path(__file__).parents[1]
INTERRUPTED = 130
FAILURES = (
    Unexpected,
    AssertionError,
    ControlPlaneError,
    subprocess.CalledProcessError,
    httpx.HTTPError,
)


def main() -> int:
    """Run the command on the command line."""
    options = _parser().parse_args()
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)
    picture = options.svg.resolve() if options.svg else None
    os.chdir(ROOT)
    screen = Screen(picture)
    try:
        return _play(screen, keep=options.keep)
    except KeyboardInterrupt:
        screen.say("\nInterrupted; everything is stopped.")
        return INTERRUPTED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m demo", description=__doc__)
    parser.add_argument("--keep", action="store_true", help="leave it running, until Ctrl-C")
    parser.add_argument("--svg", type=Path, metavar="PATH", help="write a picture of the rotations")
    return parser


def _play(screen: Screen, keep: bool) -> int:
    with Stage() as stage:
        try:
            Show(stage, screen).play()
        except FAILURES as error:
            screen.failure(_message(error), stage.log_tail())
            return 1
        if keep:
            _keep(screen, stage)
    screen.say("Everything is stopped, and nothing is left behind.")
    return 0


def _message(error: Exception) -> str:
    # A scene tells all it knows from the second line on; the log's end is shown anyway.
    text = str(error) or type(error).__name__
    return text.splitlines()[0] if isinstance(error, AssertionError) else text


def _keep(screen: Screen, stage: Stage) -> None:
    how_to_use(screen, stage)
    try:
        signal.pause()
    except KeyboardInterrupt:
        screen.say("")


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
