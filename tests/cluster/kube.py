"""Our own client of the control plane, for tests of what is built on it."""

from __future__ import annotations

from kubernetes.aio import client, config

from tests.controlplane import ControlPlane


async def configuration_of(control_plane: ControlPlane) -> client.Configuration:
    """As `load_configuration` makes it, but for this control plane."""
    configuration = client.Configuration()
    path = str(control_plane.kubeconfig)
    await config.load_kube_config(config_file=path, client_configuration=configuration)
    configuration.client_session_kwargs = {"trust_env": False}
    return configuration
