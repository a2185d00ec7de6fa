"""The plugins of all tests, and how properties are searched."""

from hypothesis import settings

pytest_plugins = ["tests.controlplane.fixtures", "tests.okta_fixtures"]

# The same examples each time, so that what lands is not held up by a find about something else.
# `make slow` draws new ones.
settings.register_profile("same", derandomize=True)
settings.load_profile("same")
