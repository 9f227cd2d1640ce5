"""The descriptions of all built-in adaptors: known without loading any of their libraries."""

from __future__ import annotations

ALL: tuple[object, ...] = ()
