"""The operator with a planted bug, to show that the crash tests would find it.

Run in place of `okta_rotator.cli`, as `python -m tests.crashes.planted <bug> run ...`.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final

import pytest

from okta_rotator.cli.main import app
from okta_rotator.cluster.secrets import Secrets
from okta_rotator.okta.client import OktaClient
from okta_rotator.rotation import engine, rivals
from okta_rotator.rotation.okta_view import OktaSecret
from okta_rotator.rotation.snapshot import Resource, SecretObject
from okta_rotator.rotation.state import State, from_data, to_data
from okta_rotator.rotation.transitions import forget_candidate

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


PLANTED: Final[Mapping[Callable[[Patch], None], str]] = {
    candidate_is_kept_in_memory: "dead: made in Okta, and unknown to the state",
    candidate_of_an_earlier_process_is_forgotten: "2 client secrets were created, not 1",
    another_secret_is_deactivated: "the app was refused",
}
"""Each with the complaint that it has to call forth."""


def main() -> None:
    name = sys.argv.pop(1)
    next(one for one in PLANTED if one.__name__ == name)(Patch())
    app(prog_name="okta-rotator")


if __name__ == "__main__":
    main()
