"""What is known of a path, and small answers of the file-system calls."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field

from xenon_py.model.descriptions import describe
from xenon_py.model.path import Path


class PosixFilePermission(enum.IntEnum):
    """One of the nine permission bits; NONE stands for mode 000 when given alone."""

    NONE = 0
    OWNER_READ = 1
    OWNER_WRITE = 2
    OWNER_EXECUTE = 3
    GROUP_READ = 4
    GROUP_WRITE = 5
    GROUP_EXECUTE = 6
    OTHERS_READ = 7
    OTHERS_WRITE = 8
    OTHERS_EXECUTE = 9

    @property
    def bit(self) -> int:
        """The bit in a mode, e.g. ``0o400`` for OWNER_READ; 0 for NONE."""
        return 0 if self is PosixFilePermission.NONE else 0o400 >> (self - 1)


_ALL_PERMISSIONS = tuple(PosixFilePermission)[1:]
_PERMISSIONS_OF = tuple(
    tuple(p for p in _ALL_PERMISSIONS if mode & p.bit) for mode in range(0o1000)
)


def permissions_of(mode: int) -> tuple[PosixFilePermission, ...]:
    """Return the permissions in a mode (setuid, setgid and sticky are not shown)."""
    return _PERMISSIONS_OF[mode & 0o777]


def mode_of(permissions: object) -> int:
    """Return the mode that a collection of permissions (or their numbers) stands for.

    Raises:
        ValueError: not a collection of permissions.
    """
    if isinstance(permissions, (str, bytes)):
        raise ValueError("text is no collection of permissions")
    try:
        numbers = list(permissions)  # type: ignore[call-overload]
    except TypeError as error:
        raise ValueError(str(error)) from None
    if not all(isinstance(one, int) and 0 <= one <= len(_ALL_PERMISSIONS) for one in numbers):
        raise ValueError("not all of them are permissions")
    return sum({PosixFilePermission(one).bit for one in numbers})


@dataclass(frozen=True)
class PathAttributes:
    """Attributes of a path, as ``lstat`` sees it: a link is told as a link.

    Attributes:
        path: absolute.
        creation_time: ms since 1970 UTC; 0 = unknown.
        last_access_time: likewise.
        last_modified_time: likewise.
        owner: name (number as text where there is no name); ``""`` = unknown.
        group: likewise.
        permissions: list of ``PosixFilePermission``; empty where the system has none.
        size: in bytes.
        is_hidden: the name begins with a dot.
        is_readable: by the owner's bits, or by what the server says.
        is_writable: likewise.
        is_executable: likewise.
    """

    path: Path
    creation_time: int = 0
    group: str = ""
    is_directory: bool = False
    is_executable: bool = False
    is_hidden: bool = False
    is_other: bool = False
    is_readable: bool = False
    is_regular: bool = False
    is_symbolic_link: bool = False
    is_writable: bool = False
    last_access_time: int = 0
    last_modified_time: int = 0
    owner: str = ""
    permissions: list[PosixFilePermission] = field(default_factory=list)
    size: int = 0

    def __str__(self) -> str:
        return describe(self)


@dataclass(frozen=True)
class Is:
    """A yes or no that PyXenon wraps: true in conditions, equal to the ``bool``."""

    value: bool

    def __bool__(self) -> bool:
        return self.value

    def __eq__(self, other: object) -> bool:
        if isinstance(other, (Is, bool)):
            return self.value == bool(other)
        return NotImplemented

    def __hash__(self) -> int:
        return hash(self.value)


class NameList(list[str]):
    """A list of names that also answers ``.name``, as PyXenon's message did."""

    @property
    def name(self) -> list[str]:
        """The same names."""
        return list(self)
