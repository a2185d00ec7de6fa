"""What can go wrong with the control plane, in words that say what to do."""

import subprocess


class ControlPlaneError(Exception):
    """The control plane cannot be had, or one of its programs failed."""


class GoMissingError(ControlPlaneError):
    """A program has to be built and there is no Go to build it with."""


class BuildError(ControlPlaneError):
    """A program could not be built from its module."""


class ProgramError(ControlPlaneError):
    """One of the programs ended by itself or did not get ready in time."""


class KubectlError(subprocess.CalledProcessError):
    """kubectl failed; unlike its base class it says why."""

    def __str__(self) -> str:
        return f"{super().__str__()}\n{self.stderr}"
