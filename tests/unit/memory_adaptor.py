"""A complete file system in memory, with switches for what servers lack and how they fail."""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from xenon_py.exceptions import (
    ConnectionLostException,
    DirectoryNotEmptyException,
    InvalidPathException,
    NoSpaceException,
    NoSuchPathException,
    PathAlreadyExistsException,
    UnsupportedOperationException,
    XenonException,
)
from xenon_py.model.descriptions import FileSystemAdaptorDescription
from xenon_py.model.path import is_below, join, parent
from xenon_py.plugin.filesystem import (
    Buffer,
    FileInfo,
    FileKind,
    FileSystemAdaptor,
    Progress,
    SmallFile,
    WriteMode,
)
from xenon_py.plugin.target import Target

CAPABLE = FileSystemAdaptorDescription(
    name="memory",
    description="Files in memory, for tests.",
    can_create_symboliclinks=True,
    can_read_symboliclinks=True,
    is_connectionless=True,
    supports_reading_posix_permissions=True,
    supports_setting_posix_permissions=True,
    supports_rename=True,
    can_append=True,
    can_set_times=True,
    can_replace_by_rename=True,
    creates_exclusively=True,
)


@dataclass
class Node:
    kind: FileKind
    data: bytearray = field(default_factory=bytearray)
    text: str = ""
    mode: int = 0o644
    mtime: int = 0
    atime: int = 0


@dataclass
class Faults:
    """What goes wrong; all off by default.

    Attributes:
        read_delay, write_delay: seconds that each call of a stream takes.
        fail_read_at, fail_write_at: the stream call that passes this byte raises.
        error: makes the exception that they raise.
        failures: how many times they do so; -1 = always.
        extra_names: names that every listing has in addition.
        truncate_writes: a closed file silently lacks its last byte.
        flip_writes: a closed file silently has its first byte changed.
        stuck: reads wait for this event.
        space: bytes that may be stored in all.
    """

    read_delay: float = 0
    write_delay: float = 0
    fail_read_at: int | None = None
    fail_write_at: int | None = None
    error: object = lambda: ConnectionLostException.because("the connection was cut")
    failures: int = -1
    extra_names: tuple[str, ...] = ()
    truncate_writes: bool = False
    flip_writes: bool = False
    stuck: threading.Event | None = None
    space: int | None = None

    def strike(self, position: int | None, done: int, size: int) -> None:
        """Raise if the bytes from ``done`` on reach ``position``."""
        if position is None or self.failures == 0 or done + size <= position:
            return
        self.failures -= 1
        raise self.error()  # type: ignore[operator]


class MemoryAdaptor(FileSystemAdaptor):
    """All paths begin at ``/``, which is there. ``calls`` counts the primitives by name."""

    description = CAPABLE
    max_parallel = 4

    def __init__(
        self,
        target: Target | None = None,
        *,
        bulk_size: int = 0,
        time_resolution: int = 1,
        max_parallel: int = 4,
        faults: Faults | None = None,
        **capabilities: object,
    ) -> None:
        self.bulk_size = bulk_size
        self.time_resolution = time_resolution
        self.max_parallel = max_parallel
        self.description = replace(CAPABLE, **capabilities)  # type: ignore[arg-type, misc]
        self.faults = faults or Faults()
        self.nodes: dict[str, Node] = {"/": Node(FileKind.DIRECTORY, mode=0o755)}
        self.lock = threading.RLock()
        self.calls: dict[str, int] = {}
        self.open_streams = 0
        self.seen_names: set[str] = set()
        self.open = True

    def _count(self, name: str) -> None:
        with self.lock:
            self.calls[name] = self.calls.get(name, 0) + 1

    def node(self, path: str) -> Node:
        with self.lock:
            node = self.nodes.get(
                self.real_path(parent(path)).rstrip("/") + "/" + path.rsplit("/", 1)[1]
            )
            if path == "/":
                node = self.nodes["/"]
        if node is None:
            raise NoSuchPathException.because(f"no such path: {path!r}", path=path)
        return node

    def key(self, path: str) -> str:
        """Return the path with links in its directories followed."""
        return path if path == "/" else join(self.real_path(parent(path)), path.rsplit("/", 1)[1])

    def real_path(self, path: str) -> str:
        for _ in range(40):
            done = ""
            for name in path.strip("/").split("/"):
                done += "/" + name
                node = self.nodes.get(done)
                if node is not None and node.kind is FileKind.LINK:
                    rest = path[len(done) :]
                    start = (
                        node.text if node.text.startswith("/") else f"{parent(done)}/{node.text}"
                    )
                    path = "/" + "/".join(p for p in (start + rest).split("/") if p)
                    break
            else:
                return path
        raise InvalidPathException.because(f"too many links: {path!r}")

    def _require_room(self, path: str) -> None:
        above = self.nodes.get(parent(path))
        if above is None:
            raise NoSuchPathException.because(f"no such directory: {parent(path)!r}", path=path)
        if above.kind is not FileKind.DIRECTORY:
            raise InvalidPathException.because(f"not a directory: {parent(path)!r}", path=path)

    def _add(self, path: str, node: Node) -> None:
        path = self.key(path)
        with self.lock:
            self._require_room(path)
            if path in self.nodes:
                raise PathAlreadyExistsException.because(f"exists: {path!r}", path=path)
            node.mtime = node.mtime or self._now()
            self.nodes[path] = node
            self.seen_names.add(path.rsplit("/", 1)[1])

    def _now(self) -> int:
        return self._rounded(int(time.time() * 1000))

    def _rounded(self, ms: int) -> int:
        return ms - ms % self.time_resolution

    def working_directory(self) -> str:
        return "/"

    def close(self) -> None:
        self.open = False

    def is_open(self) -> bool:
        return self.open

    def lstat(self, path: str) -> FileInfo:
        self._count("lstat")
        return self._info("", self.node(path))

    def _info(self, name: str, node: Node) -> FileInfo:
        size = len(node.data) if node.kind is FileKind.FILE else len(node.text)
        return FileInfo(name, node.kind, size, node.mode, node.mtime, node.atime)

    def scandir(self, path: str) -> Iterable[FileInfo]:
        self._count("scandir")
        if self.node(path).kind is not FileKind.DIRECTORY:
            raise InvalidPathException.because(f"not a directory: {path!r}", path=path)
        path = self.real_path(path)
        with self.lock:
            found = [
                self._info(one.rsplit("/", 1)[1], node)
                for one, node in self.nodes.items()
                if one != "/" and parent(one) == path
            ]
        yield self._info(".", self.node(path))
        yield from found
        for name in self.faults.extra_names:
            yield FileInfo(name, FileKind.FILE, 1)

    def open_read(self, path: str, offset: int = 0) -> _Reader:
        self._count("open_read")
        node = self.node(self.real_path(path))
        if node.kind is not FileKind.FILE:
            raise InvalidPathException.because(f"not a file: {path!r}", path=path)
        return _Reader(self, node, offset)

    def open_write(self, path: str, mode: WriteMode, size: int | None = None) -> _Writer:
        self._count("open_write")
        if self.description.needs_size_beforehand and size is None:
            raise UnsupportedOperationException.because("the size must be known beforehand")
        path = self.key(path) if mode is WriteMode.CREATE else self.real_path(path)
        with self.lock:
            self._require_room(path)
            node = self.nodes.get(path)
            if node is not None and node.kind is not FileKind.FILE:
                raise InvalidPathException.because(f"not a file: {path!r}", path=path)
            if node is not None and mode is WriteMode.CREATE:
                raise PathAlreadyExistsException.because(f"exists: {path!r}", path=path)
            if node is None and mode is WriteMode.APPEND:
                raise NoSuchPathException.because(f"no such path: {path!r}", path=path)
            if not self.description.writes_atomically:
                if node is None:
                    self._add(path, node := Node(FileKind.FILE))
                elif mode is WriteMode.TRUNCATE:
                    node.data.clear()
        return _Writer(self, path, node)

    def mkdir(self, path: str) -> None:
        self._count("mkdir")
        self._add(path, Node(FileKind.DIRECTORY, mode=0o755))

    def _remove(self, path: str) -> None:
        with self.lock:
            self.node(path)
            del self.nodes[self.key(path)]

    def rmdir(self, path: str) -> None:
        self._count("rmdir")
        if self.node(path).kind is not FileKind.DIRECTORY:
            raise InvalidPathException.because(f"not a directory: {path!r}", path=path)
        with self.lock:
            if any(one != path and is_below(one, path) for one in self.nodes):
                raise DirectoryNotEmptyException.because(f"not empty: {path!r}", path=path)
            self._remove(path)

    def unlink(self, path: str) -> None:
        self._count("unlink")
        if self.node(path).kind is FileKind.DIRECTORY:
            raise InvalidPathException.because(f"a directory: {path!r}", path=path)
        self._remove(path)

    def rename(self, source: str, target: str, *, replace: bool = False) -> None:
        self._count("rename")
        if not self.description.supports_rename:
            return super().rename(source, target, replace=replace)
        with self.lock:
            node = self.node(source)
            there = self.nodes.get(self.key(target))
            if there is not None and (not replace or there.kind is FileKind.DIRECTORY):
                raise PathAlreadyExistsException.because(f"exists: {target!r}", path=target)
            source, target = self.key(source), self.key(target)
            self._require_room(target)
            moved = {p: n for p, n in self.nodes.items() if is_below(p, source)}
            for path in moved:
                del self.nodes[path]
            for path, node in moved.items():
                self.nodes[target + path[len(source) :]] = node
        return None

    def symlink(self, link: str, target: str) -> None:
        self._count("symlink")
        if not self.description.can_create_symboliclinks:
            return super().symlink(link, target)
        return self._add(link, Node(FileKind.LINK, text=target, mode=0o777))

    def readlink(self, path: str) -> str:
        node = self.node(path)
        if node.kind is not FileKind.LINK:
            raise InvalidPathException.because(f"no link: {path!r}", path=path)
        return node.text

    def chmod(self, path: str, mode: int) -> None:
        self._count("chmod")
        if not self.description.supports_setting_posix_permissions:
            return super().chmod(path, mode)
        self.node(path).mode = mode
        return None

    def set_times(self, path: str, mtime: int, atime: int | None = None) -> None:
        self._count("set_times")
        if not self.description.can_set_times:
            return super().set_times(path, mtime, atime)
        node = self.node(path)
        node.mtime = self._rounded(mtime)
        node.atime = atime or node.atime
        return None

    def copy_file(self, source: str, target: str, progress: Progress) -> None:
        self._count("copy_file")
        if not self.description.can_copy_on_server:
            return super().copy_file(source, target, progress)
        data = bytes(self.node(source).data)
        for start in range(0, len(data), 1024 * 1024):
            time.sleep(self.faults.write_delay)
            progress(len(data[start : start + 1024 * 1024]))
        with self.lock:
            self._require_room(self.key(target))
            self.nodes[self.key(target)] = Node(FileKind.FILE, bytearray(data), mtime=self._now())
        return None

    def checksum(self, path: str, algorithm: str) -> str:
        self._count("checksum")
        if not self.description.can_checksum:
            return super().checksum(path, algorithm)
        return hashlib.new(algorithm, bytes(self.node(path).data)).hexdigest()

    def write_files(self, files: Sequence[SmallFile]) -> list[XenonException | None]:
        self._count("write_files")
        if not self.bulk_size:
            return super().write_files(files)
        assert len(files) <= self.bulk_size
        return [self._write_whole(one) for one in files]

    def _write_whole(self, one: SmallFile) -> XenonException | None:
        path = self.key(one.path)
        try:
            self.faults.strike(self.faults.fail_write_at, 0, len(one.data))
            with self.lock:
                if path in self.nodes and one.replace:
                    self.unlink(path)
                data = one.data[:-1] if self.faults.truncate_writes else one.data
                node = Node(FileKind.FILE, bytearray(data), mtime=self._rounded(one.mtime or 0))
                node.mode = 0o644 if one.mode is None else one.mode
                self._add(path, node)
        except XenonException as error:
            return error
        return None

    def read_files(self, paths: Sequence[tuple[str, int]]) -> Iterator[bytes | XenonException]:
        self._count("read_files")
        if not self.bulk_size:
            yield from super().read_files(paths)
        assert len(paths) <= self.bulk_size
        for path, size in paths:
            try:
                self.faults.strike(self.faults.fail_read_at, 0, size)
                yield bytes(self.node(path).data)
            except NoSuchPathException as error:
                yield error

    def unlink_many(self, paths: Sequence[str]) -> list[XenonException | None]:
        self._count("unlink_many")
        if not self.bulk_size:
            return super().unlink_many(paths)
        results: list[XenonException | None] = []
        for path in paths:
            try:
                self.unlink(path)
                results.append(None)
            except XenonException as error:
                results.append(error)
        return results

    def identity(self) -> int:
        return id(self)


class _Reader:
    def __init__(self, adaptor: MemoryAdaptor, node: Node, offset: int) -> None:
        self._adaptor = adaptor
        self._node = node
        self._position = offset
        self._closed = False
        with adaptor.lock:
            adaptor.open_streams += 1

    def read(self, size: int, /) -> bytes:
        faults = self._adaptor.faults
        if faults.stuck is not None:
            faults.stuck.wait()
        time.sleep(faults.read_delay)
        data = bytes(self._node.data[self._position : self._position + size])
        faults.strike(faults.fail_read_at, self._position, len(data))
        self._position += len(data)
        return data

    def close(self) -> None:
        if self._adaptor.faults.stuck is not None:
            self._adaptor.faults.stuck.set()
        with self._adaptor.lock:
            self._adaptor.open_streams -= not self._closed
            self._closed = True


class _Writer:
    def __init__(self, adaptor: MemoryAdaptor, path: str, node: Node | None) -> None:
        self._adaptor = adaptor
        self._path = path
        self._node = node
        self._held = bytearray()
        self._done = 0
        self._closed = False
        with adaptor.lock:
            adaptor.open_streams += 1

    def write(self, data: Buffer, /) -> None:
        faults = self._adaptor.faults
        time.sleep(faults.write_delay)
        faults.strike(faults.fail_write_at, self._done, len(data))
        self._done += len(data)
        if faults.space is not None:
            faults.space -= len(data)
            if faults.space < 0:
                raise NoSpaceException.because("the memory is full")
        if self._adaptor.description.writes_atomically or self._node is None:
            self._held += data
        else:
            self._node.data += data

    def close(self) -> None:
        if self._closed:
            return
        self._end()
        adaptor = self._adaptor
        if adaptor.description.writes_atomically:
            with adaptor.lock:
                adaptor.nodes.pop(self._path, None)
                self._node = Node(FileKind.FILE, self._held)
                adaptor._add(self._path, self._node)
        if self._node is not None:
            self._node.mtime = adaptor._now()
            if adaptor.faults.truncate_writes:
                del self._node.data[-1:]
            if adaptor.faults.flip_writes and self._node.data:
                self._node.data[0] ^= 1

    def abort(self) -> None:
        if not self._closed:
            self._end()

    def _end(self) -> None:
        self._closed = True
        with self._adaptor.lock:
            self._adaptor.open_streams -= 1


def fill(adaptor: MemoryAdaptor, root: str, tree: dict[str, object]) -> None:
    """Make a directory: names to ``bytes`` (files), ``str`` (links) or dictionaries."""
    adaptor.mkdir(root)
    for name, content in tree.items():
        path = join(root, name)
        if isinstance(content, dict):
            fill(adaptor, path, content)
        elif isinstance(content, str):
            adaptor.symlink(path, content)
        else:
            put(adaptor, path, content)  # type: ignore[arg-type]


def put(adaptor: MemoryAdaptor, path: str, content: bytes, **attributes: int) -> None:
    """Make a file."""
    adaptor._add(path, Node(FileKind.FILE, bytearray(content), **attributes))  # type: ignore[arg-type]


def tree_of(adaptor: MemoryAdaptor, root: str) -> dict[str, object]:
    """Return what ``fill`` would make."""
    found: dict[str, object] = {}
    for info in adaptor.scandir(root):
        if info.name in {".", *adaptor.faults.extra_names}:
            continue
        path = join(root, info.name)
        if info.kind is FileKind.DIRECTORY:
            found[info.name] = tree_of(adaptor, path)
        elif info.kind is FileKind.LINK:
            found[info.name] = adaptor.readlink(path)
        else:
            found[info.name] = bytes(adaptor.node(path).data)
    return found
