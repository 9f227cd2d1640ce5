"""``read_files``, ``write_files``, ``delete_files`` and ``copy_files``."""

from __future__ import annotations

import pytest

from xenon_py.exceptions import (
    DirectoryNotEmptyException,
    InvalidPathException,
    NoSuchPathException,
    PathAlreadyExistsException,
)
from xenon_py.filesystem import FileSystem
from xenon_py.model.attributes import PosixFilePermission
from xenon_py.model.copying import CopyMode
from xenon_py.model.path import Path
from xenon_py.testing.filesystems.base import FileSystemCase, get, names, put

_LARGE = 200_000


class SeveralFilesTests(FileSystemCase):
    """Many files in one call."""

    def test_many_files_come_back_in_order(self, fs: FileSystem, base: Path) -> None:
        content = {base / f"{n:02}": b"%d" % n * n for n in range(40)}
        content[base / "large"] = bytes(range(250)) * (_LARGE // 250)
        assert list(fs.write_files(content)) == [None] * len(content)
        assert names(fs, base) == sorted(path.name for path in content)
        backwards = sorted(content, reverse=True)
        assert list(fs.read_files(backwards)) == [content[path] for path in backwards]

    def test_no_files_at_all(self, fs: FileSystem) -> None:
        assert list(fs.read_files([])) == []
        assert list(fs.write_files({})) == []
        assert list(fs.delete_files([])) == []
        status = fs.copy_files([], fs).wait()
        assert (status.state, status.files_to_copy) == ("DONE", 0)

    def test_reading_many_tells_the_error_of_each(self, fs: FileSystem, base: Path) -> None:
        put(fs, base / "file")
        fs.create_directory(base / "dir")
        found = fs.read_files([base / "missing", base / "file", base / "dir"])
        assert isinstance(found[0], NoSuchPathException)
        assert found[1] == b"data"
        assert isinstance(found[2], InvalidPathException)

    def test_writing_many_replaces_files_only(self, fs: FileSystem, base: Path) -> None:
        put(fs, base / "old", b"before")
        fs.create_directory(base / "dir")
        errors = fs.write_files(
            [(base / "old", b"after"), (base / "dir", b""), (base / "no/file", b"")]
        )
        assert errors[0] is None
        assert isinstance(errors[1], InvalidPathException)
        assert isinstance(errors[2], NoSuchPathException)
        assert get(fs, base / "old") == b"after"
        assert names(fs, base) == ["dir", "old"]

    def test_writing_many_keeps_permission_bits(self, fs: FileSystem, base: Path) -> None:
        self.need("supports_setting_posix_permissions", "supports_reading_posix_permissions")
        bits = [PosixFilePermission.OWNER_READ, PosixFilePermission.OWNER_WRITE]
        for name in ("one", "two"):
            fs.set_posix_file_permissions(put(fs, base / name), bits)
        assert list(fs.write_files({base / "one": b"1", base / "two": b"2"})) == [None, None]
        assert fs.get_attributes(base / "one").permissions == bits

    def test_deleting_many_tells_the_error_of_each(self, fs: FileSystem, base: Path) -> None:
        for name in ("one", "two", "full/file"):
            if "/" in name:
                fs.create_directory(base / "full")
            put(fs, base / name)
        fs.create_directory(base / "empty")
        errors = fs.delete_files([base / n for n in ("one", "gone", "empty", "full", "two")])
        kinds = [type(error) for error in errors]
        none = type(None)
        assert kinds == [none, NoSuchPathException, none, DirectoryNotEmptyException, none]
        assert names(fs, base) == ["full"]

    def test_copying_many_to_any_names(self, fs: FileSystem, other: FileSystem, base: Path) -> None:
        content = {f"{n}": b"%d" % n for n in range(20)} | {"large": bytes(_LARGE)}
        fs.write_files((base / name, data) for name, data in content.items())
        fs.create_directory(base / "dir")
        fs.create_directory(base / "to")
        pairs = [(base / name, base / "to" / f"copy-{name}") for name in [*content, "dir"]]
        status = fs.copy_files(pairs, other).wait()
        assert (status.error, status.state, status.verified) == (None, "DONE", "size")
        assert (status.files_copied, status.files_to_copy) == (22, 22)
        assert status.bytes_copied == status.bytes_to_copy == sum(map(len, content.values()))
        assert fs.get_attributes(base / "to/copy-dir").is_directory
        for name, data in content.items():
            assert get(fs, base / "to" / f"copy-{name}") == data

    @pytest.mark.parametrize("mode", list(CopyMode))
    def test_copying_many_where_something_is(
        self, fs: FileSystem, base: Path, mode: CopyMode
    ) -> None:
        put(fs, base / "file", b"new")
        put(fs, base / "there", b"old")
        fs.create_directory(base / "dir")
        status = fs.copy_files([(base / "file", base / "there")], fs, mode).wait()
        is_error = isinstance(status.error, PathAlreadyExistsException)
        assert is_error == (mode is CopyMode.CREATE)
        assert get(fs, base / "there") == (b"new" if mode is CopyMode.REPLACE else b"old")
        status = fs.copy_files([(base / "file", base / "dir")], fs, CopyMode.REPLACE).wait()
        assert isinstance(status.error, InvalidPathException)
        assert names(fs, base) == ["dir", "file", "there"]

    def test_copying_many_of_which_one_is_missing(self, fs: FileSystem, base: Path) -> None:
        put(fs, base / "file")
        pairs = [(base / "file", base / "a"), (base / "missing", base / "b")]
        status = fs.copy_files(pairs, fs).wait()
        assert isinstance(status.error, NoSuchPathException)
        assert set(names(fs, base)) <= {"file", "a"}

    def test_many_links_are_followed(self, fs: FileSystem, base: Path) -> None:
        self.need("can_create_symboliclinks", "can_read_symboliclinks")
        put(fs, base / "file")
        fs.create_symbolic_link(base / "link", "file")
        fs.create_symbolic_link(base / "dangling", "nowhere")
        assert list(fs.read_files([base / "link", base / "file"])) == [b"data", b"data"]
        status = fs.copy_files([(base / "link", base / "copy")], fs).wait()
        assert status.error is None
        assert fs.get_attributes(base / "copy").is_regular
        status = fs.copy_files([(base / "dangling", base / "no")], fs).wait()
        assert isinstance(status.error, NoSuchPathException)
        assert list(fs.write_files({base / "link": b"1", base / "x": b"2"})) == [None, None]
        assert get(fs, base / "file") == b"1"
        assert list(fs.delete_files([base / "link", base / "dangling"])) == [None, None]
        assert names(fs, base) == ["copy", "file", "x"]
