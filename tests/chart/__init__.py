"""The Helm chart and its twin in kustomize: what they render, and how they live on a cluster."""
