"""How the flags that several commands share are read. A bad value raises typer.BadParameter."""

from __future__ import annotations

import os
import re
from typing import Final

import typer

PREFIX: Final = "OKTA_ROTATOR_"
"""Begins the environment variable of every flag."""

OPERATOR_NAMESPACE: Final = "okta-rotator-system"
"""As in deploy/base."""

LEASE_NAME: Final = "okta-rotator"
LONGEST_NAME: Final = 253
NAMESPACE: Final = re.compile("[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
SUBDOMAIN: Final = re.compile("[a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*")


def read_list(values: list[str] | None, flag: str) -> tuple[str, ...]:
    """Repeated flags and comma-separated variables come to the same, with blanks or without.

    What holds no name is refused: an empty list of namespaces would mean all of them.
    """
    parts = (part.strip() for value in values or () for part in value.split(","))
    names = tuple(filter(None, parts))
    if values and not names:
        raise typer.BadParameter("holds no name", param_hint=flag)
    return names


def read_namespaces(values: list[str] | None) -> tuple[str, ...]:
    names = read_list(values, "--namespace")
    for name in names:
        _demand_namespace(name, "--namespace")
    return names


def read_operator_namespace(value: str | None) -> str:
    """A pod is told its namespace by `fieldRef`."""
    name = value or os.environ.get("POD_NAMESPACE") or OPERATOR_NAMESPACE
    _demand_namespace(name, "--operator-namespace")
    return name


def names_no_namespace(*values: str | None) -> bool:
    """Whether nobody says where the operator is at home, as in a shell with a kubeconfig."""
    return not any((*values, os.environ.get("POD_NAMESPACE")))


def read_lease_namespace(value: str | None, operator_namespace: str) -> str:
    name = value or operator_namespace
    _demand_namespace(name, "--lease-namespace")
    return name


def read_lease_name(value: str) -> str:
    name = value or LEASE_NAME
    if not SUBDOMAIN.fullmatch(name) or len(name) > LONGEST_NAME:
        message = f"{name!r} is no name of a Lease: lower-case letters, digits, '-' and '.'"
        raise typer.BadParameter(message, param_hint="--lease-name")
    return name


def _demand_namespace(name: str, flag: str) -> None:
    if not NAMESPACE.fullmatch(name):
        message = f"{name!r} is no name of a namespace: lower-case letters, digits and '-'"
        raise typer.BadParameter(message, param_hint=flag)
