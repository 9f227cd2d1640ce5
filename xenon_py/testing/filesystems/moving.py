"""``rename`` and ``delete``."""

from __future__ import annotations

import pytest

from xenon_py.exceptions import (
    DirectoryNotEmptyException,
    InvalidPathException,
    NoSuchPathException,
    PathAlreadyExistsException,
    UnsupportedOperationException,
    XenonException,
)
from xenon_py.filesystem import FileSystem
from xenon_py.model.path import Path
from xenon_py.testing.filesystems.base import FileSystemCase, get, names, plant, put, tree


class RenameTests(FileSystemCase):
    """``rename``."""

    def test_rename_works_as_declared(self, fs: FileSystem, base: Path) -> None:
        put(fs, base / "old", b"content")
        if self.description.supports_rename:
            fs.rename(base / "old", base / "new")
            assert get(fs, base / "new") == b"content"
            assert names(fs, base) == ["new"]
        else:
            with pytest.raises(UnsupportedOperationException):
                fs.rename(base / "old", base / "new")
            assert names(fs, base) == ["old"]

    def test_rename_into_another_directory(self, fs: FileSystem, base: Path) -> None:
        self.need("supports_rename")
        put(fs, base / "old", b"content")
        fs.create_directory(base / "dir")
        fs.rename(base / "old", base / "dir" / "new")
        assert get(fs, base / "dir" / "new") == b"content"
        assert names(fs, base) == ["dir"]

    def test_rename_relative(self, fs: FileSystem, base: Path) -> None:
        self.need("supports_rename")
        put(fs, base / "old", b"content")
        fs.rename(f"{base.name}/old", f"{base.name}/new")
        assert names(fs, base) == ["new"]

    def test_rename_a_directory_with_all_below(self, fs: FileSystem, base: Path) -> None:
        self.need("supports_rename")
        content = plant(fs, base / "old")
        fs.rename(base / "old", base / "new")
        assert tree(fs, base / "new") == content
        assert names(fs, base) == ["new"]

    def test_rename_a_missing_path(self, fs: FileSystem, base: Path) -> None:
        self.need("supports_rename")
        with pytest.raises(NoSuchPathException):
            fs.rename(base / "missing", base / "new")

    def test_rename_onto_a_file(self, fs: FileSystem, base: Path) -> None:
        self.need("supports_rename")
        put(fs, base / "old", b"old")
        put(fs, base / "new", b"kept")
        with pytest.raises(PathAlreadyExistsException):
            fs.rename(base / "old", base / "new")
        assert get(fs, base / "new") == b"kept"
        assert get(fs, base / "old") == b"old"

    def test_rename_replaces_a_file_when_asked(self, fs: FileSystem, base: Path) -> None:
        self.need("supports_rename")
        put(fs, base / "old", b"content")
        put(fs, base / "new", b"replaced")
        fs.rename(base / "old", base / "new", replace=True)
        assert get(fs, base / "new") == b"content"
        fs.rename(base / "new", base / "newer", replace=True)
        assert names(fs, base) == ["newer"]

    def test_rename_never_replaces_a_directory(self, fs: FileSystem, base: Path) -> None:
        self.need("supports_rename")
        put(fs, base / "file", b"kept")
        fs.create_directory(base / "dir")
        with pytest.raises(PathAlreadyExistsException):
            fs.rename(base / "file", base / "dir", replace=True)
        with pytest.raises(InvalidPathException):
            fs.rename(base / "dir", base / "file", replace=True)
        assert get(fs, base / "file") == b"kept"
        assert names(fs, base) == ["dir", "file"]

    def test_rename_onto_a_directory(self, fs: FileSystem, base: Path) -> None:
        self.need("supports_rename")
        fs.create_directory(base / "old")
        fs.create_directory(base / "new")
        with pytest.raises(PathAlreadyExistsException):
            fs.rename(base / "old", base / "new")
        assert names(fs, base) == ["new", "old"]

    def test_rename_without_target_parent(self, fs: FileSystem, base: Path) -> None:
        self.need("supports_rename")
        put(fs, base / "old")
        with pytest.raises(NoSuchPathException):
            fs.rename(base / "old", base / "missing" / "new")
        assert names(fs, base) == ["old"]

    def test_rename_onto_itself_does_nothing(self, fs: FileSystem, base: Path) -> None:
        self.need("supports_rename")
        put(fs, base / "file", b"content")
        fs.rename(base / "file", base / "file")
        fs.rename(base / "file", base / "x" / ".." / "file")
        assert get(fs, base / "file") == b"content"

    def test_rename_a_directory_into_itself(self, fs: FileSystem, base: Path) -> None:
        self.need("supports_rename")
        content = plant(fs, base / "top")
        with pytest.raises(XenonException):
            fs.rename(base / "top", base / "top" / "d1" / "new")
        assert tree(fs, base / "top") == content


class DeleteTests(FileSystemCase):
    """``delete``."""

    def test_delete_a_file(self, fs: FileSystem, base: Path) -> None:
        put(fs, base / "file")
        put(fs, base / "kept")
        fs.delete(base / "file")
        assert names(fs, base) == ["kept"]

    def test_delete_a_file_recursively(self, fs: FileSystem, base: Path) -> None:
        put(fs, base / "file")
        fs.delete(base / "file", recursive=True)
        assert names(fs, base) == []

    def test_delete_an_empty_directory(self, fs: FileSystem, base: Path) -> None:
        fs.create_directory(base / "one")
        fs.create_directory(base / "two")
        fs.delete(base / "one", recursive=False)
        fs.delete(base / "two", recursive=True)
        assert names(fs, base) == []

    def test_delete_a_missing_path(self, fs: FileSystem, base: Path) -> None:
        for recursive in (False, True):
            with pytest.raises(NoSuchPathException):
                fs.delete(base / "missing", recursive=recursive)

    def test_delete_a_full_directory(self, fs: FileSystem, base: Path) -> None:
        content = plant(fs, base / "top")
        with pytest.raises(DirectoryNotEmptyException):
            fs.delete(base / "top")
        assert tree(fs, base / "top") == content

    def test_delete_recursively(self, fs: FileSystem, base: Path) -> None:
        plant(fs, base / "top")
        put(fs, base / "top-2")
        fs.delete(base / "top", recursive=True)
        assert names(fs, base) == ["top-2"]
        assert not fs.exists(base / "top" / "d1" / "b.txt")

    def test_delete_below_a_file(self, fs: FileSystem, base: Path) -> None:
        put(fs, base / "file")
        with pytest.raises((NoSuchPathException, InvalidPathException)):
            fs.delete(base / "file" / "below")
        assert names(fs, base) == ["file"]

    def test_delete_twice(self, fs: FileSystem, base: Path) -> None:
        put(fs, base / "file")
        fs.delete(base / "file")
        with pytest.raises(NoSuchPathException):
            fs.delete(base / "file")

    def test_a_deleted_name_can_be_used_again(self, fs: FileSystem, base: Path) -> None:
        put(fs, base / "name", b"one")
        fs.delete(base / "name")
        fs.create_directory(base / "name")
        fs.delete(base / "name")
        put(fs, base / "name", b"two")
        assert get(fs, base / "name") == b"two"

    def test_delete_the_root_is_refused(self, fs: FileSystem) -> None:
        with pytest.raises(XenonException):
            fs.delete("/", recursive=False)
