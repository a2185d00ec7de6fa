"""The plugins of all tests."""

pytest_plugins = ["tests.controlplane.fixtures", "tests.okta_fixtures"]
