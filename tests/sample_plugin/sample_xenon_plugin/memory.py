"""A file system in the memory of this process, without links, permissions or owners."""

from __future__ import annotations

import io
import threading
import time
from collections.abc import Iterator

from xenon_py import exceptions
from xenon_py.model.descriptions import FileSystemAdaptorDescription
from xenon_py.model.location import LocationForm
from xenon_py.model.path import Path, is_below, normalise, parent
from xenon_py.plugin.filesystem import FileInfo, FileKind, FileSystemAdaptor, WriteMode
from xenon_py.plugin.target import Target

_lock = threading.RLock()
_nodes: dict[str, tuple[bytes | None, int]] = {"/": (None, 0)}  # path: content (or None), mtime


def _get(path: str) -> tuple[bytes | None, int]:
    if path not in _nodes:
        raise exceptions.NoSuchPathException.because(f"path does not exist: {path!r}", path=path)
    return _nodes[path]


def _file(path: str) -> bytes:
    data = _get(path)[0]
    if data is None:
        raise exceptions.InvalidPathException.because(f"path is a directory: {path!r}", path=path)
    return data


def _check_directory(path: str) -> None:
    if _get(path)[0] is not None:
        raise exceptions.InvalidPathException.because(f"path is a file: {path!r}", path=path)


def _put(path: str, data: bytes | None, *, new: bool = True) -> None:
    _check_directory(parent(path))
    if new and path in _nodes:
        raise exceptions.PathAlreadyExistsException.because(f"path exists: {path!r}", path=path)
    _nodes[path] = (data, int(time.time() * 1000))


def _info(path: str, name: str) -> FileInfo:
    data, mtime = _get(path)
    kind = FileKind.DIRECTORY if data is None else FileKind.FILE
    return FileInfo(name, kind, len(data or b""), mtime=mtime, readable=True, writable=True)


class _Writer(io.BytesIO):
    """Collects what is written; the file appears, or changes, when this is closed."""

    def __init__(self, path: str, mode: WriteMode) -> None:
        super().__init__()
        self._path, self._mode = path, mode

    def close(self) -> None:
        if not self.closed:
            with _lock:
                before = _file(self._path) if self._mode is WriteMode.APPEND else b""
                new = self._mode is WriteMode.CREATE
                _put(self._path, before + self.getvalue(), new=new)
            super().close()

    def abort(self) -> None:
        super().close()


class MemoryFileSystem(FileSystemAdaptor):
    """Files in memory; all objects of the process show the same ones."""

    description = FileSystemAdaptorDescription(
        name="sample-mem",
        description="Files in the memory of this process.",
        supported_locations=("(empty)", "/workdir"),
        location_form=LocationForm.PATH,
        is_connectionless=True,
        supports_rename=True,
        can_append=True,
        can_replace_by_rename=True,
        writes_atomically=True,
        creates_exclusively=True,
    )
    max_parallel = 4

    def __init__(self, target: Target) -> None:
        self._start = normalise(Path(target.location.path), "/")
        for path in map(str, [*Path(self._start).parents, self._start]):
            _nodes.setdefault(path, (None, 0))

    def working_directory(self) -> str:
        return self._start

    def identity(self) -> str:
        return self.description.name

    def lstat(self, path: str) -> FileInfo:
        with _lock:
            return _info(path, "")

    def scandir(self, path: str) -> Iterator[FileInfo]:
        with _lock:
            _check_directory(path)
            below = [p for p in _nodes if parent(p) == path and p != path]
            return iter([_info(p, p.rsplit("/", 1)[1]) for p in below])

    def open_read(self, path: str, offset: int = 0) -> io.BytesIO:
        with _lock:
            return io.BytesIO(_file(path)[offset:])

    def open_write(self, path: str, mode: WriteMode, size: int | None = None) -> _Writer:
        with _lock:
            _check_directory(parent(path))
            if mode is WriteMode.APPEND or (mode is WriteMode.TRUNCATE and path in _nodes):
                _file(path)
            elif path in _nodes:
                raise exceptions.PathAlreadyExistsException.because(
                    f"path exists: {path!r}", path=path
                )
        return _Writer(path, mode)

    def mkdir(self, path: str) -> None:
        with _lock:
            _put(path, None)

    def rmdir(self, path: str) -> None:
        with _lock:
            if any(self.scandir(path)):
                raise exceptions.DirectoryNotEmptyException.because(
                    f"not empty: {path!r}", path=path
                )
            del _nodes[path]

    def unlink(self, path: str) -> None:
        with _lock:
            _file(path)
            del _nodes[path]

    def rename(self, source: str, target: str, *, replace: bool = False) -> None:
        with _lock:
            data, _ = _get(source)
            if replace and target in _nodes:
                _file(target)
            _put(target, data, new=not replace)
            for path in [p for p in _nodes if is_below(p, source)]:
                _nodes[target + path[len(source) :]] = _nodes.pop(path)
