"""What the author of a file-system adaptor tells the kit, and what every test starts from."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

import pytest

from xenon_py.filesystem import FileSystem
from xenon_py.model.attributes import PathAttributes
from xenon_py.model.descriptions import FileSystemAdaptorDescription
from xenon_py.model.path import Path
from xenon_py.testing.harness import Case, fresh_name, need, shared


class FileSystemCase(Case):
    """Base of the file-system tests.

    Attributes:
        many_entries: how many files the test of a long listing makes.
        unsupported_names: names (one path component each) that the server cannot hold. They must
            be refused with an exception of this library, and leave nothing behind.
        resists_link_swaps: the adaptor implements ``anchored``: recursive work is safe even while
            somebody swaps a directory for a link.
    """

    many_entries: ClassVar[int] = 1000
    unsupported_names: ClassVar[frozenset[str]] = frozenset()
    resists_link_swaps: ClassVar[bool] = False

    def create(self) -> FileSystem:
        """Return a new, open file system whose working directory may be written to.

        It is called several times. All of them must be on the same storage and directory.
        """
        raise NotImplementedError("a conformance test class must define create()")

    @property
    def description(self) -> FileSystemAdaptorDescription:
        """What the adaptor declares."""
        return FileSystem.get_adaptor_description(self.adaptor)

    def need(self, *capabilities: str) -> None:
        """Skip the test unless the adaptor declares these capabilities."""
        need(self.description, *capabilities)

    @pytest.fixture
    def fs(self, request: pytest.FixtureRequest) -> FileSystem:
        """The file system that the tests of the class share."""
        return shared(request, type(self), "_shared_fs", self.create)

    @pytest.fixture
    def other(self, request: pytest.FixtureRequest) -> FileSystem:
        """A second object on the same storage."""
        return shared(request, type(self), "_shared_other", self.create)

    @pytest.fixture
    def base(self, fs: FileSystem) -> Iterator[Path]:
        """An empty directory for one test, removed afterwards; absolute."""
        path = fs.get_working_directory() / fresh_name()
        fs.create_directory(path)
        yield path
        self._sweep(path)

    def _sweep(self, path: Path) -> None:
        with self.create() as fs:
            if fs.exists(path):
                fs.delete(path, recursive=True)


def put(fs: FileSystem, path: Path, data: bytes = b"data") -> Path:
    """Write a new file and return its path."""
    fs.write_to_file(path, [data])
    return path


def get(fs: FileSystem, path: Path) -> bytes:
    """Return the content of a file."""
    return b"".join(fs.read_from_file(path))


def names(fs: FileSystem, directory: Path) -> list[str]:
    """Return the sorted names in a directory."""
    return sorted(entry.path.name for entry in fs.list(directory, False))


def kind(entry: PathAttributes) -> str:
    """Return ``dir``, ``link``, ``file`` or ``other``; fail unless it is exactly one."""
    flags = {
        "dir": entry.is_directory,
        "link": entry.is_symbolic_link,
        "file": entry.is_regular,
        "other": entry.is_other,
    }
    found = [name for name, flag in flags.items() if flag]
    assert len(found) == 1, f"{entry.path} is {found or 'of no kind'}"
    return found[0]


def tree(fs: FileSystem, top: Path) -> dict[str, object]:
    """Return all below ``top``: relative path -> ``None`` (directory), bytes, or ``-> target``."""
    result: dict[str, object] = {}
    for entry in fs.list(top, True):
        relative = str(entry.path.relative_to(top))
        found = kind(entry)
        if found == "dir":
            result[relative] = None
        elif found == "link":
            result[relative] = f"-> {fs.read_symbolic_link(entry.path)}"
        else:
            result[relative] = get(fs, entry.path)
    return result


def plant(fs: FileSystem, top: Path) -> dict[str, object]:
    """Make a small tree, three levels deep, at ``top``; return what ``tree`` should say of it."""
    content: dict[str, object] = {
        "a.txt": b"alpha",
        "empty": b"",
        "d1": None,
        "d1/b.txt": b"beta",
        "d1/d2": None,
        "d1/d2/c.bin": bytes(range(256)),
        "void": None,
    }
    fs.create_directory(top)
    for relative, data in content.items():
        if isinstance(data, bytes):
            put(fs, top / relative, data)
        else:
            fs.create_directory(top / relative)
    return content
