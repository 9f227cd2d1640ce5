"""The fsspec class over any of our file systems.

Paths are absolute; ``a/b`` means ``/a/b``. Nothing is cached: what is told is what is there.
Parents of what is written are made, as fsspec's users expect of stores.
"""

from __future__ import annotations

import os
from typing import Any

from fsspec.callbacks import DEFAULT_CALLBACK
from fsspec.utils import isfilelike

from xenon_py.exceptions import PathAlreadyExistsException
from xenon_py.filesystem import FileSystem
from xenon_py.integrations.fsspec.connections import Login, shared_connection
from xenon_py.integrations.fsspec.content import Content
from xenon_py.model.copying import CopyMode

_POLL = 200  # ms between two looks at the progress of a copy


class XenonFileSystem(Content):
    """Any adaptor as an fsspec file system; those with protocols of their own are subclasses."""

    def cp_file(self, path1: str, path2: str, **kwargs: Any) -> None:
        """Copy a file, on the server where it can; of a directory only the directory is made."""
        path1, path2 = self._strip_protocol(path1), self._strip_protocol(path2)
        told = self.info(path1)
        if told["type"] == "directory":
            self.makedirs(path2, exist_ok=True)
            return
        source = told.get("destination", path1)
        self._with_parents(path2, lambda: _copied(self.files, source, self.files, path2))

    def get_file(
        self,
        rpath: str,
        lpath: Any,
        callback: Any = DEFAULT_CALLBACK,
        outfile: Any = None,
        **kwargs: Any,
    ) -> None:
        """Copy a file to this machine; it appears there when it is complete."""
        if outfile is not None or isfilelike(lpath):
            super().get_file(rpath, lpath, callback=callback, outfile=outfile, **kwargs)
            return
        rpath, lpath = self._strip_protocol(rpath), os.path.abspath(os.fspath(lpath))
        told = self.info(rpath)
        if told["type"] == "directory":
            os.makedirs(lpath, exist_ok=True)
            return
        os.makedirs(os.path.dirname(lpath), exist_ok=True)
        source = told.get("destination", rpath)
        _copied(self.files, source, _this_machine(), lpath, callback)

    def put_file(
        self,
        lpath: Any,
        rpath: str,
        callback: Any = DEFAULT_CALLBACK,
        mode: str = "overwrite",
        **kwargs: Any,
    ) -> None:
        """Copy a file from this machine; it appears over there when it is complete."""
        rpath, lpath = self._strip_protocol(rpath), os.path.realpath(os.fspath(lpath))
        if mode == "create" and self.exists(rpath):
            raise PathAlreadyExistsException.because(f"path already exists: {rpath!r}", path=rpath)
        if os.path.isdir(lpath):
            self.makedirs(rpath, exist_ok=True)
            return
        here = _this_machine()
        self._with_parents(rpath, lambda: _copied(here, lpath, self.files, rpath, callback))


def _this_machine() -> FileSystem:
    return shared_connection("file", "/", {}, Login()).get()


def _copied(
    source_files: FileSystem,
    source: str,
    target_files: FileSystem,
    target: str,
    callback: Any = DEFAULT_CALLBACK,
) -> None:
    """Copy one file, and tell the progress to a callback of fsspec in this thread.

    Raises:
        XenonException: as the copy did.
    """
    operation = source_files.copy(source, target_files, target, CopyMode.REPLACE)
    try:
        while not (status := operation.wait(_POLL)).done:
            callback.set_size(status.bytes_to_copy)
            callback.absolute_update(status.bytes_copied)
    except BaseException:
        operation.cancel()
        raise
    if status.error is not None:
        raise status.error
    callback.set_size(status.bytes_to_copy)
    callback.absolute_update(status.bytes_copied)
