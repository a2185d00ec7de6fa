"""What the API server and its clients identify themselves with, made anew for each start."""

import json
import secrets
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

ADMIN = "admin"
# The group that RBAC lets do everything.
ADMIN_GROUP = "system:masters"


class Credentials:
    """The files of one control plane; the API server signs its own certificate among them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.token = secrets.token_urlsafe(32)
        self.tokens = folder / "tokens.csv"
        self.service_account_key = folder / "service-account.key"
        # The server writes it at its first start, with its certificate authority in the same file.
        self.authority = folder / "apiserver.crt"
        folder.mkdir(mode=0o700)
        self.tokens.write_text(f"{self.token},{ADMIN},{ADMIN},{ADMIN_GROUP}\n")
        self.service_account_key.write_bytes(_private_key())

    def write_kubeconfig(self, path: Path, server: str) -> None:
        """Write a kubeconfig for the administrator; JSON is YAML too."""
        cluster = {"server": server, "certificate-authority": str(self.authority)}
        context = {"cluster": "local", "user": ADMIN}
        config = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "local", "cluster": cluster}],
            "users": [{"name": ADMIN, "user": {"token": self.token}}],
            "contexts": [{"name": "local", "context": context}],
            "current-context": "local",
        }
        path.write_text(json.dumps(config, indent=2))
        path.chmod(0o600)


def _private_key() -> bytes:
    # Not PKCS8: the server reads the public key from the same file, and only from this format.
    return ec.generate_private_key(ec.SECP256R1()).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    )
