"""The operator with a planted bug, to show that the crash tests would find it.

Run in place of `okta_rotator.cli`, as `python -m tests.crashes.planted <bug> run ...`.
"""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final

import pytest

from okta_rotator import runtime
from okta_rotator.cli.main import app
from okta_rotator.cluster.secrets import Secrets
from okta_rotator.okta.client import OktaClient
from okta_rotator.rotation import engine, rivals
from okta_rotator.rotation.okta_view import OktaSecret
from okta_rotator.rotation.snapshot import Resource, SecretObject
from okta_rotator.rotation.state import State, from_data, to_data
from okta_rotator.rotation.transitions import forget_candidate
from okta_rotator.signals import SIGNALS, End

Patch = pytest.MonkeyPatch


def candidate_is_kept_in_memory(patch: Patch) -> None:
    """The intent is not written ahead."""
    write = Secrets.replace_state

    async def replace_state(
        self: Secrets, secret: SecretObject, resource: Resource, data: Mapping[str, str]
    ) -> SecretObject:
        if "candidate" in data:
            return replace(secret, data=data)
        return await write(self, secret, resource, data)

    patch.setattr(Secrets, "replace_state", replace_state)


def candidate_of_an_earlier_process_is_forgotten(patch: Patch) -> None:
    """What was begun is not gone on with."""
    written: set[str] = set()

    def write(state: State) -> Mapping[str, str]:
        data = to_data(state)
        written.update(data.get("candidate", "").split())
        return data

    def read(data: Mapping[str, str]) -> State:
        state = from_data(data)
        is_known = data.get("candidate", "") in {"", *written}
        return state if is_known else forget_candidate(state)

    patch.setattr(engine, "to_data", write)
    patch.setattr(rivals, "from_data", read)


def another_secret_is_deactivated(patch: Patch) -> None:
    """The one that is published, and not the previous one."""
    deactivate = OktaClient.deactivate_secret

    async def deactivate_secret(self: OktaClient, app_id: str, secret_id: str) -> OktaSecret:
        held = await self.list_secrets(app_id)
        other = next(one.id for one in held if one.id != secret_id)
        return await deactivate(self, app_id, other)

    patch.setattr(OktaClient, "deactivate_secret", deactivate_secret)


def end_is_put_off(patch: Patch) -> None:
    """A signal is heeded when Kubernetes has long lost its patience."""
    ask = End._ask

    def ask_later(self: End, which: signal.Signals) -> None:
        asyncio.get_running_loop().call_later(LONG, ask, self, which)

    patch.setattr(End, "_ask", ask_later)


def signals_are_not_heeded(patch: Patch) -> None:
    """They do to the process what they do to any that has no handler."""

    def heed_signals(self: End) -> None:
        for each in SIGNALS:
            asyncio.get_running_loop().remove_signal_handler(each)
            signal.signal(each, signal.SIG_DFL)

    patch.setattr(End, "heed_signals", heed_signals)


def what_runs_is_not_waited_for(patch: Patch) -> None:
    """The end cuts off what is under way, at once."""
    patch.setattr(runtime, "PATIENCE_WITH_WORK", 0.0)


def state_is_not_written_any_more(patch: Patch) -> None:
    """What runs on after a signal believes that its state is written, and it is not."""
    ask, write = End._ask, Secrets.replace_state
    asked: list[signal.Signals] = []

    def note(self: End, which: signal.Signals) -> None:
        asked.append(which)
        ask(self, which)

    async def replace_state(
        self: Secrets, secret: SecretObject, resource: Resource, data: Mapping[str, str]
    ) -> SecretObject:
        if asked:
            return replace(secret, data=data)
        return await write(self, secret, resource, data)

    patch.setattr(End, "_ask", note)
    patch.setattr(Secrets, "replace_state", replace_state)


LONG = 40.0
"""Seconds."""

PLANTED: Final[Mapping[Callable[[Patch], None], str]] = {
    candidate_is_kept_in_memory: "dead: made in Okta, and unknown to the state",
    candidate_of_an_earlier_process_is_forgotten: "2 client secrets were created, not 1",
    another_secret_is_deactivated: "the app was refused",
}
"""Each with the complaint that it has to call forth."""

PLANTED_AT_THE_END: Final[Mapping[Callable[[Patch], None], str]] = {
    end_is_put_off: "s to end",
    signals_are_not_heeded: "its exit code is -15",
    what_runs_is_not_waited_for: "it ended before its call was answered",
    state_is_not_written_any_more: "dead: made in Okta, and unknown to the state",
}
"""The same of bugs in how the process ends."""


def main() -> None:
    name = sys.argv.pop(1)
    next(one for one in (*PLANTED, *PLANTED_AT_THE_END) if one.__name__ == name)(Patch())
    app(prog_name="okta-rotator")


if __name__ == "__main__":
    main()
