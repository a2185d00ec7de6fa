"""`python -m okta_rotator.cli`."""

from okta_rotator.cli.main import app

app(prog_name="okta-rotator")
