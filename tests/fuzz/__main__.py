"""`python -m tests.fuzz --seed 7 --edits 20`: runs sequences of any seed, with the same parts."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from tests.controlplane import ControlPlane
from tests.fuzz.ground import ground, install
from tests.fuzz.sequences import Drawn, run_all, summary
from tests.okta_fixtures import emulator_process


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--seed", type=int, default=0, help="of the first sequence")
    parser.add_argument("--sequences", type=int, default=1)
    parser.add_argument("--edits", type=int, default=20, help="of each sequence")
    parser.add_argument("--at-once", type=int, default=4)
    parser.add_argument("--steps", action="store_true", help="show the edits of all sequences")
    asked = parser.parse_args()
    seeds = range(asked.seed, asked.seed + asked.sequences)
    authors = [Drawn(seed, asked.edits) for seed in seeds]
    with (
        tempfile.TemporaryDirectory() as folder,
        emulator_process() as okta,
        ControlPlane() as control_plane,
    ):
        install(control_plane)
        with ground(control_plane, okta, Path(folder)) as here:
            runs = run_all(here, authors, asked.at_once)
    for run in runs:
        if run.failure is not None or asked.steps:
            print(run.story())
    print(summary(runs))
    return 1 if any(run.failure for run in runs) else 0


sys.exit(main())
