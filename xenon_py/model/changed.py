"""Changed copies of frozen values."""

from __future__ import annotations

from typing import TypeVar

T = TypeVar("T")


def changed(message: T, **fields: object) -> T:
    """Return a copy of a frozen dataclass with other values in some fields.

    Like ``dataclasses.replace``, but without its ``__init__``: statuses are made by the thousand,
    and frozen fields are slow to set one by one.
    """
    copy = object.__new__(type(message))
    copy.__dict__.update(message.__dict__, **fields)
    return copy
