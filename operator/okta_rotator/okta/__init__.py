"""Okta's side: its API over HTTP, as the domain's `OktaSession`."""
