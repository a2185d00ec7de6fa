"""Turns answers and failures of Okta's API into troubles. The only place that does.

PortError
 └── OktaError               with Okta's complaint, None where no answer came
      ├── NotSentError       RETRY: no connection, so Okta cannot have seen the request
      ├── NoAnswerError      RETRY: the connection broke, or the deadline passed
      ├── UnavailableError   RETRY: 5xx and 408, and a signature that was used before
      ├── NotOktaError       RETRY, of a connection PERSON: what answered is not Okta's API
      ├── RateLimitedError   WAIT: 429
      ├── RefusedError       PERSON: 4xx that only a person can change
      └── LostRaceError      LOOK_AGAIN: the app's secrets are not what we thought
           └── GoneError     the secret no longer exists
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import httpx

from okta_rotator.api.conditions import Reason
from okta_rotator.okta.answers import Complaint, clean, complaint_of
from okta_rotator.okta.calls import Call
from okta_rotator.okta.limits import LONGEST_WAIT, WINDOW, seconds_to_reset
from okta_rotator.okta.meanings import Meaning, lost_race, meaning_of, passes_by_itself, violation
from okta_rotator.rotation.trouble import Next, PortError, Trouble

_NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError)


class OktaError(PortError):
    """Okta refused a call, or could not be reached."""

    def __init__(self, trouble: Trouble, complaint: Complaint | None = None) -> None:
        super().__init__(trouble)
        self.complaint = complaint


class NotSentError(OktaError):
    """No connection came about, so Okta cannot have seen the request."""


class NoAnswerError(OktaError):
    """The request may have reached Okta; no answer came, or none in time."""


class UnavailableError(OktaError):
    """Okta, or what stands before it, answered that it cannot now."""


class NotOktaError(OktaError):
    """What answered is not Okta's API: a proxy, a login page, a redirect."""


class RateLimitedError(OktaError):
    """The rate limit is used up until a known time."""


class RefusedError(OktaError):
    """Okta says no, and will until a person changes something."""


class LostRaceError(OktaError):
    """The app's secrets are not what we thought they are."""


class GoneError(LostRaceError):
    """The secret no longer exists."""


def error_of_answer(response: httpx.Response, call: Call, now: datetime) -> OktaError:
    """The error for an answer that is no success. `now` is ours, to turn Okta's times into."""
    status, complaint = response.status_code, complaint_of(response, call.hidden)
    detail = _detail(response, call, complaint)
    if status == 429:
        return _rate_limited(response, detail, now)
    if status >= 500 or status == 408:
        return UnavailableError(_retry(call, f"Okta cannot answer now {detail}"), complaint)
    if complaint is None or status < 400:
        return _not_okta(call, detail)
    if passes_by_itself(complaint, call.endpoint):
        trouble = _retry(call, f"Okta wants the call signed anew {detail}")
        return UnavailableError(replace(trouble, may_have_landed=False), complaint)
    if complaint.code == "E0000001":
        return _violation(call, complaint, detail)
    if complaint.code == "E0000007" and call.app_id is not None:
        return _not_found(call, complaint, detail)
    return _person(meaning_of(complaint, call.endpoint), detail, complaint)


def error_of_shape(response: httpx.Response, call: Call) -> OktaError:
    """The error for a success whose body is not what Okta sends."""
    return _not_okta(call, _detail(response, call, None))


def error_of_failure(error: httpx.HTTPError, call: Call) -> OktaError:
    """The error where no answer came. Only of a failed connection is the text told."""
    if isinstance(error, _NOT_SENT):
        message = f"no connection to Okta: {clean(str(error), call.hidden)} ({call.endpoint})"
        return NotSentError(replace(_no_answer(call, message), may_have_landed=False))
    kind = type(error).__name__
    message = f"the connection to Okta broke before the answer ({call.endpoint}, {kind})"
    return NoAnswerError(_no_answer(call, message))


def error_of_deadline(call: Call, seconds: float) -> OktaError:
    """The error where the answer did not come in time."""
    message = f"Okta did not answer within {seconds:g} s ({call.endpoint})"
    return NoAnswerError(_no_answer(call, message))


def error_of_id() -> OktaError:
    """The error for an id that is none, and might lead a path astray."""
    message = (
        "the id of the app or of its client secret is none of Okta's, which are letters and digits "
        "alone. Nothing was sent to Okta; check spec.parameters"
    )
    return RefusedError(Trouble(Next.PERSON, Reason.INVALID_SPEC, message))


def error_of_scopes(missing: Sequence[str]) -> RefusedError:
    """The error for a token that is good for less than was asked for."""
    message = (
        f"Okta did not grant {' and '.join(missing)} to the service app. A super administrator "
        'grants them on the tab "Okta API Scopes" of the app'
    )
    return RefusedError(Trouble(Next.PERSON, Reason.INSUFFICIENT_SCOPE, message))


def error_of_unbound_token() -> RefusedError:
    """The error for a token without DPoP where it is required."""
    message = (
        "Okta gave a token that is not bound by DPoP, which spec.oauth.dpop requires. Turn on "
        '"Require Demonstrating Proof of Possession (DPoP) header" at the service app'
    )
    return RefusedError(Trouble(Next.PERSON, Reason.INVALID_TOKEN, message))


def _retry(call: Call, message: str) -> Trouble:
    may_have_landed = call.endpoint.is_write
    return Trouble(Next.RETRY, Reason.OKTA_UNAVAILABLE, message, may_have_landed=may_have_landed)


def _no_answer(call: Call, message: str) -> Trouble:
    trouble = _retry(call, message)
    is_of_connection = call.endpoint.is_of_connection
    return replace(trouble, reason=Reason.UNREACHABLE) if is_of_connection else trouble


def _not_okta(call: Call, detail: str) -> NotOktaError:
    message = (
        "What answered is not Okta's API, perhaps a proxy or a login page. Check instanceUrl, and "
        f"the proxy of the operator {detail}"
    )
    if call.endpoint.is_of_connection:
        return NotOktaError(Trouble(Next.PERSON, Reason.NOT_AN_OKTA_ORG, message))
    return NotOktaError(_retry(call, message))


def _rate_limited(response: httpx.Response, detail: str, now: datetime) -> RateLimitedError:
    seconds = seconds_to_reset(response.headers)
    pause = timedelta(seconds=min(max(WINDOW if seconds is None else seconds, 1), LONGEST_WAIT))
    # Without the time, which is another one at each attempt: what always differs is always news.
    message = f"Okta's rate limit is used up; going on when Okta's minute is over {detail}"
    return RateLimitedError(Trouble(Next.WAIT, Reason.RATE_LIMITED, message, now + pause))


def _violation(call: Call, complaint: Complaint, detail: str) -> OktaError:
    reason = lost_race(complaint, call.endpoint)
    if reason is not None:
        return _lost_race(LostRaceError, reason, detail, complaint)
    return _person(violation(complaint), detail, complaint)


def _not_found(call: Call, complaint: Complaint, detail: str) -> OktaError:
    app_id = str(call.app_id)
    names_app = "AppInstance" in complaint.text or app_id in complaint.text
    if call.endpoint.is_of_one_secret and not names_app:
        return _lost_race(GoneError, Reason.CONFLICT, detail, complaint)
    advice = (
        f"Okta knows no app {app_id}, or the API token may not see it. Check spec.parameters.appId"
    )
    return _person(Meaning(Reason.APP_NOT_FOUND, advice), detail, complaint)


def _lost_race(
    kind: type[LostRaceError], reason: Reason, detail: str, complaint: Complaint
) -> LostRaceError:
    message = f"the client secrets of the app have changed meanwhile {detail}"
    return kind(Trouble(Next.LOOK_AGAIN, reason, message), complaint)


def _person(meaning: Meaning, detail: str, complaint: Complaint) -> RefusedError:
    message = f"{meaning.advice} {detail}"
    return RefusedError(Trouble(Next.PERSON, meaning.reason, message), complaint)


def _detail(response: httpx.Response, call: Call, complaint: Complaint | None) -> str:
    """What Okta said, without its request id: a message that always differs is always news."""
    said = [complaint.code, complaint.text] if complaint is not None else []
    parts = [f"{call.endpoint}: HTTP {response.status_code}", " ".join(filter(None, said))]
    return f"({', '.join(filter(None, parts))})"
