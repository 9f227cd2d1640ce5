"""An open adaptor with a working directory: what a facade object holds."""

from __future__ import annotations

import threading
import weakref

from xenon_py.engine.streams import RawWriter
from xenon_py.exceptions import FileSystemClosedException, IllegalArgumentException
from xenon_py.model.path import as_path, normalise
from xenon_py.plugin.filesystem import FileSystemAdaptor


class Session:
    """Gives out the adaptor while it is open, and absolute paths. For any number of threads."""

    def __init__(self, adaptor: FileSystemAdaptor) -> None:
        self._adaptor = adaptor
        self._lock = threading.Lock()
        self._closed = False
        self._working_directory = normalise(as_path(adaptor.working_directory(), "location"), "/")
        self._writers: weakref.WeakSet[RawWriter] = weakref.WeakSet()

    @property
    def adaptor(self) -> FileSystemAdaptor:
        """The adaptor.

        Raises:
            FileSystemClosedException: the session was closed.
        """
        if self._closed:
            raise FileSystemClosedException.because("the file system was closed before")
        return self._adaptor

    @property
    def closed(self) -> bool:
        """Whether ``shut`` was called."""
        return self._closed

    @property
    def working_directory(self) -> str:
        """Where relative paths begin; absolute."""
        with self._lock:
            return self._working_directory

    @working_directory.setter
    def working_directory(self, path: str) -> None:
        with self._lock:
            self._working_directory = path

    def resolve(self, path: object, argument: str) -> str:
        """Return an argument as an absolute, normalised path.

        Raises:
            IllegalArgumentException: it is missing or no path; the message names it.
            InvalidPathException: it holds NUL.
        """
        if path is None:
            raise IllegalArgumentException.because(f"{argument} is missing; it must be a path")
        return normalise(as_path(path, argument), self.working_directory)

    def is_open(self) -> bool:
        """Tell whether the session is open and its connection usable."""
        return not self._closed and self._adaptor.is_open()

    def watch(self, writer: RawWriter) -> None:
        """Remember an unfinished file; it is given up when the session is closed before it."""
        self._writers.add(writer)

    def shut(self) -> bool:
        """Refuse further use. Returns whether this call did it, not an earlier one."""
        with self._lock:
            first, self._closed = not self._closed, True
        return first

    def release(self) -> None:
        """Give up unfinished files and close the adaptor; once, after ``shut``."""
        for writer in list(self._writers):
            writer.abandon()
        self._adaptor.close()
