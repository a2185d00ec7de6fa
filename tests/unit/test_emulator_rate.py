"""Which bucket a path belongs to, and how a window fills and ends."""

from datetime import UTC, datetime, timedelta

import pytest

from okta_emulator.rate import RateLimiter, bucket_of
from okta_emulator.seed import RateLimits

START = datetime(2026, 1, 2, 3, 4, 5, 500_000, tzinfo=UTC)
EPOCH = int(START.timestamp())


class Clock:
    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now

    def forward(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("path", "bucket"),
    [
        ("/api/v1/apps", "apps"),
        ("/api/v1/apps/0oa1", "appById"),
        ("/api/v1/apps/0oa1/credentials/secrets", "apps"),
        ("/api/v1/apps/0oa1/credentials/secrets/ocs1/lifecycle/activate", "apps"),
        ("/api/v1/apps/", "apps"),
        ("/api/v1/appsandmore", "other"),
        ("/oauth2/v1/introspect", "oauth2"),
        ("/api/v1/org", "other"),
        ("/.well-known/okta-organization", "other"),
    ],
)
def test_a_path_belongs_to_one_bucket(path: str, bucket: str) -> None:
    assert bucket_of(path) == bucket


def test_a_window_opens_with_its_first_request_and_ends_after_its_length() -> None:
    clock = Clock()
    limiter = RateLimiter(RateLimits(apps=2), clock)

    first = limiter.take("/api/v1/apps")
    clock.forward(59)
    second, third = limiter.take("/api/v1/apps"), limiter.take("/api/v1/apps")
    clock.forward(1)
    fourth = limiter.take("/api/v1/apps")

    assert [verdict.allowed for verdict in (first, second, third, fourth)] == [
        True,
        True,
        False,
        True,
    ]
    assert [verdict.remaining for verdict in (first, second, third, fourth)] == [1, 0, 0, 1]
    assert {first.reset, second.reset, third.reset} == {EPOCH + 61}
    assert fourth.reset == EPOCH + 121


def test_waiting_until_the_reset_is_always_enough() -> None:
    clock = Clock()
    limiter = RateLimiter(RateLimits(oauth2=1, window_seconds=7.3), clock)
    reset = limiter.take("/oauth2/v1/introspect").reset

    clock.now = datetime.fromtimestamp(reset, UTC)

    assert limiter.take("/oauth2/v1/introspect").allowed


def test_buckets_do_not_share_a_window() -> None:
    limiter = RateLimiter(RateLimits(apps=1, app_by_id=1, oauth2=1, other=1), Clock())
    paths = ["/api/v1/apps", "/api/v1/apps/x", "/oauth2/v1/introspect", "/api/v1/org"]

    assert all(limiter.take(path).allowed for path in paths)
    assert not any(limiter.take(path).allowed for path in paths)


def test_new_limits_start_afresh() -> None:
    limiter = RateLimiter(RateLimits(apps=1), Clock())
    limiter.take("/api/v1/apps")

    limiter.replace(RateLimits(apps=5))

    assert limiter.take("/api/v1/apps").remaining == 4
