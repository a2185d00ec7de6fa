"""The Kubernetes side: how Secrets, status and Events are read, written and watched."""
