"""Checks of arguments that are neither paths nor time-outs; each error names the argument."""

from __future__ import annotations

import os
from collections.abc import Iterable

from xenon_py.exceptions import IllegalArgumentException, UnsupportedOperationException
from xenon_py.model.attributes import mode_of
from xenon_py.model.shown import shown

_LABEL = 64


def adaptor_label(name: object) -> str:
    """Return the name of an adaptor for messages, however wrong it is."""
    return name[:_LABEL] if isinstance(name, str) else ""


def checked_flag(value: object, argument: str) -> bool:
    """Return a yes or no; ``None`` is no, 0 and 1 are taken as in PyXenon.

    Raises:
        IllegalArgumentException: it is something else.
    """
    if value is None:
        return False
    if isinstance(value, int) and value in {0, 1}:
        return bool(value)
    raise IllegalArgumentException.because(f"{argument} must be True or False, not {shown(value)}")


def checked_offset(offset: object) -> int:
    """Return a place in a file, in bytes.

    Raises:
        IllegalArgumentException: it is no integer from 0 to 2^63 - 1.
    """
    if isinstance(offset, int) and not isinstance(offset, bool) and 0 <= offset < 2**63:
        return offset
    raise IllegalArgumentException.because(f"offset must be an int >= 0, not {shown(offset)}")


def checked_mode(permissions: object) -> int:
    """Return the mode that a collection of permissions stands for; empty = ``0o000``.

    Raises:
        IllegalArgumentException: it is no collection of ``PosixFilePermission``.
    """
    try:
        return mode_of(permissions)
    except ValueError as error:
        raise IllegalArgumentException.because(
            "permissions must be a collection of PosixFilePermission (or their numbers 0 to 9), "
            f"not {shown(permissions)}: {error}"
        ) from None


def checked_open_mode(mode: object, encoding: object) -> tuple[str, bool]:
    """Return what ``open`` is to do (``r``, ``w``, ``x`` or ``a``) and whether as text.

    Raises:
        IllegalArgumentException: it is no such mode; or an encoding goes with a binary one.
    """
    letters = mode if isinstance(mode, str) else ""
    action = "".join(c for c in letters if c in "rwxa")
    rest = sorted(c for c in letters if c not in "rwxa")
    if len(action) != 1 or rest not in ([], ["b"], ["t"]):
        hint = "; reading and writing at once ('+') is not offered" if "+" in letters else ""
        raise IllegalArgumentException.because(
            f"mode must be one of r, w, x, a, with b or t, not {shown(mode)}{hint}"
        )
    text = rest != ["b"]
    if encoding is not None:
        _check_encoding(encoding, text=text)
    return action, text


def _check_encoding(encoding: object, *, text: bool) -> None:
    if not text:
        raise IllegalArgumentException.because("encoding goes with text modes only ('r', 'wt' …)")
    if not (isinstance(encoding, str) and _is_text_encoding(encoding)):
        raise IllegalArgumentException.because(f"encoding must name one, not {shown(encoding)}")


def _is_text_encoding(name: str) -> bool:
    """Tell whether there is such a codec, and one from text to bytes (``base64`` is none)."""
    try:
        "".encode(name)
    except (LookupError, ValueError):  # ValueError: NUL, or what no name can have
        return False
    return True


def checked_several(values: object, argument: str) -> list[object]:
    """Return the elements of a collection.

    Raises:
        IllegalArgumentException: it is none; a single path, which can be iterated, is meant as one.
    """
    if isinstance(values, Iterable) and not isinstance(values, (str, bytes, os.PathLike)):
        return list(values)
    raise IllegalArgumentException.because(f"{argument} must be a collection, not {shown(values)}")


def checked_pairs(values: object, argument: str) -> list[tuple[object, object]]:
    """Return the elements of a collection of pairs.

    Raises:
        IllegalArgumentException: it is none.
    """
    pairs: list[tuple[object, object]] = []
    for pair in checked_several(values, argument):
        if not isinstance(pair, (tuple, list)) or len(pair) != 2:
            raise IllegalArgumentException.because(
                f"{argument} must hold pairs, but it holds {shown(pair)}"
            )
        pairs.append((pair[0], pair[1]))
    return pairs


def checked_content(content: object) -> bytes:
    """Return the content of a file.

    Raises:
        IllegalArgumentException: it is not bytes.
    """
    if isinstance(content, (bytes, bytearray, memoryview)):
        return bytes(content)
    raise IllegalArgumentException.because(
        f"the content of a file must be bytes, not {type(content).__name__}"
    )


def not_pickled(facade: object) -> UnsupportedOperationException:
    """Return the exception for an object with connections that is to go to another process."""
    kind = type(facade).__name__
    return UnsupportedOperationException.because(
        f"a {kind} holds connections and threads and is not pickled; pass its adaptor, location "
        f"and properties to the other process, and call {kind}.create there"
    )
