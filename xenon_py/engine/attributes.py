"""From what an adaptor tells of a path to what users see of it.

Listings of many thousand entries are common, so this is written for speed: the frozen records are
filled directly instead of field by field through ``object.__setattr__``.
"""

from __future__ import annotations

from collections.abc import Iterable

from xenon_py.model.attributes import PathAttributes, permissions_of
from xenon_py.model.path import Path, child_maker
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
    return _attributes(info, Path(path), path.rsplit("/", 1)[1])


def attributes_in(directory: str, entries: Iterable[FileInfo]) -> list[PathAttributes]:
    """Return the attributes of the entries of a directory; their names were checked."""
    child = child_maker(directory)
    return [_attributes(entry, child(entry.name), entry.name) for entry in entries]


def _attributes(info: FileInfo, path: Path, name: str) -> PathAttributes:
    _, kind, size, mode, mtime, atime, ctime, owner, group, readable, writable, executable = info
    bits = mode or 0
    is_file = kind is FileKind.FILE
    result = object.__new__(PathAttributes)
    result.__dict__.update(
        path=path,
        creation_time=ctime,
        group=group,
        is_directory=kind is FileKind.DIRECTORY,
        is_executable=bits & 0o100 != 0 if executable is None else executable,
        is_hidden=name[:1] == ".",
        is_other=kind is FileKind.OTHER,
        is_readable=bits & 0o400 != 0 if readable is None else readable,
        is_regular=is_file,
        is_symbolic_link=kind is FileKind.LINK,
        is_writable=bits & 0o200 != 0 if writable is None else writable,
        last_access_time=atime,
        last_modified_time=mtime,
        owner=owner,
        permissions=[] if mode is None else list(permissions_of(mode)),
        size=size if is_file else 0,
    )
    return result
