"""Symbolic links: as such, dangling, in circles, and as a trap for recursive work."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator

import pytest

from xenon_py.exceptions import (
    InvalidPathException,
    NoSuchPathException,
    PathAlreadyExistsException,
    UnsupportedOperationException,
    XenonException,
)
from xenon_py.filesystem import FileSystem
from xenon_py.model.copying import CopyMode
from xenon_py.model.path import Path
from xenon_py.testing.filesystems.base import FileSystemCase, get, kind, names, plant, put, tree


class LinkTests(FileSystemCase):
    """``create_symbolic_link``, ``read_symbolic_link``, and how calls treat links."""

    def test_creating_links_works_as_declared(self, fs: FileSystem, base: Path) -> None:
        put(fs, base / "file")
        if self.description.can_create_symboliclinks:
            fs.create_symbolic_link(base / "link", base / "file")
            assert kind(fs.get_attributes(base / "link")) == "link"
        else:
            with pytest.raises(UnsupportedOperationException):
                fs.create_symbolic_link(base / "link", base / "file")
            assert names(fs, base) == ["file"]

    def test_reading_links_works_as_declared(self, fs: FileSystem, base: Path) -> None:
        put(fs, base / "file")
        expected = (
            InvalidPathException
            if self.description.can_read_symboliclinks
            else UnsupportedOperationException
        )
        with pytest.raises(expected):
            fs.read_symbolic_link(base / "file")

    def need_links(self) -> None:
        """Skip unless links can be made and read."""
        self.need("can_create_symboliclinks", "can_read_symboliclinks")

    @pytest.mark.parametrize("target", ["file", "./file", "../up/file", "no such thing", "a'$b c"])
    def test_a_relative_target_is_kept_as_it_is(
        self, fs: FileSystem, base: Path, target: str
    ) -> None:
        self.need_links()
        fs.create_symbolic_link(base / "link", target)
        assert str(fs.read_symbolic_link(base / "link")) == str(Path(target))

    def test_an_absolute_target_is_kept_as_it_is(self, fs: FileSystem, base: Path) -> None:
        self.need_links()
        fs.create_symbolic_link(base / "link", base / "missing")
        assert fs.read_symbolic_link(base / "link") == base / "missing"

    def test_read_link_of_a_directory(self, fs: FileSystem, base: Path) -> None:
        self.need("can_read_symboliclinks")
        with pytest.raises(InvalidPathException):
            fs.read_symbolic_link(base)

    def test_read_link_of_a_missing_path(self, fs: FileSystem, base: Path) -> None:
        self.need("can_read_symboliclinks")
        with pytest.raises(NoSuchPathException):
            fs.read_symbolic_link(base / "missing")

    def test_create_link_where_something_is(self, fs: FileSystem, base: Path) -> None:
        self.need_links()
        put(fs, base / "file", b"kept")
        fs.create_symbolic_link(base / "link", "file")
        for there in (base / "file", base / "link", base):
            with pytest.raises(PathAlreadyExistsException):
                fs.create_symbolic_link(there, "elsewhere")
        assert get(fs, base / "file") == b"kept"
        assert str(fs.read_symbolic_link(base / "link")) == "file"

    def test_create_link_without_parent(self, fs: FileSystem, base: Path) -> None:
        self.need_links()
        with pytest.raises(NoSuchPathException):
            fs.create_symbolic_link(base / "missing" / "link", "file")

    def test_a_dangling_link_exists(self, fs: FileSystem, base: Path) -> None:
        self.need_links()
        fs.create_symbolic_link(base / "link", "missing")
        assert fs.exists(base / "link")
        assert kind(fs.get_attributes(base / "link")) == "link"
        assert names(fs, base) == ["link"]

    def test_a_link_to_a_file_is_read_through(self, fs: FileSystem, base: Path) -> None:
        self.need_links()
        put(fs, base / "file", b"through")
        fs.create_symbolic_link(base / "link", "file")
        assert get(fs, base / "link") == b"through"

    def test_reading_a_dangling_link(self, fs: FileSystem, base: Path) -> None:
        self.need_links()
        fs.create_symbolic_link(base / "link", "missing")
        with pytest.raises(NoSuchPathException):
            get(fs, base / "link")

    def test_writing_onto_a_link(self, fs: FileSystem, base: Path) -> None:
        self.need_links()
        fs.create_symbolic_link(base / "link", "target")
        with pytest.raises(PathAlreadyExistsException):
            put(fs, base / "link")
        assert names(fs, base) == ["link"]

    def test_creating_a_directory_onto_a_link(self, fs: FileSystem, base: Path) -> None:
        self.need_links()
        fs.create_symbolic_link(base / "link", "target")
        with pytest.raises(PathAlreadyExistsException):
            fs.create_directory(base / "link")

    @pytest.mark.parametrize("to", ["file", "dir", "missing"])
    def test_listing_a_link(self, fs: FileSystem, base: Path, to: str) -> None:
        self.need_links()
        put(fs, base / "file")
        fs.create_directory(base / "dir")
        fs.create_symbolic_link(base / "link", to)
        with pytest.raises(InvalidPathException):
            list(fs.list(base / "link", False))

    def test_recursive_listing_does_not_enter_links(self, fs: FileSystem, base: Path) -> None:
        self.need_links()
        plant(fs, base / "outside")
        fs.create_directory(base / "top")
        fs.create_symbolic_link(base / "top" / "link", "../outside")
        found = list(fs.list(base / "top", True))
        assert [(entry.path.name, kind(entry)) for entry in found] == [("link", "link")]

    def test_paths_through_a_link_work(self, fs: FileSystem, base: Path) -> None:
        self.need_links()
        plant(fs, base / "top")
        fs.create_symbolic_link(base / "link", "top/d1")
        assert get(fs, base / "link" / "b.txt") == b"beta"
        put(fs, base / "link" / "new", b"new")
        assert get(fs, base / "top" / "d1" / "new") == b"new"

    @pytest.mark.parametrize("to", ["file", "dir", "missing"])
    def test_deleting_a_link_leaves_its_target(self, fs: FileSystem, base: Path, to: str) -> None:
        self.need_links()
        put(fs, base / "file")
        plant(fs, base / "dir")
        fs.create_symbolic_link(base / "link", to)
        fs.delete(base / "link", recursive=to == "dir")
        assert names(fs, base) == ["dir", "file"]
        assert len(names(fs, base / "dir")) == 4

    def test_renaming_a_link_moves_the_link(self, fs: FileSystem, base: Path) -> None:
        self.need_links()
        self.need("supports_rename")
        put(fs, base / "file", b"stays")
        fs.create_symbolic_link(base / "link", "file")
        fs.rename(base / "link", base / "moved")
        assert str(fs.read_symbolic_link(base / "moved")) == "file"
        assert names(fs, base) == ["file", "moved"]

    def test_appending_through_a_link_or_refusing(self, fs: FileSystem, base: Path) -> None:
        self.need_links()
        self.need("can_append")
        fs.create_symbolic_link(base / "link", "missing")
        with pytest.raises(XenonException):
            fs.append_to_file(base / "link", [b"x"])
        assert names(fs, base) == ["link"]


class LinkCycleTests(FileSystemCase):
    """Links that lead in circles end nothing up in a loop."""

    @pytest.fixture
    def loops(self, fs: FileSystem, base: Path) -> Path:
        """A directory with links to itself, to its parent, and a pair naming each other."""
        self.need("can_create_symboliclinks", "can_read_symboliclinks")
        top = base / "loops"
        fs.create_directory(top)
        for name, target in (("self", "self"), ("here", "."), ("up", ".."), ("a", "b"), ("b", "a")):
            fs.create_symbolic_link(top / name, target)
        return top

    def test_link_cycles_list(self, fs: FileSystem, loops: Path) -> None:
        found = [entry.path.name for entry in fs.list(loops, True)]
        assert sorted(found) == ["a", "b", "here", "self", "up"]

    def test_link_cycles_exists_and_attributes(self, fs: FileSystem, loops: Path) -> None:
        assert fs.exists(loops / "self")
        assert kind(fs.get_attributes(loops / "a")) == "link"

    @pytest.mark.parametrize("name", ["self", "a", "b"])
    def test_link_cycles_read(self, fs: FileSystem, loops: Path, name: str) -> None:
        with pytest.raises(XenonException):
            get(fs, loops / name)

    def test_link_cycles_copy(self, fs: FileSystem, base: Path, loops: Path) -> None:
        operation = fs.copy(loops, fs, base / "copy", CopyMode.CREATE, recursive=True)
        assert fs.wait_until_done(operation, 30_000).state == "DONE"
        assert tree(fs, base / "copy") == tree(fs, loops)

    def test_link_cycles_delete(self, fs: FileSystem, base: Path, loops: Path) -> None:
        put(fs, base / "beside")
        fs.delete(loops, recursive=True)
        assert names(fs, base) == ["beside"]


class LinkTrapTests(FileSystemCase):
    """A link in a tree never makes recursive work touch what is outside of it."""

    @pytest.fixture
    def outside(self, fs: FileSystem, base: Path) -> Path:
        """A tree that must not change."""
        self.need("can_create_symboliclinks", "can_read_symboliclinks")
        plant(fs, base / "outside")
        return base / "outside"

    def test_link_traps_recursive_delete(self, fs: FileSystem, base: Path, outside: Path) -> None:
        before = tree(fs, outside)
        plant(fs, base / "top")
        fs.create_symbolic_link(base / "top" / "d1" / "trap", outside)
        fs.create_symbolic_link(base / "top" / "trap", "../outside/a.txt")
        fs.delete(base / "top", recursive=True)
        assert not fs.exists(base / "top")
        assert tree(fs, outside) == before

    def test_link_traps_recursive_copy_does_not_write_through_a_link(
        self, fs: FileSystem, base: Path, outside: Path
    ) -> None:
        before = tree(fs, outside)
        plant(fs, base / "source")
        fs.create_directory(base / "target")
        fs.create_symbolic_link(base / "target" / "d1", outside)
        fs.create_symbolic_link(base / "target" / "a.txt", outside / "a.txt")
        operation = fs.copy(base / "source", fs, base / "target", CopyMode.REPLACE, recursive=True)
        status = fs.wait_until_done(operation, 30_000)
        assert tree(fs, outside) == before
        assert status.state == "DONE", status.error_message
        assert tree(fs, base / "target") == tree(fs, base / "source")

    def test_link_traps_copy_onto_a_link_replaces_the_link(
        self, fs: FileSystem, base: Path, outside: Path
    ) -> None:
        put(fs, base / "source", b"new")
        fs.create_symbolic_link(base / "link", outside / "a.txt")
        operation = fs.copy(base / "source", fs, base / "link", CopyMode.REPLACE)
        assert fs.wait_until_done(operation, 30_000).state == "DONE"
        assert get(fs, outside / "a.txt") == b"alpha"
        assert kind(fs.get_attributes(base / "link")) == "file"
        assert get(fs, base / "link") == b"new"

    @pytest.fixture
    def crowded(self, fs: FileSystem, outside: Path) -> Path:
        """The same with files of the names that are being deleted or copied elsewhere."""
        if not self.resists_link_swaps:
            pytest.skip("capability not declared: resists_link_swaps")
        _crowd(fs, outside)
        return outside

    def test_link_traps_swapped_in_while_deleting(
        self, fs: FileSystem, other: FileSystem, base: Path, crowded: Path
    ) -> None:
        before = tree(fs, crowded)
        for number in range(16):
            top = base / f"top-{number}"
            fs.create_directories(top / "d1")
            _crowd(fs, top / "d1")
            with _swapping(other, top, crowded), contextlib.suppress(XenonException):
                fs.delete(top, recursive=True)
        assert tree(fs, crowded) == before

    def test_link_traps_swapped_in_while_copying(
        self, fs: FileSystem, other: FileSystem, base: Path, crowded: Path
    ) -> None:
        before = tree(fs, crowded)
        fs.create_directories(base / "source" / "d1")
        _crowd(fs, base / "source" / "d1", b"new")
        for number in range(8):
            top = base / f"top-{number}"
            fs.create_directories(top / "d1")
            with _swapping(other, top, crowded):
                copy = fs.copy(base / "source", fs, top, CopyMode.REPLACE, recursive=True)
                assert fs.wait_until_done(copy, 30_000).done
        assert tree(fs, crowded) == before


def _crowd(fs: FileSystem, directory: Path, data: bytes = b"kept") -> None:
    for number in range(100):
        put(fs, directory / f"file-{number}", data)


@contextlib.contextmanager
def _swapping(fs: FileSystem, top: Path, outside: Path) -> Iterator[None]:
    """Swap ``top/d1`` for a link to ``outside`` and back, over and over, in another thread."""
    stop, begun = threading.Event(), threading.Event()

    def swap() -> None:
        while not stop.wait(0.0002):
            begun.set()
            with contextlib.suppress(XenonException):
                fs.rename(top / "d1", top / "aside")
                fs.create_symbolic_link(top / "d1", outside)
            with contextlib.suppress(XenonException):
                fs.delete(top / "d1", recursive=False)
                fs.rename(top / "aside", top / "d1")

    thread = threading.Thread(target=swap)
    thread.start()
    begun.wait(10)
    try:
        yield
    finally:
        stop.set()
        thread.join()
