"""Names in the cluster that are part of the interface: group, kinds, annotations, labels."""

from __future__ import annotations

from typing import Final

GROUP: Final = "okta-rotator.dev"
VERSION: Final = "v1alpha1"
API_VERSION: Final = f"{GROUP}/{VERSION}"

ROTATION_KIND: Final = "OktaClientSecretRotation"
ROTATION_PLURAL: Final = "oktaclientsecretrotations"
CONNECTION_KIND: Final = "OktaConnection"
CONNECTION_PLURAL: Final = "oktaconnections"
CLUSTER_CONNECTION_KIND: Final = "ClusterOktaConnection"
CLUSTER_CONNECTION_PLURAL: Final = "clusteroktaconnections"

PREFIX: Final = f"{GROUP}/"
"""Begins every annotation, label and finalizer of ours."""

FIELD_MANAGER: Final = "okta-rotator"
FINALIZER: Final = f"{GROUP}/finalizer"

ROTATE_ANNOTATION: Final = f"{GROUP}/rotate"
"""On a rotation: rotates once for each new value of the annotation."""
REVOKE_PREVIOUS_ANNOTATION: Final = f"{GROUP}/revoke-previous"
"""On a rotation: ends the previous secret now, once for each new value. With the value of `rotate`:
that rotation's old secret, as soon as the new one is published."""
ROLLBACK_ANNOTATION: Final = f"{GROUP}/rollback"
"""On a rotation: publishes the previous secret again, once for each new value."""
PAUSED_ANNOTATION: Final = f"{GROUP}/paused"
"""Nothing is done for the resource but its deletion, whatever the value but "false" and ""."""
REPLACE_FOREIGN_ANNOTATION: Final = f"{GROUP}/replace-foreign"
"""On a rotation: Okta's id of a stranger's secret that may be taken away where it is in the way."""
LONGEST_TOKEN: Final = 1024
"""Characters of a request's token."""
ADOPT_ANNOTATION: Final = f"{GROUP}/adopt"
"""On a Secret: the name of the rotation that may take it as its target."""

ROTATION_LABEL: Final = f"{GROUP}/rotation"
"""On every Secret that we write: the uid of its rotation."""
ROTATION_NAME_ANNOTATION: Final = f"{GROUP}/rotation-name"
"""On every Secret that we write: the name of its rotation."""
APP_ID_ANNOTATION: Final = f"{GROUP}/app-id"
"""On a target Secret: the Okta app whose client secret it holds."""
SECRET_ID_ANNOTATION: Final = f"{GROUP}/secret-id"
"""On a target Secret: Okta's id of the client secret that it holds."""

STATE_SUFFIX: Final = "-okta-rotator-state"
"""Ends the name of a state Secret, and of no other object of ours."""
STATE_SECRET_TYPE: Final = f"{GROUP}/state"

ROTATION_TYPE: Final = "okta-client-secret"
"""What `status.type` always is."""

UNSEEN: Final = -1
"""`status.observedGeneration` of an object that the operator has not seen yet."""
