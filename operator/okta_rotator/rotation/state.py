"""What the state Secret holds: the one thing that decides what a rotation does next.

`State` is the whole of it, frozen. `transitions.py` makes the next one from it. `to_data` and
`from_data` turn it into the data of a Secret and back: the keys `active`, `previous` and
`candidate` hold values, each only while there is one, and `record` holds the rest as JSON,
never a value.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import IntEnum, StrEnum
from typing import Annotated, Any, Final

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from okta_rotator.rotation.okta_view import SecretState
from okta_rotator.rotation.values import SecretValue

FORMAT: Final = 1
"""The version of `record`. A later format is refused rather than misread."""


class Trigger(StrEnum):
    """Why a rotation was begun."""

    CREATION = "creation"
    SCHEDULE = "schedule"
    MANUAL = "manual"
    REPAIR = "repair"

    @property
    def counts_as_manual(self) -> bool:
        """For the schedule: the seed counts the creation as a manual rotation."""
        return self in (Trigger.CREATION, Trigger.MANUAL)


@dataclass(frozen=True, slots=True)
class Credential:
    """A secret in Okta that the state knows. `value` is None where Okta never showed it to us."""

    secret_id: str
    index: int
    created_at: datetime
    value: SecretValue | None
    state: SecretState = SecretState.ACTIVE
    superseded_at: datetime | None = None
    """Since when another one is active in its place; None for the active one."""
    deactivated_at: datetime | None = None
    """When it was first seen to be INACTIVE."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A value that was drawn and written down before Okta is asked to take it."""

    value: SecretValue
    index: int
    discard: bool = False
    """It failed its proof: to be removed from Okta and forgotten."""


@dataclass(frozen=True, slots=True)
class Job:
    """A rotation that has begun and not yet moved the roles."""

    job_id: str
    trigger: Trigger
    started_at: datetime
    token: str | None = None
    """The `rotate` token that asked for it."""
    due: datetime | None = None
    """The scheduled instant that it serves."""
    slot_at: datetime | None = None
    """The same without the resource's spread."""


@dataclass(frozen=True, slots=True)
class State:
    """The content of a state Secret."""

    uid: str
    """Of the resource that wrote it last."""
    app_id: str
    client_id: str
    org_id: str
    generation: int = 0
    """Counts the writes, so that a restored older state Secret can be told."""
    auth_method: str | None = None
    active: Credential | None = None
    previous: Credential | None = None
    candidate: Candidate | None = None
    job: Job | None = None
    last_job_id: str | None = None
    last_rotated_at: datetime | None = None
    last_trigger: Trigger | None = None
    series_from: datetime | None = None
    """The instant whose date the schedule counts from: see `schedule.served_date`."""
    refused_tries: tuple[datetime, ...] = ()
    """When Okta refused a value of this app to us, within the last 24 hours."""
    asked_at: datetime | None = None
    """From when on Okta may have been asked about the candidate, with no answer written down."""
    target_keys: tuple[str, ...] = ()
    """The keys of the target that are ours, also those of an earlier mapping."""
    handled_rotate: str | None = None
    """The last `rotate` token that was acted on; below the same for the other requests."""
    handled_revoke_previous: str | None = None
    handled_rollback: str | None = None
    handled_replace_foreign: str | None = None
    """The id of a stranger's secret that may be taken away."""
    bound_secret_id: str | None = None
    """The secret that a `revoke-previous` ends as soon as it is not the active one."""

    @property
    def values(self) -> tuple[SecretValue, ...]:
        """All values that the state holds."""
        held = (self.active, self.previous, self.candidate)
        return tuple(one.value for one in held if one is not None and one.value is not None)

    def bumped(self) -> State:
        """The same with its generation counted up, as it is written."""
        return replace(self, generation=self.generation + 1)


class Standing(IntEnum):
    """How far a resource has come with its app, by its state."""

    NEW = 0
    BEGUN = 1
    """A secret is being made."""
    LIVE = 2
    """It holds one that works."""


def standing_of(state: State | None) -> Standing:
    if state is None:
        return Standing.NEW
    if state.active is not None:
        return Standing.LIVE
    return Standing.BEGUN if state.candidate is not None else Standing.NEW


def claimed_values(state: State | None) -> tuple[SecretValue, ...]:
    """The values by which it claims its app: before there is an active one, what the app held
    already is nobody's, and the candidate alone counts."""
    if state is None:
        return ()
    if state.active is not None:
        return state.values
    return () if state.candidate is None else (state.candidate.value,)


class StateUnreadableError(ValueError):
    """The data of a state Secret is not what we write. The text never holds a value."""


def to_data(state: State) -> dict[str, str]:
    """The data of the state Secret, as text by key."""
    held = {"active": state.active, "previous": state.previous, "candidate": state.candidate}
    values = {
        key: one.value.reveal()
        for key, one in held.items()
        if one is not None and one.value is not None
    }
    return {"record": _Record.of(state).model_dump_json(by_alias=True, exclude_none=True), **values}


def from_data(data: Mapping[str, str]) -> State:
    """The state that a Secret's data (as text by key) holds. Raises StateUnreadableError."""
    try:
        record = _Record.model_validate_json(data.get("record", ""))
    except ValidationError as error:
        fields = ", ".join(".".join(map(str, e["loc"])) or "record" for e in error.errors())
        raise StateUnreadableError(f"cannot read {fields} of the key record") from None
    if record.format != FORMAT:
        raise StateUnreadableError(
            f"record has format {record.format}, this version reads {FORMAT}"
        )
    return record.state(data)


class _Json(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, frozen=True)


Index = Annotated[int, Field(ge=0, le=1)]


class _CredentialRecord(_Json):
    secret_id: str
    index: Index
    created_at: AwareDatetime
    state: SecretState
    superseded_at: AwareDatetime | None = None
    deactivated_at: AwareDatetime | None = None

    @classmethod
    def of(cls, one: Credential | None) -> _CredentialRecord | None:
        return None if one is None else cls(**_fields(one, cls))

    def credential(self, value: str | None) -> Credential:
        held = None if value is None else SecretValue(value)
        return Credential(value=held, **_fields(self, type(self)))


class _CandidateRecord(_Json):
    index: Index
    discard: bool


class _JobRecord(_Json):
    job_id: str
    trigger: Trigger
    started_at: AwareDatetime
    token: str | None = None
    due: AwareDatetime | None = None
    slot_at: AwareDatetime | None = None


class _Record(_Json):
    """`record`, field by field as `State` names them, without the values."""

    format: int = FORMAT
    uid: str
    app_id: str
    client_id: str
    org_id: str
    generation: int
    auth_method: str | None = None
    active: _CredentialRecord | None = None
    previous: _CredentialRecord | None = None
    candidate: _CandidateRecord | None = None
    job: _JobRecord | None = None
    last_job_id: str | None = None
    last_rotated_at: AwareDatetime | None = None
    last_trigger: Trigger | None = None
    series_from: AwareDatetime | None = None
    refused_tries: tuple[AwareDatetime, ...] = ()
    target_keys: tuple[str, ...] = ()
    asked_at: AwareDatetime | None = None
    handled_rotate: str | None = None
    handled_revoke_previous: str | None = None
    handled_rollback: str | None = None
    handled_replace_foreign: str | None = None
    bound_secret_id: str | None = None

    @classmethod
    def of(cls, state: State) -> _Record:
        candidate, job = state.candidate, state.job
        return cls(
            **{name: getattr(state, name) for name in _PLAIN},
            active=_CredentialRecord.of(state.active),
            previous=_CredentialRecord.of(state.previous),
            candidate=candidate
            and _CandidateRecord(index=candidate.index, discard=candidate.discard),
            job=job and _JobRecord(**_fields(job, _JobRecord)),
        )

    def state(self, data: Mapping[str, str]) -> State:
        return State(
            **{name: getattr(self, name) for name in _PLAIN},
            active=self._active(data),
            previous=None
            if self.previous is None
            else self.previous.credential(data.get("previous")),
            candidate=self._candidate(data),
            job=None if self.job is None else Job(**_fields(self.job, _JobRecord)),
        )

    def _active(self, data: Mapping[str, str]) -> Credential | None:
        if self.active is None:
            return None
        if "active" not in data:
            raise StateUnreadableError("record names an active secret, but the key active is gone")
        return self.active.credential(data["active"])

    def _candidate(self, data: Mapping[str, str]) -> Candidate | None:
        if self.candidate is None:
            return None
        if "candidate" not in data:
            raise StateUnreadableError("record names a candidate, but the key candidate is gone")
        return Candidate(
            SecretValue(data["candidate"]), self.candidate.index, self.candidate.discard
        )


def _fields(one: object, record: type[_Json]) -> dict[str, Any]:
    return {name: getattr(one, name) for name in record.model_fields}


_PLAIN: Final = tuple(
    name
    for name in _Record.model_fields
    if name not in ("format", "active", "previous", "candidate", "job")
)
