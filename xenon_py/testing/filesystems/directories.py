"""Existence, directories, working directory."""

from __future__ import annotations

import pytest

from xenon_py.exceptions import (
    InvalidPathException,
    NoSuchPathException,
    PathAlreadyExistsException,
    XenonException,
)
from xenon_py.filesystem import FileSystem
from xenon_py.model.path import Path
from xenon_py.testing.filesystems.base import FileSystemCase, names, put


class ExistsTests(FileSystemCase):
    """``exists``."""

    def test_exists_is_false_for_a_missing_path(self, fs: FileSystem, base: Path) -> None:
        assert not fs.exists(base / "missing")

    def test_exists_is_false_below_a_missing_directory(self, fs: FileSystem, base: Path) -> None:
        assert not fs.exists(base / "missing" / "deeper")

    def test_exists_is_false_below_a_file(self, fs: FileSystem, base: Path) -> None:
        put(fs, base / "file")
        assert not fs.exists(base / "file" / "below")

    def test_exists_is_true_for_a_file(self, fs: FileSystem, base: Path) -> None:
        assert fs.exists(put(fs, base / "file"))

    def test_exists_is_true_for_a_directory(self, fs: FileSystem, base: Path) -> None:
        assert fs.exists(base)

    def test_exists_is_true_for_the_root(self, fs: FileSystem) -> None:
        assert fs.exists("/")

    def test_exists_takes_relative_paths(self, fs: FileSystem, base: Path) -> None:
        put(fs, base / "file")
        assert fs.exists(base.name)
        assert fs.exists(f"{base.name}/file")
        assert not fs.exists(f"{base.name}/missing")

    def test_exists_takes_dots(self, fs: FileSystem, base: Path) -> None:
        assert fs.exists(".")
        assert fs.exists("..")
        assert fs.exists(f"./{base.name}/../{base.name}/.")

    def test_exists_is_case_exact(self, fs: FileSystem, base: Path) -> None:
        put(fs, base / "Name")
        assert fs.exists(base / "Name")
        assert names(fs, base) == ["Name"]

    def test_exists_answers_like_a_bool(self, fs: FileSystem, base: Path) -> None:
        there, missing = fs.exists(base), fs.exists(base / "missing")
        assert there == True  # noqa: E712  the answer compares equal to bool by contract
        assert missing == False  # noqa: E712
        assert there.value is True
        assert missing.value is False


class DirectoryTests(FileSystemCase):
    """``create_directory``, ``create_directories``, the working directory."""

    def test_create_directory(self, fs: FileSystem, base: Path) -> None:
        fs.create_directory(base / "new")
        assert fs.get_attributes(base / "new").is_directory
        assert names(fs, base / "new") == []

    def test_create_directory_relative(self, fs: FileSystem, base: Path) -> None:
        fs.create_directory(f"{base.name}/new")
        assert fs.get_attributes(base / "new").is_directory

    def test_create_directory_is_seen_by_another_object(
        self, fs: FileSystem, other: FileSystem, base: Path
    ) -> None:
        fs.create_directory(base / "new")
        assert other.exists(base / "new")

    def test_create_directory_where_one_is(self, fs: FileSystem, base: Path) -> None:
        with pytest.raises(PathAlreadyExistsException):
            fs.create_directory(base)

    def test_create_directory_where_a_file_is(self, fs: FileSystem, base: Path) -> None:
        put(fs, base / "file")
        with pytest.raises(PathAlreadyExistsException):
            fs.create_directory(base / "file")

    def test_create_directory_without_parent(self, fs: FileSystem, base: Path) -> None:
        with pytest.raises(NoSuchPathException):
            fs.create_directory(base / "missing" / "new")
        assert names(fs, base) == []

    def test_create_directory_below_a_file(self, fs: FileSystem, base: Path) -> None:
        put(fs, base / "file")
        with pytest.raises(InvalidPathException):
            fs.create_directory(base / "file" / "new")

    def test_create_directory_error_names_path_and_operation(
        self, fs: FileSystem, base: Path
    ) -> None:
        with pytest.raises(PathAlreadyExistsException) as caught:
            fs.create_directory(base)
        assert str(base) in caught.value.path
        assert caught.value.method == "create_directory"
        assert caught.value.adaptor == self.adaptor
        assert isinstance(caught.value, FileExistsError)

    def test_create_directories(self, fs: FileSystem, base: Path) -> None:
        fs.create_directories(base / "a" / "b" / "c")
        assert fs.get_attributes(base / "a" / "b" / "c").is_directory

    def test_create_directories_with_some_there(self, fs: FileSystem, base: Path) -> None:
        fs.create_directory(base / "a")
        fs.create_directories(base / "a" / "b" / "c")
        assert fs.get_attributes(base / "a" / "b" / "c").is_directory

    def test_create_directories_where_one_is(self, fs: FileSystem, base: Path) -> None:
        with pytest.raises(PathAlreadyExistsException):
            fs.create_directories(base)

    def test_create_directories_where_a_file_is(self, fs: FileSystem, base: Path) -> None:
        put(fs, base / "file")
        with pytest.raises(PathAlreadyExistsException):
            fs.create_directories(base / "file")

    def test_create_directories_below_a_file(self, fs: FileSystem, base: Path) -> None:
        put(fs, base / "file")
        with pytest.raises(XenonException):
            fs.create_directories(base / "file" / "a" / "b")

    def test_working_directory_is_absolute_and_there(self, fs: FileSystem) -> None:
        directory = fs.get_working_directory()
        assert directory.is_absolute()
        assert fs.get_attributes(directory).is_directory

    def test_set_working_directory(self, base: Path) -> None:
        with self.create() as fs:
            fs.set_working_directory(base)
            assert fs.get_working_directory() == base
            fs.create_directory("below")
            fs.set_working_directory("below")
            assert fs.get_working_directory() == base / "below"
            fs.set_working_directory("..")
            assert fs.get_working_directory() == base

    def test_set_working_directory_concerns_one_object(
        self, fs: FileSystem, other: FileSystem, base: Path
    ) -> None:
        before = other.get_working_directory()
        with self.create() as own:
            own.set_working_directory(base)
            assert other.get_working_directory() == before
            assert fs.get_working_directory() == before

    def test_set_working_directory_to_a_missing_one(self, base: Path) -> None:
        with self.create() as fs:
            before = fs.get_working_directory()
            with pytest.raises(NoSuchPathException):
                fs.set_working_directory(base / "missing")
            assert fs.get_working_directory() == before

    def test_set_working_directory_to_a_file(self, fs: FileSystem, base: Path) -> None:
        put(fs, base / "file")
        with self.create() as own, pytest.raises(InvalidPathException):
            own.set_working_directory(base / "file")
