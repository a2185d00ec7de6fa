"""The commands of `okta-rotator`."""
