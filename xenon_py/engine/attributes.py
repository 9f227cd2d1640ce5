"""From what an adaptor tells of a path to what users see of it.

Listings of many thousand entries are common, so this is written for speed: the frozen records are
filled directly instead of field by field through ``object.__setattr__``.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from xenon_py.model.attributes import PathAttributes, PosixFilePermission, permissions_of
from xenon_py.model.path import child_maker
from xenon_py.plugin.filesystem import FileInfo, FileKind


class Listing(list[PathAttributes]):
    """The entries of a directory: a list that also answers ``next()``, as PyXenon's stream did."""

    _position = 0

    def __next__(self) -> PathAttributes:
        if self._position >= len(self):
            raise StopIteration
        self._position += 1
        return self[self._position - 1]

    next = __next__


def attributes_of(info: FileInfo, path: str) -> PathAttributes:
    """Return the attributes of one path."""
    directory, name = path.rsplit("/", 1)
    return attributes_in(directory or "/", [info._replace(name=name)])[0]


def attributes_in(directory: str, entries: Iterable[FileInfo]) -> list[PathAttributes]:
    """Return the attributes of the entries of a directory; their names were checked."""
    child = child_maker(directory)
    found = []
    last: tuple[object, ...] = ()
    common: dict[str, Any] = {}
    permissions: tuple[PosixFilePermission, ...] = ()
    is_file = False
    new, put = object.__new__, object.__setattr__
    for info in entries:
        name, kind, size, mode, mtime, atime, ctime, owner, group, r, w, x = info
        key = (kind, mode, owner, group, r, w, x)
        if key != last:  # neighbours mostly have these in common
            last, common = key, _common(info)
            permissions, is_file = common["permissions"], common["is_regular"]
        fields = common.copy()
        fields["path"] = child(name)
        fields["creation_time"] = ctime
        fields["is_hidden"] = name[:1] == "."
        fields["last_access_time"] = atime
        fields["last_modified_time"] = mtime
        fields["permissions"] = list(permissions)
        fields["size"] = size if is_file else 0
        one = new(PathAttributes)
        put(one, "__dict__", fields)
        found.append(one)
    return found


def _common(info: FileInfo) -> dict[str, Any]:
    """Return all fields, those set that depend on kind, mode, owner and access only.

    The others have a place already, so that a copy is filled without growing.
    """
    kind, bits = info.kind, info.mode or 0
    return {
        "path": None,
        "creation_time": 0,
        "group": info.group,
        "is_directory": kind is FileKind.DIRECTORY,
        "is_executable": bits & 0o100 != 0 if info.executable is None else info.executable,
        "is_hidden": False,
        "is_other": kind is FileKind.OTHER,
        "is_readable": bits & 0o400 != 0 if info.readable is None else info.readable,
        "is_regular": kind is FileKind.FILE,
        "is_symbolic_link": kind is FileKind.LINK,
        "is_writable": bits & 0o200 != 0 if info.writable is None else info.writable,
        "last_access_time": 0,
        "last_modified_time": 0,
        "owner": info.owner,
        "permissions": permissions_of(bits),
        "size": 0,
    }
