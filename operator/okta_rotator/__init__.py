"""okta-rotator: a Kubernetes operator that rotates the client secrets of Okta applications."""
