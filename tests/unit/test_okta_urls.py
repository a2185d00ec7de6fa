"""Which addresses credentials may be sent to."""

import pytest

from okta_rotator.okta.urls import problem_with_address


@pytest.mark.parametrize(
    "url",
    [
        "https://acme.okta.com",
        "https://acme.okta.com:443",
        "https://acme.oktapreview.com",
        "https://acme.okta-emea.com",
        "https://acme.okta-gov.com",
        "https://acme.okta.mil",
    ],
)
def test_addresses_of_okta_are_allowed(url: str) -> None:
    assert problem_with_address(url) is None


@pytest.mark.parametrize(
    "url",
    [
        "http://acme.okta.com",
        "https://evilokta.com",
        "https://okta.com.evil.example",
        "https://acme.okta.com.com",
        "https://acme.okta.com@evil.example",
        "https://acme.okta.com#.evil.example",
        "https://evil.example/.okta.com",
        "https://evil.example\\.okta.com",
        "https://acme.okta.com/",
        "https://https://acme.okta.com",
        "https://ACME.okta.com",
        "https://acme.okta.com\n",
        "https://acme-admin.okta.com",
        "https://127.0.0.1",
        "http://localhost:8080",
        "https://[::1]",
        "ftp://acme.okta.com",
        "",
    ],
)
def test_every_other_address_is_refused(url: str) -> None:
    assert problem_with_address(url)


def test_a_domain_of_ones_own_is_allowed_where_it_is_configured() -> None:
    url = "https://login.example.com"

    assert "--okta-domain" in str(problem_with_address(url))
    assert problem_with_address(url, ["login.example.com"]) is None
    assert problem_with_address("https://acme.okta.com", ["login.example.com"])


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]"])
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_loopback_is_for_tests_alone(scheme: str, host: str) -> None:
    assert problem_with_address(f"{scheme}://{host}:8080", allow_insecure=True) is None
    assert problem_with_address(f"{scheme}://{host}:8080", allow_insecure=False)


def test_no_other_address_is_exempt_from_https() -> None:
    assert problem_with_address("http://acme.okta.com", allow_insecure=True)
    assert problem_with_address("http://127.0.0.1.okta.com.evil.example", allow_insecure=True)
