"""Names for files in the making: the core and the bulk forms of adaptors use the same ones."""

from __future__ import annotations

import os

from xenon_py.model.path import join, parent

MAX_NAME_BYTES = 255


def temporary_path(path: str) -> str:
    """Return an unused-looking path beside ``path`` for a file in the making.

    It is ``.<name>.<random>.part``; a long name is shortened, so that 255 bytes are enough.
    """
    suffix = f".{os.urandom(6).hex()}.part"
    name = path.rsplit("/", 1)[1]
    while len(name.encode("utf-8", "surrogateescape")) + len(suffix) + 1 > MAX_NAME_BYTES:
        name = name[:-1]
    return join(parent(path), f".{name}{suffix}")
