"""What the calls of a file system mean, once for all adaptors: Xenon's rules, as documented.

Every function takes an adaptor and absolute, normalised paths. Existence and kind are checked
before anything is touched; the primitives check again where the server can, against races.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from xenon_py.engine.attributes import Listing, attributes_in, attributes_of
from xenon_py.engine.publishing import InPlace, Publication
from xenon_py.engine.walk import walk
from xenon_py.exceptions import (
    InvalidPathException,
    NoSuchPathException,
    PathAlreadyExistsException,
    UnsupportedOperationException,
)
from xenon_py.model.attributes import PathAttributes
from xenon_py.model.path import Path, is_below, normalise, parent
from xenon_py.plugin.filesystem import (
    FileInfo,
    FileKind,
    FileSystemAdaptor,
    ReadStream,
    WriteMode,
    lookup,
)
from xenon_py.plugin.replacing import rename_over

_MAX_LINKS = 40
_KIND_TEXTS = {
    FileKind.FILE: "a file",
    FileKind.DIRECTORY: "a directory",
    FileKind.LINK: "a symbolic link",
    FileKind.OTHER: "neither file nor directory",
}


def require(adaptor: FileSystemAdaptor, path: str) -> FileInfo:
    """Return what is known of a path itself.

    Raises:
        NoSuchPathException: there is none.
    """
    info = lookup(adaptor, path)
    if info is None:
        raise NoSuchPathException.because(f"path does not exist: {path!r}", path=path)
    return info


def followed(adaptor: FileSystemAdaptor, path: str) -> FileInfo | None:
    """Return what a path leads to through links at its end; raises as ``resolved``."""
    return resolved(adaptor, path)[1]


def resolved(adaptor: FileSystemAdaptor, path: str) -> tuple[str, FileInfo | None]:
    """Return where links at the end of a path lead, and what is there; ``None`` = not clear.

    Links are followed by their texts, so what is found only serves to refuse a wrong kind early.

    Raises:
        NoSuchPathException: the path itself does not exist.
        InvalidPathException: the links go round in a circle.
    """
    info: FileInfo | None = require(adaptor, path)
    current = path
    for _ in range(_MAX_LINKS):
        if info is None or info.kind is not FileKind.LINK:
            return current, info
        if not adaptor.description.can_read_symboliclinks:
            return current, None
        current = normalise(Path(adaptor.readlink(current)), parent(current))
        info = lookup(adaptor, current)
    raise InvalidPathException.because(f"too many links behind each other: {path!r}", path=path)


def check_free(adaptor: FileSystemAdaptor, path: str) -> None:
    """Check that there is nothing at a path, and that its parent is a directory.

    Raises:
        PathAlreadyExistsException: there is something.
        NoSuchPathException: the parent does not exist.
        InvalidPathException: the parent is no directory.
    """
    if lookup(adaptor, path) is not None:
        raise PathAlreadyExistsException.because(f"path already exists: {path!r}", path=path)
    check_parent(adaptor, path)


def check_parent(adaptor: FileSystemAdaptor, path: str) -> None:
    """Check that the parent of a path is a directory, or a link (the server follows it).

    Raises:
        NoSuchPathException: the parent does not exist.
        InvalidPathException: the parent is no directory.
    """
    directory = parent(path)
    if directory == "/":
        return
    info = lookup(adaptor, directory)
    if info is None:
        raise NoSuchPathException.because(
            f"parent directory does not exist: {directory!r}", path=directory
        )
    if info.kind not in {FileKind.DIRECTORY, FileKind.LINK}:
        raise InvalidPathException.because(
            f"parent is {_KIND_TEXTS[info.kind]}, not a directory: {directory!r}", path=directory
        )


def without_parent(adaptor: FileSystemAdaptor, paths: Iterable[str]) -> set[str]:
    """Return the directories of new files that are missing, where the server would not mind.

    Where directories are real the server itself refuses to write into one that is missing.
    """
    if adaptor.description.has_real_directories:
        return set()
    directories = list(dict.fromkeys(map(parent, paths)))
    found = adaptor.lstat_many(directories)
    return {
        directory
        for directory, one in zip(directories, found, strict=True)
        if isinstance(one, NoSuchPathException)
    }


def _require_kind(info: FileInfo, wanted: FileKind, path: str) -> None:
    if info.kind is not wanted:
        raise InvalidPathException.because(
            f"path is {_KIND_TEXTS[info.kind]}, not {_KIND_TEXTS[wanted]}: {path!r}", path=path
        )


def check_directory(adaptor: FileSystemAdaptor, path: str) -> None:
    """Check that a path is a directory, or a link to one.

    Raises:
        NoSuchPathException: there is nothing.
        InvalidPathException: it is something else.
    """
    info = followed(adaptor, path)
    if info is None:
        raise NoSuchPathException.because(f"the link leads nowhere: {path!r}", path=path)
    _require_kind(info, FileKind.DIRECTORY, path)


def attributes(adaptor: FileSystemAdaptor, path: str) -> PathAttributes:
    """Return the attributes of a path, not following a link."""
    return attributes_of(require(adaptor, path), path)


def list_directory(adaptor: FileSystemAdaptor, path: str, *, recursive: bool) -> Listing:
    """Return the entries of a directory, and with ``recursive`` of all below it.

    Raises:
        NoSuchPathException: there is none.
        InvalidPathException: it is no real directory (a link to one is not).
    """
    found = Listing()
    for directory, entries in scan(adaptor, path, recursive=recursive):
        found += attributes_in(directory, entries)
    return found


def scan(
    adaptor: FileSystemAdaptor, path: str, *, recursive: bool
) -> Iterator[tuple[str, list[FileInfo]]]:
    """Yield a directory with its entries, and with ``recursive`` each below it likewise.

    Raises:
        NoSuchPathException: there is none.
        InvalidPathException: it is no real directory (a link to one is not).
    """
    _require_kind(require(adaptor, path), FileKind.DIRECTORY, path)
    if not recursive:
        yield next(walk(adaptor, path))
        return
    with adaptor.anchored(path) as view:  # so that it may go deeper than any path can tell
        yield from walk(view, path)


def create_directory(adaptor: FileSystemAdaptor, path: str) -> None:
    """Make a directory whose parent is there."""
    check_free(adaptor, path)
    adaptor.mkdir(path)


def create_directories(adaptor: FileSystemAdaptor, path: str) -> None:
    """Make a directory that is not there, with the parents that are missing.

    Parents that another caller makes at the same time are fine; the directory itself is not.
    """
    if lookup(adaptor, path) is not None:
        raise PathAlreadyExistsException.because(f"path already exists: {path!r}", path=path)
    missing: list[str] = []
    directory = parent(path)
    info: FileInfo | None = None
    while directory != "/" and (info := lookup(adaptor, directory)) is None:
        missing.append(directory)
        directory = parent(directory)
    if info is not None:
        _check_leads_to_directory(adaptor, directory, info)
    for one in reversed(missing):
        try:
            adaptor.mkdir(one)
        except PathAlreadyExistsException:
            _check_leads_to_directory(adaptor, one)
    adaptor.mkdir(path)


def _check_leads_to_directory(
    adaptor: FileSystemAdaptor, path: str, info: FileInfo | None = None
) -> None:
    if info is None or info.kind is FileKind.LINK:
        info = followed(adaptor, path)
    if info is not None:
        _require_kind(info, FileKind.DIRECTORY, path)


def create_file(adaptor: FileSystemAdaptor, path: str) -> None:
    """Make an empty file."""
    check_free(adaptor, path)
    adaptor.open_write(path, WriteMode.CREATE, 0).close()


def create_symbolic_link(adaptor: FileSystemAdaptor, link: str, target: str) -> None:
    """Make a link with exactly the text ``target``."""
    check_can(adaptor, "create symbolic links", adaptor.description.can_create_symboliclinks)
    check_free(adaptor, link)
    adaptor.symlink(link, target)


def read_symbolic_link(adaptor: FileSystemAdaptor, path: str) -> str:
    """Return the text of a link."""
    check_can(adaptor, "read symbolic links", adaptor.description.can_read_symboliclinks)
    _require_kind(require(adaptor, path), FileKind.LINK, path)
    return adaptor.readlink(path)


def set_permissions(adaptor: FileSystemAdaptor, path: str, mode: int) -> None:
    """Set the permission bits; those of the file that a link leads to."""
    check_can(adaptor, "set permissions", adaptor.description.supports_setting_posix_permissions)
    require(adaptor, path)
    adaptor.chmod(path, mode)


def rename(adaptor: FileSystemAdaptor, source: str, target: str, *, replace: bool) -> None:
    """Rename to a path that does not exist, or with ``replace`` is a file; to itself is no error.

    Raises:
        NoSuchPathException: the source, or the target's parent, does not exist.
        PathAlreadyExistsException: the target exists (``replace``: and is a directory).
        InvalidPathException: a directory would go into itself, or (``replace``) over a file.
    """
    check_can(adaptor, "rename", adaptor.description.supports_rename)
    info = require(adaptor, source)
    if source == target:
        return
    if is_below(target, source):
        raise InvalidPathException.because(
            f"cannot rename {source!r} into itself: {target!r}", path=source
        )
    there = lookup(adaptor, target) if replace else None
    if there is None or there.kind is FileKind.DIRECTORY:
        check_free(adaptor, target)
        adaptor.rename(source, target)
        return
    if info.kind is FileKind.DIRECTORY:
        raise InvalidPathException.because(
            f"cannot replace a file by the directory {source!r}: {target!r}", path=target
        )
    rename_over(adaptor, source, target)


def check_file(adaptor: FileSystemAdaptor, path: str) -> None:
    """Check that a path is a regular file, or a link to one.

    Raises:
        NoSuchPathException: there is none.
        InvalidPathException: it is something else.
    """
    info = followed(adaptor, path)
    if info is not None:
        _require_kind(info, FileKind.FILE, path)


def open_read(adaptor: FileSystemAdaptor, path: str, offset: int = 0) -> ReadStream:
    """Open a regular file, or a link to one, at an offset in bytes; raises as ``check_file``."""
    check_file(adaptor, path)
    return adaptor.open_read(path, offset)


def size_of(adaptor: FileSystemAdaptor, path: str) -> int:
    """Return the size in bytes of a file, or of the file that a link leads to."""
    info = followed(adaptor, path)
    if info is None:
        raise NoSuchPathException.because(f"the link leads nowhere: {path!r}", path=path)
    return info.size


def begin(
    adaptor: FileSystemAdaptor, path: str, action: str, like: str = ""
) -> Publication | InPlace:
    """Begin what ``open`` means by ``w``, ``x`` or ``a``."""
    if action == "a":
        return begin_appending(adaptor, path, create=True)
    return begin_new(adaptor, path, like) if action == "x" else begin_replacing(adaptor, path)


def begin_new(adaptor: FileSystemAdaptor, path: str, like: str = "") -> Publication:
    """Begin a file that does not exist yet, with the bits of another if there is that file."""
    check_free(adaptor, path)
    info = lookup(adaptor, like) if like else None
    is_file = info is not None and info.kind is FileKind.FILE
    return Publication(adaptor, path, mode=_kept_mode(adaptor, info) if is_file else None)


def _kept_mode(adaptor: FileSystemAdaptor, info: FileInfo | None) -> int | None:
    """Return the bits that a new file is to have from an old one."""
    can = adaptor.description.supports_setting_posix_permissions
    return info.mode if can and info is not None else None


def begin_replacing(adaptor: FileSystemAdaptor, path: str) -> Publication | InPlace:
    """Begin a file that may exist; a link is written through, and in place.

    The permission bits of a file that is replaced are kept.
    """
    info = lookup(adaptor, path)
    if info is None:
        check_parent(adaptor, path)
        return Publication(adaptor, path)
    if info.kind is FileKind.LINK:
        check_file(adaptor, path)
        return InPlace(adaptor.open_write(path, WriteMode.TRUNCATE))
    _require_kind(info, FileKind.FILE, path)
    return Publication(adaptor, path, replace=True, mode=_kept_mode(adaptor, info))


def begin_appending(adaptor: FileSystemAdaptor, path: str, *, create: bool) -> InPlace:
    """Begin to write behind what a regular file (or a link to one) holds.

    Raises:
        NoSuchPathException: there is none, and ``create`` is not set.
        InvalidPathException: it is something else.
    """
    check_can(adaptor, "append to files", adaptor.description.can_append)
    if create and lookup(adaptor, path) is None:
        check_parent(adaptor, path)
        return InPlace(adaptor.open_write(path, WriteMode.CREATE))
    check_file(adaptor, path)
    return InPlace(adaptor.open_write(path, WriteMode.APPEND))


def check_can(adaptor: FileSystemAdaptor, what: str, able: bool) -> None:
    """Check a capability before anything is sent.

    Raises:
        UnsupportedOperationException: the adaptor does not have it.
    """
    if not able:
        name = adaptor.description.name
        raise UnsupportedOperationException.because(f"{name} cannot {what}", adaptor=name)
