"""Several threads on one object, several objects, and what remains after ``close``."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from xenon_py.exceptions import (
    FileSystemClosedException,
    PathAlreadyExistsException,
    XenonException,
)
from xenon_py.filesystem import FileSystem
from xenon_py.model.path import Path
from xenon_py.testing.filesystems.base import FileSystemCase, get, names, plant, put, tree
from xenon_py.testing.filesystems.copying import copied, well
from xenon_py.testing.harness import pattern


def at_once(count: int, work: Callable[[int], object]) -> list[object]:
    """Run ``work(0)`` … in threads that begin together; return results and exceptions."""
    barrier = threading.Barrier(count)

    def one(number: int) -> object:
        barrier.wait(30)
        try:
            return work(number)
        except XenonException as error:
            return error

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(one, range(count)))


class ThreadTests(FileSystemCase):
    """One object, used by several threads at the same time."""

    def test_two_threads_write_and_read(self, fs: FileSystem, base: Path) -> None:
        def work(number: int) -> bool:
            data = bytes([number]) * 100_000
            for round_ in range(5):
                put(fs, base / f"{number}-{round_}", data)
                if get(fs, base / f"{number}-{round_}") != data:
                    return False
            return True

        assert at_once(2, work) == [True, True]
        assert len(names(fs, base)) == 10

    def test_many_threads_work_in_their_directories(self, fs: FileSystem, base: Path) -> None:
        def work(number: int) -> object:
            top = base / f"top-{number}"
            content = plant(fs, top)
            found = tree(fs, top)
            fs.delete(top, recursive=True)
            return found == content and not fs.exists(top)

        assert at_once(12, work) == [True] * 12
        assert names(fs, base) == []

    def test_interleaved_reads_of_one_file(self, fs: FileSystem, base: Path) -> None:
        put(fs, base / "file", pattern(2_000_000))
        assert at_once(6, lambda _: get(fs, base / "file") == pattern(2_000_000)) == [True] * 6

    def test_interleaved_streams_in_one_thread(self, fs: FileSystem, base: Path) -> None:
        writers = [fs.open(base / f"file-{number}", "wb") for number in range(4)]
        for part in range(5):
            for number, writer in enumerate(writers):
                writer.write(bytes([number, part]) * 40_000)
        for writer in writers:
            writer.close()
        for number in range(4):
            expected = b"".join(bytes([number, part]) * 40_000 for part in range(5))
            assert get(fs, base / f"file-{number}") == expected

    def test_one_of_many_creates_a_directory(self, fs: FileSystem, base: Path) -> None:
        self.need("creates_exclusively")
        results = at_once(8, lambda _: fs.create_directory(base / "one"))
        lost = [result for result in results if result is not None]
        assert len(lost) == 7
        assert all(isinstance(error, PathAlreadyExistsException) for error in lost)

    def test_one_of_many_writes_a_file(self, fs: FileSystem, base: Path) -> None:
        self.need("creates_exclusively")
        results = at_once(
            8, lambda number: fs.write_to_file(base / "one", [bytes([number]) * 200_000])
        )
        won = [number for number, result in enumerate(results) if result is None]
        assert len(won) == 1
        assert get(fs, base / "one") == bytes(won) * 200_000
        lost = [result for result in results if result is not None]
        assert all(isinstance(error, PathAlreadyExistsException) for error in lost)
        assert names(fs, base) == ["one"]

    def test_one_of_many_renames_to_a_name(self, fs: FileSystem, base: Path) -> None:
        self.need("creates_exclusively", "supports_rename")
        for number in range(8):
            put(fs, base / f"own-{number}", bytes([number]))
        results = at_once(8, lambda number: fs.rename(base / f"own-{number}", base / "one"))
        won = [number for number, result in enumerate(results) if result is None]
        assert len(won) == 1
        assert get(fs, base / "one") == bytes(won)
        assert len(names(fs, base)) == 8

    def test_many_threads_make_the_same_parents(self, fs: FileSystem, base: Path) -> None:
        results = at_once(
            6, lambda number: fs.create_directories(base / "a" / "b" / f"own-{number}")
        )
        assert results == [None] * 6
        assert names(fs, base / "a" / "b") == [f"own-{number}" for number in range(6)]

    def test_listing_while_others_write(self, fs: FileSystem, base: Path) -> None:
        put(fs, base / "first")

        def work(number: int) -> bool:
            if number:
                for index in range(20):
                    put(fs, base / f"{number}-{index}")
                return True
            return all("first" in names(fs, base) for _ in range(20))

        assert at_once(3, work) == [True] * 3
        assert len(names(fs, base)) == 41

    def test_copies_from_many_threads(self, fs: FileSystem, other: FileSystem, base: Path) -> None:
        put(fs, base / "source", pattern(300_000))

        def work(number: int) -> bool:
            well(copied(fs, base / "source", other, base / f"copy-{number}"))
            return get(fs, base / f"copy-{number}") == pattern(300_000)

        assert at_once(6, work) == [True] * 6


class ClosingTests(FileSystemCase):
    """``close``, ``is_open``, and several objects side by side."""

    def test_open_until_closed(self) -> None:
        fs = self.create()
        assert fs.is_open()
        fs.close()
        assert not fs.is_open()
        fs.close()

    def test_context_manager(self) -> None:
        with self.create() as fs:
            assert fs.is_open()
        assert not fs.is_open()

    def test_objects_are_independent(self, fs: FileSystem, base: Path) -> None:
        one, two = self.create(), self.create()
        assert one != two
        one.close()
        put(two, base / "file", b"works on")
        assert two.is_open()
        two.close()
        assert get(fs, base / "file") == b"works on"

    def test_open_file_systems_are_listed(self) -> None:
        fs = self.create()
        assert fs in list(FileSystem.list_file_systems())
        fs.close()
        assert fs not in list(FileSystem.list_file_systems())

    @pytest.fixture
    def closed(self) -> FileSystem:
        """A file system that was closed."""
        fs = self.create()
        fs.close()
        return fs

    @pytest.mark.parametrize(
        ("call", "arguments"),
        [
            ("exists", ("/x",)),
            ("get_attributes", ("/x",)),
            ("list", ("/x", False)),
            ("create_directory", ("/x",)),
            ("create_directories", ("/x",)),
            ("create_file", ("/x",)),
            ("create_symbolic_link", ("/x", "/y")),
            ("delete", ("/x", False)),
            ("rename", ("/x", "/y")),
            ("read_from_file", ("/x",)),
            ("write_to_file", ("/x", [b"data"])),
            ("append_to_file", ("/x", [b"data"])),
            ("open", ("/x",)),
            ("read_symbolic_link", ("/x",)),
            ("set_posix_file_permissions", ("/x", [1])),
            ("set_working_directory", ("/x",)),
        ],
    )
    def test_every_call_after_close(
        self, closed: FileSystem, call: str, arguments: tuple[object, ...]
    ) -> None:
        with pytest.raises(FileSystemClosedException):
            list(getattr(closed, call)(*arguments) or ())

    def test_copy_after_close(self, closed: FileSystem, fs: FileSystem, base: Path) -> None:
        with pytest.raises(FileSystemClosedException):
            closed.copy(base / "x", fs, base / "y")

    def test_copy_to_a_closed_one(self, closed: FileSystem, fs: FileSystem, base: Path) -> None:
        put(fs, base / "x")
        with pytest.raises(FileSystemClosedException):
            fs.copy(base / "x", closed, base / "y")
        assert names(fs, base) == ["x"]

    def test_what_needs_no_connection_works_after_close(self, closed: FileSystem) -> None:
        assert closed.get_adaptor_name() == self.adaptor
        assert self.adaptor in repr(closed)
