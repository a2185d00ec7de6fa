"""Exceptions as they are logged: where and of which kind, without what they say.

The text of an exception may hold whatever was worked on: `int("...")` and a model that refuses its
input repeat it. Told are the texts of our own errors, which are scrubbed where they are made, and
of those kinds that name nothing but code.
"""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from itertools import pairwise
from typing import Final

from okta_rotator.rotation.trouble import PortError

OF_CODE: Final = (AttributeError, ImportError, NameError, RecursionError, TypeError)
"""Their texts name attributes, modules and types."""


def described(error: BaseException) -> str:
    """The traceback of an error and of those that led to it, without their texts."""
    chain = list(_chain(error))
    parts = [_one(chain[0][0])]
    for (_, word), (cause, _) in pairwise(chain):
        parts.append(f"{word}\n{_one(cause)}")
    return "\n\n".join(parts)


def _chain(error: BaseException) -> Iterator[tuple[BaseException, str]]:
    """The error, then what led to it, each with how it led to the one before."""
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        if current.__cause__ is not None:
            yield current, "caused by:"
            current = current.__cause__
        else:
            yield current, "while handling:"
            current = None if current.__suppress_context__ else current.__context__


def _one(error: BaseException) -> str:
    frames = "".join(traceback.format_tb(error.__traceback__))
    parts = [f"Traceback (most recent call last):\n{frames}{_headline(error)}"]
    if isinstance(error, BaseExceptionGroup):
        parts += [described(each) for each in error.exceptions]
    return "\n\n".join(parts)


def _headline(error: BaseException) -> str:
    kind = type(error)
    name = f"{kind.__module__}.{kind.__qualname__}".removeprefix("builtins.")
    return f"{name}: {error}" if isinstance(error, (PortError, *OF_CODE)) else name
