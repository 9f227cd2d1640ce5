"""Open files of fsspec implementations as streams of the contract."""

from __future__ import annotations

import io
import logging
from contextlib import AbstractContextManager
from typing import Any

from fsspec.spec import AbstractBufferedFile

from xenon_adaptors.fsspec_protocol.failures import Failures
from xenon_adaptors.fsspec_protocol.opening import Backend
from xenon_py.plugin.filesystem import Buffer

_log = logging.getLogger("xenon_py.fsspec")

Lock = AbstractContextManager[Any]


class FileReader:
    """An open file to read."""

    def __init__(self, file: Any, path: str, failures: Failures, lock: Lock) -> None:
        self._file, self._path = file, path
        self._failures, self._lock = failures, lock

    def read(self, size: int, /) -> bytes:
        """Return 1 to ``size`` bytes, ``b""`` at the end."""
        with self._failures.told(self._path), self._lock:
            return bytes(self._file.read(size))

    def close(self) -> None:
        """Close the file."""
        with self._failures.told(self._path), self._lock:
            self._file.close()


class FileWriter:
    """An open file to write."""

    def __init__(self, file: Any, path: str, failures: Failures, lock: Lock) -> None:
        self._file, self._path = file, path
        self._failures, self._lock = failures, lock
        self._ended = False

    def write(self, data: Buffer, /) -> None:
        """Take all of ``data``."""
        with self._failures.told(self._path), self._lock:
            self._file.write(data if isinstance(data, bytes) else bytes(data))

    def close(self) -> None:
        """Finish; where that fails nothing more is stored."""
        if self._ended:
            return
        try:
            with self._failures.told(self._path), self._lock:
                self._file.close()
        except BaseException:
            self.abort()
            raise
        self._ended = True

    def abort(self) -> None:
        """Give up. Buffered files would store on closing, so they are not closed."""
        if self._ended:
            return
        self._ended = True
        file = self._file
        try:
            with self._lock:
                if isinstance(file, AbstractBufferedFile):
                    file.closed = True
                    file.discard()
                else:
                    file.close()
        except Exception:  # noqa: BLE001  # must not raise, and implementations raise anything
            _log.debug("giving up %r met an error", self._path, exc_info=True)


class MemoryReader:
    """Reads from ``memory``, all of whose open files share one position."""

    def __init__(self, backend: Backend, name: str, offset: int, failures: Failures) -> None:
        self._backend, self._name = backend, name
        self._offset, self._failures = offset, failures

    def read(self, size: int, /) -> bytes:
        """Return up to ``size`` bytes."""
        with self._failures.told(self._name):
            data = bytes(
                self._backend.cat_file(self._name, start=self._offset, end=self._offset + size)
            )
        self._offset += len(data)
        return data

    def close(self) -> None:
        """Nothing is held."""


class MemoryWriter:
    """Writes to ``memory``, where an open file is seen at once: so it is stored when complete.

    Args:
        backend: the file system.
        name: of the file.
        mode: ``create``, ``overwrite`` or ``append``.
        failures: translates exceptions.
    """

    def __init__(self, backend: Backend, name: str, mode: str, failures: Failures) -> None:
        self._backend, self._name = backend, name
        self._mode, self._failures = mode, failures
        self._data: io.BytesIO | None = io.BytesIO()

    def write(self, data: Buffer, /) -> None:
        """Take all of ``data``."""
        if self._data is not None:
            self._data.write(data)

    def close(self) -> None:
        """Store the file."""
        data, self._data = self._data, None
        if data is None:
            return
        content = data.getvalue()
        with self._failures.told(self._name):
            if self._mode == "append":
                content = self._backend.cat_file(self._name) + content
            mode = "create" if self._mode == "create" else "overwrite"
            self._backend.pipe_file(self._name, content, mode=mode)

    def abort(self) -> None:
        """Drop it."""
        self._data = None
