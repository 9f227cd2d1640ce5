"""What is refused, or need not be done, before a copy begins."""

from __future__ import annotations

from xenon_py.engine.copying.options import CopyOptions
from xenon_py.engine.copying.route import Item, Route
from xenon_py.exceptions import (
    InvalidPathException,
    NoSuchPathException,
    PathAlreadyExistsException,
    UnsupportedOperationException,
    XenonException,
)
from xenon_py.model.copying import CopyMode
from xenon_py.model.path import is_below, join, parent
from xenon_py.plugin.filesystem import FileInfo, FileKind, FileSystemAdaptor, lookup


def examine(route: Route, source: str, target: str, options: CopyOptions) -> Item | None:
    """Look at both ends of a copy.

    Returns:
        What is to be copied, or ``None`` when mode IGNORE leaves what is there.

    Raises:
        NoSuchPathException: the source, or the directory of the target, does not exist.
        PathAlreadyExistsException: the target exists, and the mode is CREATE.
        InvalidPathException: a directory without ``recursive``, a device or the like, something
            onto or into itself.
        UnsupportedOperationException: the destination has no links, or does not keep what is to
            be preserved.
    """
    _refuse_preserving(route, options)
    info = route.source.lstat(source)
    refuse_kind(route, source, info)
    if info.kind is FileKind.DIRECTORY and not options.recursive:
        raise InvalidPathException.because(
            f"{source!r} is a directory; recursive=True copies it with all that is in it",
            path=source,
        )
    existing = lookup(route.destination, target)
    _refuse_overlap(route, source, target, info, options.mode)
    if existing is None:
        _require_directory(route.destination, parent(target))
    elif options.mode is CopyMode.IGNORE:
        return None
    elif options.mode is CopyMode.CREATE:
        raise PathAlreadyExistsException.because(
            f"the destination {target!r} exists already", path=target
        )
    return Item(source, target, info, existing, exclusive=options.mode is not CopyMode.REPLACE)


def make_root(route: Route, item: Item) -> None:
    """Make the directory that a tree is copied to.

    Two adaptors may reach one place, such as the local disk and SFTP to the same machine. A copy of
    a tree into itself would then never end, so it is looked whether the new directory appears
    under the same path in the tree that is copied.

    Raises:
        InvalidPathException: it does.
    """
    source, target = item.source, item.target
    is_suspect = not route.same and is_below(target, source) and _is_absent(route.source, target)
    route.destination.mkdir(target)
    if is_suspect and lookup(route.source, target) is not None:
        route.destination.rmdir(target)
        raise InvalidPathException.because(
            f"the directory {source!r} cannot be copied into itself, to {target!r}: "
            "both file systems are of the same place",
            path=target,
        )


def _is_absent(adaptor: FileSystemAdaptor, path: str) -> bool:
    """Tell whether there is surely nothing at a path, which may lead to where we must not look."""
    try:
        return lookup(adaptor, path) is None
    except XenonException:
        return False


def refuse_kind(route: Route, path: str, info: FileInfo) -> None:
    """Refuse what cannot be copied: devices, pipes, sockets, and links where there are none."""
    if info.kind is FileKind.OTHER:
        raise InvalidPathException.because(
            f"{path!r} is neither file, directory nor link (but a device, pipe or socket, say) "
            "and cannot be copied",
            path=path,
        )
    if info.kind is FileKind.LINK:
        there = route.destination.description
        if not there.can_create_symboliclinks:
            raise UnsupportedOperationException.because(
                f"{path!r} is a symbolic link, and the {there.name} adaptor cannot create links",
                path=path,
            )


def _refuse_preserving(route: Route, options: CopyOptions) -> None:
    here, there = route.source.description, route.destination.description
    lacking = [
        ("mode", here, here.supports_reading_posix_permissions, "tell permissions"),
        ("mode", there, there.supports_setting_posix_permissions, "set permissions"),
        ("mtime", there, there.can_set_times, "set modification times"),
    ]
    for name, description, capable, what in lacking:
        if name in options.preserve and not capable:
            raise UnsupportedOperationException.because(
                f"preserve={name!r} is not possible: the {description.name} adaptor cannot {what}"
            )


def _require_directory(adaptor: FileSystemAdaptor, path: str) -> None:
    info = lookup(adaptor, path)
    if info is None:
        raise NoSuchPathException.because(
            f"the directory {path!r} of the destination does not exist", path=path
        )
    if info.kind not in {FileKind.DIRECTORY, FileKind.LINK}:  # a link may lead to a directory
        raise InvalidPathException.because(
            f"{path!r}, where the destination is to be, is not a directory", path=path
        )


def _refuse_overlap(route: Route, source: str, target: str, info: FileInfo, mode: CopyMode) -> None:
    """Refuse to copy something onto itself, into itself, or over a directory that holds it."""
    if not route.same:
        return
    here, there = _real(route.source, source), _real(route.destination, target)
    if info.kind is FileKind.DIRECTORY and there != here and is_below(there, here):
        raise InvalidPathException.because(
            f"the directory {source!r} cannot be copied into itself, to {target!r}", path=target
        )
    if mode is not CopyMode.REPLACE:
        return
    if here == there:
        raise InvalidPathException.because(
            f"{source!r} and {target!r} are the same; it cannot replace itself", path=target
        )
    if is_below(here, there):
        raise InvalidPathException.because(
            f"{target!r} holds the source {source!r} and cannot be replaced by it", path=target
        )


def _real(adaptor: FileSystemAdaptor, path: str) -> str:
    """Return the path with all links but a last one followed."""
    return path if path == "/" else join(adaptor.real_path(parent(path)), path.rsplit("/", 1)[1])
