"""Directories, removal, names."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable
from typing import Any

from fsspec.core import has_magic

from xenon_py.exceptions import (
    InvalidPathException,
    NoSuchPathException,
    PathAlreadyExistsException,
    XenonException,
)
from xenon_py.integrations.fsspec.looking import Looking
from xenon_py.model.attributes import permissions_of
from xenon_py.model.path import join, parent


class Changing(Looking):
    """The calls of fsspec that make, remove and rename."""

    def mkdir(self, path: str, create_parents: bool = True, **kwargs: Any) -> None:
        """Make a directory.

        Raises:
            FileExistsError: there is something.
        """
        make = self.files.create_directories if create_parents else self.files.create_directory
        make(self._strip_protocol(path))

    def makedirs(self, path: str, exist_ok: bool = False) -> None:
        """Make a directory and its parents."""
        path = self._strip_protocol(path)
        if exist_ok and self.isdir(path):
            return
        try:
            self.files.create_directories(path)
        except PathAlreadyExistsException:
            if not (exist_ok and self.isdir(path)):
                raise

    def rmdir(self, path: str) -> None:
        """Remove an empty directory."""
        path = self._strip_protocol(path)
        if not self.files.get_attributes(path).is_directory:
            raise InvalidPathException.because(f"it is no directory: {path!r}", path=path)
        self.files.delete(path)

    def rm_file(self, path: str) -> None:
        """Remove a file, a link itself, or an empty directory."""
        self.files.delete(self._strip_protocol(path))

    _rm = rm_file

    def rm(self, path: Any, recursive: bool = False, maxdepth: int | None = None) -> None:
        """Remove paths, directories with all that is in them if ``recursive``; links only."""
        if maxdepth is not None:
            super().rm(path, recursive=recursive, maxdepth=maxdepth)
            return
        paths = self.expand_path(path, recursive=False)
        if recursive or len(paths) == 1:
            for one in reversed(paths):
                self.files.delete(one, recursive)
            return
        for error in self.files.delete_files(reversed(paths)):
            if error is not None:
                raise error

    def mv(
        self,
        path1: Any,
        path2: Any,
        recursive: bool = False,
        maxdepth: int | None = None,
        **kwargs: Any,
    ) -> None:
        """Rename, over a file too; without renaming, or with patterns, copy and remove."""
        simple = isinstance(path1, str) and isinstance(path2, str) and not has_magic(path1)
        if not (simple and self.files.get_description().supports_rename) or maxdepth is not None:
            super().mv(path1, path2, recursive=recursive, maxdepth=maxdepth, **kwargs)
            return
        source, target = self._strip_protocol(path1), self._strip_protocol(path2)
        if source != target and (path2.endswith("/") or self.isdir(target)):
            target = join(target, source.rpartition("/")[2])
        self._with_parents(target, lambda: self.files.rename(source, target, replace=True))

    def chmod(self, path: str, mode: int) -> None:
        """Set the permission bits."""
        self.files.set_posix_file_permissions(self._strip_protocol(path), permissions_of(mode))

    def symlink(self, src: str, dst: str) -> None:
        """Make a symbolic link at ``dst`` with exactly the text ``src``."""
        self.files.create_symbolic_link(self._strip_protocol(dst), src)

    def _make_parents(self, paths: Iterable[str]) -> None:
        """Make the directories of files that are about to be written.

        What goes wrong with that is left for the writing to tell.
        """
        needed = {parent(path) for path in paths}
        above = {"/"}
        for directory in needed:
            while (directory := parent(directory)) not in above:
                above.add(directory)
        for directory in sorted(needed - above):
            with contextlib.suppress(XenonException):
                self.makedirs(directory, exist_ok=True)

    def _with_parents(self, path: str, action: Callable[[], Any]) -> Any:
        """Do something that makes ``path``; where its parent is missing, make that before."""
        try:
            return action()
        except NoSuchPathException:
            with contextlib.suppress(PathAlreadyExistsException):  # or another just made it
                self.files.create_directories(parent(path))
            return action()
