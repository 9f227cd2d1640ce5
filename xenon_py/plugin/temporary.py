"""Names for files in the making: the core and the bulk forms of adaptors use the same ones."""

from __future__ import annotations

import secrets

MAX_NAME_BYTES = 255
_MOST_BYTES_PER_CHARACTER = 4


def new_token() -> str:
    """Return a random word for temporary names."""
    return secrets.token_hex(6)


def temporary_path(path: str, token: str = "", *, ending: str = "part") -> str:
    """Return an unused-looking path beside ``path`` for a file in the making.

    It is ``.<name>.<random>.<ending>``; a long name is shortened, so that 255 bytes are enough.

    Args:
        path: the final path, or only its last name.
        token: the random word, to save drawing it for each of many files; a shortened name, which
            another may equal, gets its own.
        ending: ``old`` is for what is set aside while it is replaced.
    """
    directory, slash, name = path.rpartition("/")
    suffix = f".{token or new_token()}.{ending}"
    room = MAX_NAME_BYTES - len(suffix) - 1
    if len(name) * _MOST_BYTES_PER_CHARACTER > room and _size(name) > room:
        suffix = f".{new_token()}.{ending}"
        while _size(name) > room:
            name = name[:-1]
    return f"{directory}{slash}.{name}{suffix}"


def _size(name: str) -> int:
    return len(name.encode("utf-8", "surrogateescape"))
