"""``list``."""

from __future__ import annotations

import pytest

from xenon_py.exceptions import InvalidPathException, NoSuchPathException
from xenon_py.filesystem import FileSystem
from xenon_py.model.path import Path
from xenon_py.testing.filesystems.base import FileSystemCase, kind, names, plant, put


def _whole_directories_first(fs: FileSystem, directory: Path) -> list[Path]:
    entries = list(fs.list(directory, False))
    found = [entry.path for entry in entries]
    for entry in entries:
        if entry.is_directory:
            found += _whole_directories_first(fs, entry.path)
    return found


class ListTests(FileSystemCase):
    """``list``."""

    def test_list_an_empty_directory(self, fs: FileSystem, base: Path) -> None:
        assert list(fs.list(base, False)) == []
        assert list(fs.list(base, True)) == []

    def test_list_gives_files_and_directories(self, fs: FileSystem, base: Path) -> None:
        put(fs, base / "file", b"12345")
        fs.create_directory(base / "dir")
        found = {entry.path: entry for entry in fs.list(base, False)}
        assert set(found) == {base / "file", base / "dir"}
        assert kind(found[base / "file"]) == "file"
        assert found[base / "file"].size == 5
        assert kind(found[base / "dir"]) == "dir"

    def test_list_relative_gives_absolute_paths(self, fs: FileSystem, base: Path) -> None:
        put(fs, base / "file")
        assert [entry.path for entry in fs.list(base.name, False)] == [base / "file"]

    def test_list_not_recursive_by_default(self, fs: FileSystem, base: Path) -> None:
        plant(fs, base / "top")
        assert {entry.path.name for entry in fs.list(base / "top")} == {
            "a.txt",
            "empty",
            "d1",
            "void",
        }

    def test_list_recursive_gives_everything_once(self, fs: FileSystem, base: Path) -> None:
        content = plant(fs, base / "top")
        found = [str(entry.path.relative_to(base / "top")) for entry in fs.list(base / "top", True)]
        assert sorted(found) == sorted(content)

    def test_list_recursive_tells_a_directory_whole_before_its_subdirectories(
        self, fs: FileSystem, base: Path
    ) -> None:
        plant(fs, base / "top")
        for number in range(3):
            put(fs, base / "top" / "void" / f"file-{number}")
        found = [entry.path for entry in fs.list(base / "top", True)]
        assert found == _whole_directories_first(fs, base / "top")

    def test_list_agrees_with_get_attributes(self, fs: FileSystem, base: Path) -> None:
        plant(fs, base / "top")
        for entry in fs.list(base / "top", True):
            alone = fs.get_attributes(entry.path)
            for name in ("path", "size", "is_regular", "is_directory", "permissions", "is_hidden"):
                if not (name == "size" and entry.is_directory):
                    assert getattr(entry, name) == getattr(alone, name), (entry.path, name)

    def test_list_shows_hidden_names(self, fs: FileSystem, base: Path) -> None:
        put(fs, base / ".hidden")
        put(fs, base / "shown")
        assert {e.path.name: e.is_hidden for e in fs.list(base, False)} == {
            ".hidden": True,
            "shown": False,
        }

    def test_list_twice(self, fs: FileSystem, base: Path) -> None:
        plant(fs, base / "top")
        first = [entry.path for entry in fs.list(base / "top", True)]
        assert sorted(entry.path for entry in fs.list(base / "top", True)) == sorted(first)

    def test_list_sees_changes_at_once(self, fs: FileSystem, base: Path) -> None:
        put(fs, base / "one")
        assert names(fs, base) == ["one"]
        put(fs, base / "two")
        fs.delete(base / "one")
        assert names(fs, base) == ["two"]

    def test_list_a_missing_directory(self, fs: FileSystem, base: Path) -> None:
        with pytest.raises(NoSuchPathException):
            list(fs.list(base / "missing", False))
        with pytest.raises(NoSuchPathException):
            list(fs.list(base / "missing", True))

    def test_list_a_file(self, fs: FileSystem, base: Path) -> None:
        put(fs, base / "file")
        with pytest.raises(InvalidPathException):
            list(fs.list(base / "file", False))

    def test_list_many_entries(self, fs: FileSystem, base: Path) -> None:
        expected = {f"entry-{number:04}" for number in range(self.many_entries)}
        for name in expected:
            fs.create_file(base / name)
        found = [entry.path.name for entry in fs.list(base, False)]
        assert len(found) == len(expected)
        assert set(found) == expected

    def test_list_prefix_of_another_name(self, fs: FileSystem, base: Path) -> None:
        fs.create_directory(base / "data")
        put(fs, base / "data" / "in")
        put(fs, base / "data-1")
        fs.create_directory(base / "data.d")
        put(fs, base / "data.d" / "other")
        assert names(fs, base / "data") == ["in"]
        assert [e.path for e in fs.list(base / "data", True)] == [base / "data" / "in"]

    def test_list_can_be_left_early(self, fs: FileSystem, base: Path) -> None:
        plant(fs, base / "top")
        for _ in range(10):
            assert next(iter(fs.list(base / "top", True))).path.parent == base / "top"
        assert len(names(fs, base / "top")) == 4
