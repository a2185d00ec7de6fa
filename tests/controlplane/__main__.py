"""`python -m tests.controlplane`: build the programs ahead of time, or run a control plane."""

import argparse
import signal
import sys
from types import FrameType

from tests.controlplane import ControlPlane, ControlPlaneError
from tests.controlplane.binaries import find
from tests.controlplane.progress import Stopwatch, say
from tests.controlplane.targets import TARGETS


def main() -> int:
    """Run the command on the command line."""
    arguments = _parser().parse_args()
    try:
        if arguments.command == "fetch":
            _fetch(arguments.names or list(TARGETS))
        else:
            _up(arguments.controller_manager)
    except ControlPlaneError as error:
        say(str(error))
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.controlplane", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    fetch = commands.add_parser("fetch", help="build the programs that are missing")
    names = ", ".join(TARGETS)
    fetch.add_argument("names", nargs="*", type=_known, metavar="name", help=f"all of: {names}")
    up = commands.add_parser("up", help="run a control plane until Ctrl-C")
    up.add_argument("--controller-manager", action="store_true", help="deletes namespaces")
    return parser


def _known(name: str) -> str:
    if name not in TARGETS:
        raise argparse.ArgumentTypeError(f"no program {name!r}, only {', '.join(TARGETS)}")
    return name


def _fetch(names: list[str]) -> None:
    for name in names:
        print(find(name))


def _up(controller_manager: bool) -> None:
    signal.signal(signal.SIGTERM, _interrupt)
    elapsed = Stopwatch()
    with ControlPlane() as control_plane:
        if controller_manager:
            control_plane.start_controller_manager()
        say(f"ready in {elapsed} at {control_plane.server_url}; Ctrl-C stops it")
        print(f"export KUBECONFIG={control_plane.kubeconfig}", flush=True)
        signal.pause()


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
