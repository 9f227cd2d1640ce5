"""Paths on any file system: always with ``/``, whatever the machine of the caller is."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import PurePosixPath
from typing import Union

from xenon_py.exceptions import IllegalArgumentException, InvalidPathException
from xenon_py.model.shown import shown

PathLike = Union[str, "os.PathLike[str]"]


class Path(PurePosixPath):
    """A path on a file system of this library; a value, nothing is looked up.

    It is a ``pathlib.PurePosixPath`` and compares, hashes and joins like one. Names that are not
    UTF-8 are carried by Python's ``surrogateescape``, as everywhere in ``os``.
    """

    __slots__ = ()

    def is_hidden(self) -> bool:
        """Tell whether the last name begins with a dot (``.`` and ``..`` do not count)."""
        return self.name.startswith(".") and self.name not in {".", ".."}


def as_path(value: object, argument: str) -> Path:
    """Return ``value`` as a ``Path``.

    Args:
        value: a ``str``, ``Path`` or any ``os.PathLike`` of text.
        argument: name of the argument, for the message.

    Raises:
        IllegalArgumentException: ``value`` is none of these.
        InvalidPathException: the text holds NUL, or is no Unicode text.
    """
    if isinstance(value, Path):
        path = value
    elif isinstance(text := fspath_of(value), str):
        path = Path(text)
    else:
        raise IllegalArgumentException.because(
            f"{argument} must be a path (str, Path or os.PathLike), not {shown(value)}"
        )
    if "\0" in str(path):
        raise InvalidPathException.because(f"{argument} holds a NUL character: {shown(str(path))}")
    try:
        str(path).encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        raise InvalidPathException.because(
            f"{argument} holds a lone surrogate, which no file name can have: {shown(str(path))}"
        ) from None
    return path


def fspath_of(value: object) -> object:
    """Return the text (or bytes) of an ``os.PathLike``; all else, also a broken one, as it is."""
    if not isinstance(value, os.PathLike):
        return value
    try:
        return os.fspath(value)
    except TypeError:  # its __fspath__ returns neither
        return value


def normalise(path: PurePosixPath, base: str) -> str:
    """Return ``path`` as absolute text: joined to ``base``, ``.`` and ``a/..`` taken out.

    This is textual, as in Xenon: links are not looked at. ``..`` above the root stays at the root.

    Args:
        path: relative (to ``base``) or absolute.
        base: absolute path.
    """
    names = _names(str(path)) if path.is_absolute() else [*_names(base), *_names(str(path))]
    parts: list[str] = []
    for part in names:
        if part == "..":
            del parts[-1:]
        elif part != ".":
            parts.append(part)
    return "/" + "/".join(parts)


def _names(path: str) -> list[str]:
    return [name for name in path.split("/") if name]


def parent(path: str) -> str:
    """Return the directory of an absolute, normalised path; that of ``/`` is ``/``."""
    return path.rsplit("/", 1)[0] or "/"


def join(directory: str, name: str) -> str:
    """Return ``directory/name`` for an absolute, normalised directory and a checked name."""
    return f"/{name}" if directory == "/" else f"{directory}/{name}"


def child_maker(directory: str) -> Callable[[str], Path]:
    """Return a fast maker of the paths of a directory's entries, from their checked names.

    Up to Python 3.11 pathlib parses each path when it is made, which takes longer than ``lstat``;
    as the parts are known here, they are handed over. Later versions parse when asked.
    """
    if sys.version_info >= (3, 12):
        start = directory if directory == "/" else directory + "/"
        return lambda name: Path(start + name)
    parts = Path(directory).parts
    make: Callable[[str, str, list[str]], Path] = Path._from_parsed_parts  # type: ignore[attr-defined]  # noqa: SLF001
    return lambda name: make("", "/", [*parts, name])


def is_below(path: str, directory: str) -> bool:
    """Tell whether an absolute, normalised path is ``directory`` or lies inside of it."""
    return path == directory or path.startswith(directory if directory == "/" else directory + "/")
