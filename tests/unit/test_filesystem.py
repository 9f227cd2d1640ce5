"""The facade on the local disk: one test per rule of its calls."""

from __future__ import annotations

import os
import pathlib
from collections.abc import Iterator

import pytest

from xenon_py.exceptions import (
    DirectoryNotEmptyException,
    FileSystemClosedException,
    InvalidPathException,
    NoSuchPathException,
    PathAlreadyExistsException,
)
from xenon_py.filesystem import FileSystem
from xenon_py.model.attributes import PosixFilePermission
from xenon_py.model.path import Path


@pytest.fixture
def fs(tmp_path: pathlib.Path) -> Iterator[FileSystem]:
    with FileSystem.create("file", str(tmp_path)) as made:
        yield made


def test_exists_sees_files_directories_and_dangling_links(
    fs: FileSystem, tmp_path: pathlib.Path
) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "link").symlink_to("nowhere")
    assert fs.exists("file") == True  # noqa: E712  # PyXenon users compare it
    assert fs.exists("link")
    assert fs.exists(".")
    assert fs.exists("..")
    assert fs.exists(tmp_path)
    assert not fs.exists("none")
    assert not fs.exists("file/below")


def test_create_directory(fs: FileSystem, tmp_path: pathlib.Path) -> None:
    fs.create_directory("d")
    assert (tmp_path / "d").is_dir()
    (tmp_path / "f").touch()
    for existing in ("d", "f"):
        with pytest.raises(PathAlreadyExistsException) as caught:
            fs.create_directory(existing)
        assert caught.value.method == "create_directory"
        assert caught.value.adaptor == "file"
        assert caught.value.path == str(tmp_path / existing)
    with pytest.raises(NoSuchPathException):
        fs.create_directory("none/d")
    with pytest.raises(InvalidPathException):
        fs.create_directory("f/d")


def test_create_directories(fs: FileSystem, tmp_path: pathlib.Path) -> None:
    fs.create_directories("a/b/c")
    assert (tmp_path / "a/b/c").is_dir()
    fs.create_directories("a/b/x/y")
    with pytest.raises(PathAlreadyExistsException):
        fs.create_directories("a/b/c")
    (tmp_path / "f").touch()
    with pytest.raises(InvalidPathException):
        fs.create_directories("f/x/y")
    (tmp_path / "l").symlink_to("a")
    fs.create_directories("l/through")
    assert (tmp_path / "a/through").is_dir()


def test_create_file(fs: FileSystem, tmp_path: pathlib.Path) -> None:
    fs.create_file("f")
    assert (tmp_path / "f").read_bytes() == b""
    with pytest.raises(PathAlreadyExistsException):
        fs.create_file("f")
    with pytest.raises(NoSuchPathException):
        fs.create_file("none/f")


def test_links_keep_their_text(fs: FileSystem, tmp_path: pathlib.Path) -> None:
    fs.create_symbolic_link("l", "../some//where")
    assert os.readlink(tmp_path / "l") == "../some//where"
    assert fs.read_symbolic_link("l") == Path("../some/where")
    with pytest.raises(PathAlreadyExistsException):
        fs.create_symbolic_link("l", "x")
    fs.create_file("f")
    with pytest.raises(InvalidPathException):
        fs.read_symbolic_link("f")


def test_delete(fs: FileSystem, tmp_path: pathlib.Path) -> None:
    fs.create_directories("d/e")
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside/kept").touch()
    (tmp_path / "d/link").symlink_to("../outside")
    with pytest.raises(DirectoryNotEmptyException, match="recursive=True"):
        fs.delete("d")
    fs.delete("d", recursive=True)
    assert not fs.exists("d")
    assert (tmp_path / "outside/kept").exists()
    with pytest.raises(NoSuchPathException):
        fs.delete("d", recursive=True)
    with pytest.raises(InvalidPathException):
        fs.delete("/", recursive=True)


def test_rename(fs: FileSystem, tmp_path: pathlib.Path) -> None:
    fs.write_to_file("a", [b"1"])
    fs.rename("a", "a")
    fs.rename("a", "b")
    assert (tmp_path / "b").read_bytes() == b"1"
    with pytest.raises(NoSuchPathException):
        fs.rename("a", "a")
    fs.create_directory("d")
    with pytest.raises(PathAlreadyExistsException):
        fs.rename("b", "d")
    with pytest.raises(NoSuchPathException):
        fs.rename("b", "none/b")
    with pytest.raises(InvalidPathException, match="into itself"):
        fs.rename("d", "d/e")


def test_list_in_xenon_s_order(fs: FileSystem, tmp_path: pathlib.Path) -> None:
    for name in ("d/e/f", "d/g", "h"):
        fs.create_directories(name)
    fs.create_file("d/.hidden")
    (tmp_path / "d/loop").symlink_to(tmp_path)
    assert {str(a.path) for a in fs.list(".")} == {f"{tmp_path}/d", f"{tmp_path}/h"}
    found = [str(a.path.relative_to(tmp_path)) for a in fs.list("", recursive=True)]
    assert sorted(found) == ["d", "d/.hidden", "d/e", "d/e/f", "d/g", "d/loop", "h"]
    assert set(found[:2]) == {"d", "h"}
    assert found[-1] == "d/e/f" or found.index("d/e/f") > found.index("d/g")
    listing = fs.list(".")
    assert list(listing) == list(listing)
    assert next(listing) == listing[0]


def test_list_refuses_what_is_no_directory(fs: FileSystem, tmp_path: pathlib.Path) -> None:
    fs.create_file("f")
    (tmp_path / "l").symlink_to(".")
    for path in ("f", "l"):
        with pytest.raises(InvalidPathException):
            fs.list(path)
    with pytest.raises(NoSuchPathException):
        fs.list("none")


def test_permissions(fs: FileSystem, tmp_path: pathlib.Path) -> None:
    fs.create_file("f")
    few = [PosixFilePermission.OWNER_READ, PosixFilePermission.OTHERS_EXECUTE]
    fs.set_posix_file_permissions("f", few)
    assert (tmp_path / "f").stat().st_mode & 0o777 == 0o401
    assert fs.get_attributes("f").permissions == few
    fs.set_posix_file_permissions("f", [PosixFilePermission.NONE])
    assert fs.get_attributes("f").permissions == []
    with pytest.raises(NoSuchPathException):
        fs.set_posix_file_permissions("none", few)


def test_working_directory(fs: FileSystem, tmp_path: pathlib.Path) -> None:
    assert fs.get_working_directory() == Path(tmp_path)
    fs.create_directories("a/b")
    fs.set_working_directory("a")
    assert fs.exists("b")
    fs.set_working_directory("../a/b")
    assert fs.get_working_directory() == Path(tmp_path, "a/b")
    fs.create_file("f")
    with pytest.raises(InvalidPathException):
        fs.set_working_directory("f")
    with pytest.raises(NoSuchPathException):
        fs.set_working_directory("none")
    assert fs.get_working_directory() == Path(tmp_path, "a/b")


def test_after_close_every_call_raises(tmp_path: pathlib.Path) -> None:
    fs = FileSystem.create("file", str(tmp_path))
    assert fs.is_open()
    assert fs in list(FileSystem.list_file_systems())
    fs.close()
    fs.close()
    assert not fs.is_open()
    assert fs not in list(FileSystem.list_file_systems())
    for call in (
        lambda: fs.exists("."),
        lambda: fs.list("."),
        lambda: fs.open("f", "w"),
        fs.get_working_directory,
        lambda: fs.write_to_file("f", []),
    ):
        with pytest.raises(FileSystemClosedException):
            call()
    assert not list(tmp_path.iterdir())


def test_names_and_identity(tmp_path: pathlib.Path) -> None:
    with FileSystem.create("file", str(tmp_path)) as one, FileSystem.from_url("file:") as two:
        assert one.id.startswith("file://")
        assert f"@{tmp_path}#" in one.id
        assert one == one  # noqa: PLR0124
        assert one != two
        assert len({one, two, one}) == 2
        assert str(one) == f"FileSystem:\n    id: {one.id}"
        assert one.get_location() == str(tmp_path)
        assert dict(one.get_properties()) == {}
        assert one.get_path_separator() == "/"
        assert one.get_adaptor_name() == "file"
    assert "file" in FileSystem.get_adaptor_names()
    assert FileSystem.get_adaptor_description("file").can_append
    local = next(FileSystem.local_file_systems())
    assert local.get_working_directory() == Path("/")
    local.close()
