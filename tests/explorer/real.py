"""Between the forms of the explored world and the very types that decisions look at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cache
from typing import Final

from okta_rotator.api.conditions import Condition, ConditionType, Reason
from okta_rotator.api.names import (
    ADOPT_ANNOTATION,
    APP_ID_ANNOTATION,
    REPLACE_FOREIGN_ANNOTATION,
    REVOKE_PREVIOUS_ANNOTATION,
    ROLLBACK_ANNOTATION,
    ROTATE_ANNOTATION,
    ROTATION_LABEL,
    ROTATION_NAME_ANNOTATION,
    SECRET_ID_ANNOTATION,
    STATE_SECRET_TYPE,
    STATE_SUFFIX,
)
from okta_rotator.api.rotation_status import (
    CredentialState,
    CredentialStatus,
    Failures,
    HandledRequests,
    RotationStatus,
)
from okta_rotator.rotation.okta_view import AuthMethod, OktaApp, OktaSecret, SecretState
from okta_rotator.rotation.seen import LATE_SECRET, RECHECK_AGAIN, Seen
from okta_rotator.rotation.snapshot import Key, Resource, SecretObject, StoredState
from okta_rotator.rotation.state import Candidate, Credential, Job, State, to_data
from okta_rotator.rotation.trouble import Next, Trouble
from okta_rotator.rotation.values import (
    RANDOM_BYTES,
    SecretValue,
    make_stand_in,
    make_value,
    secret_hash,
)
from tests.explorer.canon import AHEAD
from tests.explorer.forms import (
    EARLIER_FROM,
    FOREIGN_FROM,
    GONE_ID,
    LAST_VALUE,
    STAND_IN_FROM,
    Age,
    Aim,
    Asked,
    Cand,
    Cred,
    Due,
    Held,
    Memory,
    Recheck,
    Record,
    Rival,
    Task,
    Told,
    World,
)
from tests.resources import CLIENT_ID
from tests.unit.rotation import builders
from tests.unit.rotation.builders import EARLIER_UID, ID_KEY, NAME, NAMESPACE, ORG, UID, VALUE_KEY
from tests.unit.rotation.faults import START

NOW: Final = START
"""When each pass begins, by the clock of the explored world."""

HOUR: Final = timedelta(hours=1)
DAY: Final = timedelta(days=1)
ROTATED: Final = {
    Due.LATER: timedelta(days=1),
    Due.SOON: timedelta(days=29),
    Due.NOW: timedelta(days=400),
    Due.AHEAD: timedelta(days=-400),
}
"""How long ago that was, with 30 days from one rotation to the next."""

AGES: Final = {
    Age.UNDER_A_DAY: 12 * HOUR,
    Age.OVER_A_DAY: 36 * HOUR,
    Age.TO_COME: timedelta(days=-400),
}
OTHER_APP: Final = "0oa9z8y7x6w5v4u3t2s1"
METHODS: Final = (AuthMethod.BASIC, AuthMethod.POST)
VERBS: Final = {
    "rotate": "rotate",
    "revoke": "revoke_previous",
    "rollback": "rollback",
    "replace": "replace_foreign",
}
"""The fields of `Asked`, as the domain names them."""

ANNOTATIONS: Final = {
    "rotate": ROTATE_ANNOTATION,
    "revoke": REVOKE_PREVIOUS_ANNOTATION,
    "rollback": ROLLBACK_ANNOTATION,
    "replace": REPLACE_FOREIGN_ANNOTATION,
}
RIVAL: Final = Key(NAMESPACE, "another-rotation")
RIVAL_UID: Final = "6e1c1f0e-0000-4000-8000-000000000003"
ASKED: Final = {
    Recheck.NEW: None,
    Recheck.IN_A_DAY: NOW,
    Recheck.IN_AN_HOUR: NOW - HOUR,
    Recheck.NOW: NOW - 2 * DAY,
}
READY, NOT_READY = (
    Condition(
        type=ConditionType.READY,
        status=status,
        reason=Reason.PUBLISHED,
        message="",
        last_transition_time=NOW,
        observed_generation=1,
    )
    for status in ("True", "False")
)
UNAVAILABLE: Final = Trouble(Next.RETRY, Reason.OKTA_UNAVAILABLE, "the last call failed")


def _text(value: int) -> SecretValue:
    if value >= STAND_IN_FROM:
        return make_stand_in(bytes([value - STAND_IN_FROM]) * RANDOM_BYTES)
    if value >= FOREIGN_FROM:
        return SecretValue(f"made-by-person-{value}")
    return make_value(UID if value < EARLIER_FROM else EARLIER_UID, bytes([value]) * RANDOM_BYTES)


VALUES: Final = tuple(_text(value) for value in range(LAST_VALUE))
HASHES: Final = tuple(secret_hash(value) for value in VALUES)
NUMBERS_OF_HASHES: Final = {text: number for number, text in enumerate(HASHES)}
NUMBERS: Final = {value: number for number, value in enumerate(VALUES)}
TEXTS: Final = {value.reveal(): number for number, value in enumerate(VALUES)}


def instant(at: int) -> datetime:
    return NOW + timedelta(milliseconds=at)


def number_of(at: datetime) -> int:
    return (at - NOW) // timedelta(milliseconds=1)


def id_text(sid: int) -> str:
    return "gone" if sid == GONE_ID else f"ocs{sid}"


def id_number(text: str) -> int:
    return GONE_ID if text == "gone" else int(text.removeprefix("ocs"))


def _on(state: SecretState | CredentialState) -> bool:
    return state == SecretState.ACTIVE


def _state(is_on: bool) -> SecretState:
    return SecretState.ACTIVE if is_on else SecretState.INACTIVE


@cache
def real_secret(one: Held, is_shown: bool = True) -> OktaSecret:
    value = VALUES[one.value] if is_shown else None
    return OktaSecret(id_text(one.sid), _state(one.on), NOW, HASHES[one.value], value)


def form_of_secret(one: OktaSecret) -> Held:
    return Held(id_number(one.id), NUMBERS_OF_HASHES[one.hash], _on(one.state))


@cache
def real_app(method: int) -> OktaApp:
    return OktaApp(CLIENT_ID, CLIENT_ID, "ACTIVE", "OPENID_CONNECT", METHODS[method])


def method_number(raw: str | None) -> int | None:
    return None if raw is None else METHODS.index(AuthMethod(raw))


@cache
def real_state(one: Record) -> State:
    texts = texts_of(one.handled)
    return replace(
        _without_requests(one),
        handled_rotate=texts["rotate"],
        handled_revoke_previous=texts["revoke_previous"],
        handled_rollback=texts["rollback"],
        handled_replace_foreign=texts["replace_foreign"],
    )


def _without_requests(one: Record) -> State:
    last = None if one.due is None else NOW - ROTATED[one.due]
    return State(
        uid=UID if one.mine else EARLIER_UID,
        app_id=CLIENT_ID if one.app else OTHER_APP,
        client_id=CLIENT_ID,
        org_id=ORG,
        generation=one.gen,
        auth_method=None if one.method is None else METHODS[one.method],
        active=_credential(one.active),
        previous=_credential(one.previous),
        candidate=one.candidate
        and Candidate(VALUES[one.candidate.value], one.candidate.place, one.candidate.discard),
        job=one.job and Job("job", one.job.trigger, _started(one), token_text(one.job.token)),
        last_rotated_at=last,
        series_from=last,
        refused_tries=tuple(map(instant, one.tries)),
        target_keys=builders.TARGET_KEYS if one.keys else (ID_KEY,),
        asked_at=None if one.asked is None else instant(one.asked),
        bound_secret_id=None if one.bound is None else id_text(one.bound),
    )


def _started(one: Record) -> datetime:
    """Before the tries of the job, after those of earlier ones."""
    own = one.job.tries if one.job is not None else 0
    if own:
        return instant(one.tries[-own])
    if one.tries:
        return instant(one.tries[-1]) + timedelta(microseconds=1)
    return NOW - HOUR if one.asked is None else instant(one.asked)


def form_of_state(state: State) -> Record:
    last, candidate, job = state.last_rotated_at, state.candidate, state.job
    return Record(
        mine=state.uid == UID,
        app=state.app_id == CLIENT_ID,
        gen=state.generation,
        method=method_number(state.auth_method),
        active=_cred(state.active),
        previous=_cred(state.previous),
        candidate=None
        if candidate is None
        else Cand(NUMBERS[candidate.value], candidate.index, candidate.discard),
        job=None
        if job is None
        else Task(
            job.trigger,
            sum(at >= job.started_at for at in state.refused_tries),
            token_number(job.token),
        ),
        due=None if last is None else _due(NOW - last),
        tries=tuple(map(number_of, state.refused_tries)),
        asked=None if state.asked_at is None else number_of(state.asked_at),
        handled=asked_of({verb: getattr(state, f"handled_{verb}") for verb in VERBS.values()}),
        bound=None if state.bound_secret_id is None else id_number(state.bound_secret_id),
        keys=set(state.target_keys) == set(builders.TARGET_KEYS),
    )


def _due(since: timedelta) -> Due:
    if since < -HOUR:
        return Due.AHEAD
    return next(due for due in (Due.LATER, Due.SOON, Due.NOW) if since <= ROTATED[due])


def _instant_of(age: Age | None) -> datetime | None:
    return None if age is None else NOW - AGES[age]


def _age(at: datetime | None) -> Age | None:
    if at is None:
        return None
    if number_of(at) >= AHEAD:
        return Age.TO_COME
    return Age.UNDER_A_DAY if NOW - at < DAY else Age.OVER_A_DAY


def texts_of(asked: Asked) -> dict[str, str | None]:
    """The tokens by the domain's names."""
    sid = asked.replace
    tokens = {verb: token_text(getattr(asked, field)) for field, verb in VERBS.items()}
    return {**tokens, "replace_foreign": None if sid is None else id_text(sid)}


def asked_of(texts: Mapping[str, str | None]) -> Asked:
    named = {field: texts[verb] for field, verb in VERBS.items()}
    return Asked(**{field: _token(field, text) for field, text in named.items() if text})


def _token(field: str, text: str) -> int:
    return id_number(text) if field == "replace" else int(text.removeprefix("t"))


def _credential(one: Cred | None) -> Credential | None:
    if one is None:
        return None
    value = None if one.value is None else VALUES[one.value]
    since, off = _instant_of(one.since), _instant_of(one.off)
    return Credential(id_text(one.sid), one.place, NOW, value, _state(one.on), since, off)


def _cred(one: Credential | None) -> Cred | None:
    if one is None:
        return None
    value = None if one.value is None else NUMBERS[one.value]
    since, off = _age(one.superseded_at), _age(one.deactivated_at)
    return Cred(id_number(one.secret_id), value, one.index, _on(one.state), since, off)


def token_text(token: int | None) -> str | None:
    return None if token is None else f"t{token}"


def token_number(text: str | None) -> int | None:
    return None if text is None else int(text.removeprefix("t"))


@cache
def real_stored(record: Record, version: str) -> StoredState:
    name, state = NAME + STATE_SUFFIX, real_state(record)
    secret = SecretObject(
        NAMESPACE, name, "state-uid", version, STATE_SECRET_TYPE, {}, {}, to_data(state)
    )
    return StoredState(secret, state)


@cache
def real_target(one: Aim, version: str) -> SecretObject:
    if not one.mine:
        data = {} if one.value is None else {VALUE_KEY: VALUES[one.value].reveal()}
        return builders.target(
            resource_version=version, labels={}, annotations={}, data={"theirs": "x", **data}
        )
    annotations = {ROTATION_NAME_ANNOTATION: NAME, APP_ID_ANNOTATION: CLIENT_ID}
    if one.sid is not None:
        annotations[SECRET_ID_ANNOTATION] = id_text(one.sid)
    data = {ID_KEY: CLIENT_ID}
    if one.value is not None:
        data[VALUE_KEY] = VALUES[one.value].reveal()
    return builders.target(
        resource_version=version,
        labels={ROTATION_LABEL: UID},
        annotations=annotations,
        data=data,
    )


def form_of_target(target: SecretObject) -> Aim:
    text, sid = target.data.get(VALUE_KEY), target.annotations.get(SECRET_ID_ANNOTATION)
    marks = (ROTATION_NAME_ANNOTATION, ADOPT_ANNOTATION)
    return Aim(
        None if text is None else TEXTS[text],
        None if sid is None else id_number(sid),
        any(target.annotations.get(mark) == NAME for mark in marks) and "theirs" not in target.data,
    )


@cache
def real_status(told: Told | None) -> RotationStatus:
    if told is None:
        return RotationStatus()
    return RotationStatus(
        observed_generation=1,
        credentials=tuple(
            CredentialStatus(index=0, secret_id=id_text(sid), state=CredentialState.ACTIVE)
            for sid in told.witnesses
        ),
        last_rotated_at=NOW,
        failures=Failures(count=1, last_at=NOW, next_attempt_at=NOW + HOUR)
        if told.backoff
        else None,
        state_generation=told.gen,
        handled_requests=HandledRequests(**texts_of(told.handled)),
        conditions=(READY if told.ready else NOT_READY,),
    )


def form_of_status(status: RotationStatus) -> Told | None:
    if status.observed_generation is None:
        return None
    again = status.failures.next_attempt_at if status.failures is not None else None
    handled = status.handled_requests or HandledRequests()
    return Told(
        tuple(sorted({id_number(one.secret_id) for one in status.credentials or ()})),
        status.state_generation,
        asked_of({verb: getattr(handled, verb) for verb in VERBS.values()}),
        again is not None and again > NOW,
        all(c.status == "True" for c in status.conditions or () if c.type == ConditionType.READY),
    )


def real_resource(base: Resource, world: World) -> Resource:
    texts = texts_of(world.asked)
    annotations = {ANNOTATIONS[field]: texts[verb] for field, verb in VERBS.items()}
    return replace(
        base,
        annotations={key: text for key, text in annotations.items() if text is not None},
        deleting=world.deleting,
        status=real_status(world.told),
    )


def real_rival(base: Resource, rival: Rival) -> Resource:
    created = base.created_at - DAY if rival.older else base.created_at + DAY
    return replace(base, key=RIVAL, uid=RIVAL_UID, created_at=created)


def rivals_state(rival: Rival) -> SecretObject | None:
    """Its state Secret."""
    if not rival.begun:
        return None
    content = to_data(_copied(rival) if rival.values else _of_their_own())
    name = RIVAL.name + STATE_SUFFIX
    return SecretObject(NAMESPACE, name, "rivals", "1", STATE_SECRET_TYPE, {}, {}, content)


def _of_their_own() -> State:
    return builders.state(uid=RIVAL_UID, active=builders.credential("theirs", builders.F))


def _copied(rival: Rival) -> State:
    """With the uid of ours, as it is in a copy."""
    first, second, third = (*(VALUES[value] for value in rival.values), None, None, None)[:3]
    return builders.state(
        active=builders.credential("first", first),
        previous=second and builders.credential("second", second, 1),
        candidate=third and Candidate(third, 1),
    )


@cache
def real_seen(one: Memory, is_shown: bool) -> Seen:
    return Seen(
        app=None if one.app is None else real_app(one.app),
        secrets=None
        if one.secrets is None
        else tuple(real_secret(secret, is_shown) for secret in one.secrets),
        listed_in_this_pass=one.listed,
        proofs={
            (VALUES[value], METHODS[method]): (proof, instant(at))
            for value, method, proof, at in one.proofs
        },
        refused_at=None if one.refused_at is None else instant(one.refused_at),
        trouble=UNAVAILABLE if one.trouble else None,
        unsettled_until=NOW + timedelta(seconds=10) if one.unsettled else None,
        since=NOW,
        asked_at=ASKED[one.recheck],
        ask_again_at=NOW + RECHECK_AGAIN if one.recheck is Recheck.IN_AN_HOUR else None,
        may_have_asked=one.may_have_asked,
        refusal_is_unnoted=one.unnoted,
        tried=frozenset(map(_request_text, one.tried)),
        secret_may_come_until=NOW + LATE_SECRET if one.coming else None,
    )


def _request_text(request: tuple[str, int]) -> str:
    field, token = request
    text = id_text(token) if field == "replace" else token_text(token)
    return f"{VERBS[field]}={text}"


def _request_of(text: str) -> tuple[str, int]:
    verb, token = text.split("=")
    field = next(field for field, name in VERBS.items() if name == verb)
    return field, _token(field, token)


def _recheck_of(seen: Seen) -> Recheck:
    if seen.ask_again_at is not None:
        return Recheck.IN_AN_HOUR if seen.ask_again_at > NOW + HOUR / 60 else Recheck.NOW
    if seen.asked_at is None:
        return Recheck.NEW
    return Recheck.NOW if NOW - seen.asked_at > DAY else Recheck.IN_A_DAY


def form_of_seen(seen: Seen) -> Memory:
    return Memory(
        secrets=None if seen.secrets is None else tuple(map(form_of_secret, seen.secrets)),
        listed=seen.listed_in_this_pass,
        app=None if seen.app is None else method_number(seen.app.auth_method),
        proofs=tuple(
            (NUMBERS[value], METHODS.index(method), proof, number_of(at))
            for (value, method), (proof, at) in seen.proofs.items()
        ),
        refused_at=None if seen.refused_at is None else number_of(seen.refused_at),
        trouble=seen.trouble is not None,
        unsettled=seen.unsettled_until is not None and seen.unsettled_until > NOW,
        recheck=_recheck_of(seen),
        may_have_asked=seen.may_have_asked,
        unnoted=seen.refusal_is_unnoted,
        tried=tuple(sorted(map(_request_of, seen.tried))),
        coming=seen.secret_may_come_until is not None,
    )
