"""The fsspec class over any of our file systems.

Paths are absolute; ``a/b`` means ``/a/b``. Nothing is cached: what is told is what is there.
Parents of what is written are made, as fsspec's users expect of stores.
"""

from __future__ import annotations

import errno
import os
from typing import Any

from fsspec.callbacks import DEFAULT_CALLBACK
from fsspec.utils import isfilelike

from xenon_py.exceptions import InvalidPathException, PathAlreadyExistsException
from xenon_py.filesystem import FileSystem
from xenon_py.integrations.fsspec.bulk import Bulk
from xenon_py.integrations.fsspec.copies import finish, this_machine
from xenon_py.model.copying import CopyMode, CopyStatus


class XenonFileSystem(Bulk):
    """Any adaptor as an fsspec file system; those with protocols of their own are subclasses."""

    def cp_file(self, path1: str, path2: str, **kwargs: Any) -> None:
        """Copy a file, on the server where it can; of a directory only the directory is made."""
        path1, path2 = self._strip_protocol(path1), self._strip_protocol(path2)
        if self.info(path1)["type"] == "directory":
            self.makedirs(path2, exist_ok=True)
            return
        self._with_parents(path2, lambda: _copied(self.files, path1, self.files, path2))

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
        if self.info(rpath)["type"] == "directory":
            os.makedirs(lpath, exist_ok=True)
            return
        os.makedirs(os.path.dirname(lpath), exist_ok=True)
        _copied(self.files, rpath, this_machine(), lpath, callback)

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
        os.stat(lpath)  # raises here and now if there is none: no directories are made for it
        here = this_machine()
        self._with_parents(rpath, lambda: _copied(here, lpath, self.files, rpath, callback))


def _copied(
    source_files: FileSystem,
    source: str,
    target_files: FileSystem,
    target: str,
    callback: Any = DEFAULT_CALLBACK,
) -> None:
    """Copy one file, and tell the progress in bytes to a callback of fsspec.

    Raises:
        XenonException: as the copy did.
        IsADirectoryError: the target is a directory.
    """

    def tell(status: CopyStatus) -> None:
        callback.set_size(status.bytes_to_copy)
        callback.absolute_update(status.bytes_copied)

    try:
        finish(source_files.copy_files([(source, target)], target_files, CopyMode.REPLACE), tell)
    except InvalidPathException as error:
        if error.path == target and target_files.get_attributes(target).is_directory:
            raise IsADirectoryError(errno.EISDIR, error.msg, target) from error
        raise
