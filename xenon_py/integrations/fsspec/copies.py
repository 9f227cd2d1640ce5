"""Waiting for copies, so that callbacks are called by the thread that asked for the copy."""

from __future__ import annotations

from collections.abc import Callable

from xenon_py.filesystem import FileSystem
from xenon_py.integrations.fsspec.connections import Login, shared_connection
from xenon_py.model.copying import CopyOperation, CopyStatus

_POLL = 200  # ms between two looks at the progress of a copy


def this_machine() -> FileSystem:
    """Return the file system of this machine."""
    return shared_connection("file", "/", {}, Login()).get()


def finish(operation: CopyOperation, tell: Callable[[CopyStatus], object]) -> None:
    """Wait for the end of a copy; tell how far it is now and then, and at its end.

    When ``tell`` raises, the copy is cancelled.

    Raises:
        XenonException: as the copy did.
    """
    try:
        while not (status := operation.wait(_POLL)).done:
            tell(status)
    except BaseException:
        operation.cancel()
        raise
    if status.error is not None:
        raise status.error
    tell(status)
