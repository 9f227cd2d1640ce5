"""Replaces what is at a path so that nothing is lost if that fails midway: for all adaptors."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

from xenon_py.exceptions import (
    ConnectionLostException,
    InvalidPathException,
    NoSuchPathException,
    PathAlreadyExistsException,
    XenonException,
)
from xenon_py.plugin.filesystem import FileKind, FileSystemAdaptor, lookup
from xenon_py.plugin.temporary import temporary_path

_ATTEMPTS = 3
_log = logging.getLogger(__name__)


def rename_over(adaptor: FileSystemAdaptor, source: str, target: str) -> None:
    """Rename to where a file (or link) may be, which is replaced.

    In one step where the adaptor and its server have one. Elsewhere what is there is set aside,
    and removed when the new file is in its place: for a moment there is none under that name, but
    if the rename fails the old one is there again.

    Raises:
        InvalidPathException: there is a directory.
        XenonException: the rename failed. If the old file could not be put back, the message
            names where it lies.
    """
    if adaptor.description.can_replace_by_rename:
        try:
            settled_rename(adaptor, source, target, replace=True)
        except PathAlreadyExistsException as error:
            _log.info("the server does not rename over %r: %s", target, error)
        else:
            return
    _in_steps(adaptor, source, target, _ATTEMPTS)


def _in_steps(adaptor: FileSystemAdaptor, source: str, target: str, attempts: int) -> None:
    with _out_of_the_way(adaptor, target):
        try:
            settled_rename(adaptor, source, target)
        except PathAlreadyExistsException:  # somebody was faster, and is replaced as well
            if attempts <= 1:
                raise
            _in_steps(adaptor, source, target, attempts - 1)


def _out_of_the_way(adaptor: FileSystemAdaptor, path: str) -> AbstractContextManager[None]:
    info = lookup(adaptor, path)
    if info is None:
        return contextlib.nullcontext()
    if info.kind is FileKind.DIRECTORY:
        raise InvalidPathException.because(f"it is a directory: {path!r}", path=path)
    return set_aside(adaptor, path, adaptor.unlink)


@contextlib.contextmanager
def set_aside(
    adaptor: FileSystemAdaptor, path: str, remove: Callable[[str], None]
) -> Iterator[None]:
    """Give what is at a path another name while the block puts something in its place.

    When the block is done the old one is removed; when it fails the old one is put back. That it
    vanished before is no error.

    Args:
        adaptor: must support renames.
        path: what is to be replaced; a directory moves with all that is in it.
        remove: removes the old one, by its other name.

    Raises:
        XenonException: what the block raised, of the same class; if the old one could not be put
            back, the message names where it lies.
    """
    aside = temporary_path(path, ending="old")
    try:
        try:
            settled_rename(adaptor, path, aside)
        except NoSuchPathException:
            _log.debug("%r vanished before it was replaced", path)
        yield
    except BaseException as error:
        trouble = _put_back(adaptor, aside, path)
        if not trouble:
            raise
        _log.warning("%s", trouble)
        if isinstance(error, XenonException):
            raise type(error).because(f"{error.msg}; {trouble}", path=path) from error
        raise
    _remove_old(aside, path, remove)


def _put_back(adaptor: FileSystemAdaptor, aside: str, path: str) -> str:
    """Give the old one its name again; return what is to be told if that is not possible."""
    lies = f"what was at {path!r} before is now at {aside!r}"
    try:
        if lookup(adaptor, aside) is not None:
            settled_rename(adaptor, aside, path)
    except PathAlreadyExistsException:
        return f"{lies}, as somebody else took its name meanwhile"
    except XenonException as error:
        return f"{lies}, unless it still has its name: it could not be put back ({error.msg})"
    return ""


def _remove_old(aside: str, path: str, remove: Callable[[str], None]) -> None:
    try:
        remove(aside)
    except NoSuchPathException:
        _log.debug("nothing was left of the old %r", path)
    except XenonException as error:
        _log.warning("%r was replaced, but the old one is left at %r: %s", path, aside, error)


def settled_rename(
    adaptor: FileSystemAdaptor, source: str, target: str, *, replace: bool = False
) -> None:
    """Rename; that the answer was lost is no error if a look shows that it took place."""
    try:
        adaptor.rename(source, target, replace=replace)
    except ConnectionLostException:
        if not adaptor.is_open() or lookup(adaptor, source) is not None:
            raise
        if lookup(adaptor, target) is None:
            raise
