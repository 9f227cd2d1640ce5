"""Reading and writing: streams of bytes, and Python's own file objects."""

from __future__ import annotations

import gc
import io
import os
import pathlib
import tarfile
import threading
import tracemalloc
import zipfile
from collections.abc import Iterator

import pytest

from xenon_py.exceptions import (
    FileSystemClosedException,
    IllegalArgumentException,
    InvalidPathException,
    NoSuchPathException,
    PathAlreadyExistsException,
)
from xenon_py.filesystem import FileSystem


@pytest.fixture
def fs(tmp_path: pathlib.Path) -> Iterator[FileSystem]:
    with FileSystem.create("file", str(tmp_path)) as made:
        yield made


def test_writing_streams(fs: FileSystem, tmp_path: pathlib.Path) -> None:
    fs.write_to_file("f", (bytes([n]) * n for n in range(200)))
    expected = b"".join(bytes([n]) * n for n in range(200))
    assert (tmp_path / "f").read_bytes() == expected
    fs.append_to_file("f", [bytearray(b"+"), memoryview(b"-")])
    fs.append_to_file("f", [])
    assert b"".join(fs.read_from_file("f")) == expected + b"+-"
    fs.write_to_file("empty", [])
    assert list(fs.read_from_file("empty")) == []
    fs.write_to_file("at once", b"bytes")
    assert (tmp_path / "at once").read_bytes() == b"bytes"


def test_writing_refuses_what_is_there(fs: FileSystem, tmp_path: pathlib.Path) -> None:
    (tmp_path / "d").mkdir()
    (tmp_path / "f").touch()
    (tmp_path / "l").symlink_to("nowhere")
    for name in ("d", "f", "l"):
        with pytest.raises(PathAlreadyExistsException):
            fs.write_to_file(name, [b"x"])
    with pytest.raises(NoSuchPathException):
        fs.write_to_file("none/f", [b"x"])
    assert {p.name for p in tmp_path.iterdir()} == {"d", "f", "l"}


def test_appending_needs_a_file(fs: FileSystem, tmp_path: pathlib.Path) -> None:
    (tmp_path / "d").mkdir()
    with pytest.raises(NoSuchPathException):
        fs.append_to_file("none", [b"x"])
    with pytest.raises(InvalidPathException):
        fs.append_to_file("d", [b"x"])
    assert not fs.exists("none")


@pytest.mark.parametrize("wrong", ["text", 5, None, object()])
def test_data_that_is_no_stream_of_bytes(
    fs: FileSystem, tmp_path: pathlib.Path, wrong: object
) -> None:
    with pytest.raises(IllegalArgumentException, match="data_stream"):
        fs.write_to_file("f", wrong)  # type: ignore[arg-type]
    with pytest.raises(IllegalArgumentException, match="data_stream"):
        fs.write_to_file("f", [b"good", wrong])  # type: ignore[list-item]
    assert not list(tmp_path.iterdir())


def test_nothing_is_seen_before_the_end_nor_after_an_error(
    fs: FileSystem, tmp_path: pathlib.Path
) -> None:
    def failing() -> Iterator[bytes]:
        yield b"first"
        assert not (tmp_path / "f").exists()
        assert len(list(tmp_path.iterdir())) == 1
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        fs.write_to_file("f", failing())
    assert not list(tmp_path.iterdir())


def test_a_file_that_appears_meanwhile_is_not_replaced(
    fs: FileSystem, tmp_path: pathlib.Path
) -> None:
    def slow() -> Iterator[bytes]:
        yield b"mine"
        (tmp_path / "f").write_bytes(b"other")

    with pytest.raises(PathAlreadyExistsException):
        fs.write_to_file("f", slow())
    assert [p.read_bytes() for p in tmp_path.iterdir()] == [b"other"]


def test_names_of_255_bytes_have_room_for_the_temporary_name(
    fs: FileSystem, tmp_path: pathlib.Path
) -> None:
    for name in ("x" * 255, "ä" * 127, "€" * 85):
        fs.write_to_file(name, [b"1"])
        assert (tmp_path / name).read_bytes() == b"1"


def test_reading_follows_a_link_to_a_file_only(fs: FileSystem, tmp_path: pathlib.Path) -> None:
    (tmp_path / "f").write_bytes(b"content")
    (tmp_path / "d").mkdir()
    for link, target in (("lf", "f"), ("ll", "lf"), ("ld", "d"), ("ln", "none"), ("lo", "lo")):
        (tmp_path / link).symlink_to(target)
    assert list(fs.read_from_file("ll")) == [b"content"]
    for wrong in ("d", "ld", "lo", "/dev/null"):
        with pytest.raises(InvalidPathException):
            fs.read_from_file(wrong)
    for missing in ("none", "ln"):
        with pytest.raises(NoSuchPathException):
            fs.read_from_file(missing)


def is_open(path: pathlib.Path) -> bool:
    """Tell whether this process has the file open; threads of other tests have others."""
    return any(_target(number) == str(path) for number in os.listdir("/proc/self/fd"))


def _target(number: str) -> str:
    try:
        return os.readlink(f"/proc/self/fd/{number}")
    except FileNotFoundError:  # closed meanwhile
        return ""


def test_chunks_answer_as_pyxenon_s_do(fs: FileSystem, tmp_path: pathlib.Path) -> None:
    (tmp_path / "f").write_bytes(b"abc")
    chunks = fs.read_from_file("f")
    assert chunks.next() == b"abc"
    with pytest.raises(StopIteration):
        chunks.next()
    dropped = fs.read_from_file("f")
    del dropped
    gc.collect()
    with fs.read_from_file("f") as closed:
        pass
    assert list(closed) == []
    cancelled = fs.read_from_file("f")
    cancelled.cancel()
    assert not is_open(tmp_path / "f")


def test_memory_is_constant(fs: FileSystem) -> None:
    block = os.urandom(1024 * 1024)
    tracemalloc.start()
    try:
        fs.write_to_file("f", (block for _ in range(64)))
        assert sum(map(len, fs.read_from_file("f"))) == 64 * 1024 * 1024
        assert tracemalloc.get_traced_memory()[1] < 4 * 1024 * 1024
    finally:
        tracemalloc.stop()


def test_open_to_read(fs: FileSystem, tmp_path: pathlib.Path) -> None:
    content = os.urandom(1_000_000)
    (tmp_path / "f").write_bytes(content)
    with fs.open("f") as file:
        assert isinstance(file, io.BufferedReader)
        assert file.read(10) == content[:10]
        assert file.seek(-5, io.SEEK_END) == 999_995
        assert file.read() == content[-5:]
        assert file.read(1) == b""
        file.seek(700_000)
        assert file.read(100_000) == content[700_000:800_000]
        assert file.seek(-100, io.SEEK_CUR) == 799_900
        assert file.read(3) == content[799_900:799_903]
        assert file.seek(2_000_000) == 2_000_000
        assert file.read() == b""
        with pytest.raises(ValueError, match="negative"):
            file.seek(-1)
        with pytest.raises(OSError, match="write"):
            file.write(b"")
    with pytest.raises(ValueError, match="closed"):
        file.read()


def test_text(fs: FileSystem, tmp_path: pathlib.Path) -> None:
    with fs.open("t", "w") as file:
        assert isinstance(file, io.TextIOWrapper)
        file.write("grün\n")
        file.write("zwei\r\n")
    assert (tmp_path / "t").read_bytes() == "grün\nzwei\r\n".encode()
    with fs.open("t", "rt") as file:
        assert file.readlines() == ["grün\n", "zwei\n"]
    with fs.open("l", "xt", encoding="latin-1") as file:
        file.write("ü")
    assert (tmp_path / "l").read_bytes() == b"\xfc"
    with fs.open("l", "r", encoding="latin-1") as file:
        assert file.read() == "ü"


def test_w_replaces_in_one_step_and_keeps_the_permissions(
    fs: FileSystem, tmp_path: pathlib.Path
) -> None:
    (tmp_path / "f").write_bytes(b"old")
    (tmp_path / "f").chmod(0o600)
    with fs.open("f", "wb") as file:
        file.write(b"new" * 200_000)
        assert (tmp_path / "f").read_bytes() == b"old"
        assert {p.stat().st_mode & 0o777 for p in tmp_path.iterdir()} == {0o600}
    assert (tmp_path / "f").read_bytes() == b"new" * 200_000
    assert (tmp_path / "f").stat().st_mode & 0o777 == 0o600


def test_w_writes_through_a_link(fs: FileSystem, tmp_path: pathlib.Path) -> None:
    (tmp_path / "f").write_bytes(b"old and long")
    (tmp_path / "l").symlink_to("f")
    with fs.open("l", "wb") as file:
        file.write(b"new")
    assert (tmp_path / "l").is_symlink()
    assert (tmp_path / "f").read_bytes() == b"new"


def test_x_and_a(fs: FileSystem, tmp_path: pathlib.Path) -> None:
    with fs.open("f", "xb") as file:
        file.write(b"1")
    with pytest.raises(PathAlreadyExistsException):
        fs.open("f", "xb")
    for name in ("f", "made"):
        with fs.open(name, "ab") as file:
            file.write(b"2")
    assert (tmp_path / "f").read_bytes() == b"12"
    assert (tmp_path / "made").read_bytes() == b"2"


@pytest.mark.parametrize("mode", ["wb", "w", "x", "xb"])
def test_an_exception_in_the_with_block_publishes_nothing(
    fs: FileSystem, tmp_path: pathlib.Path, mode: str
) -> None:
    data = "x" * 1_000_000 if "b" not in mode else b"x" * 1_000_000
    with pytest.raises(KeyError), fs.open("f", mode) as file:
        file.write(data)
        raise KeyError
    assert not list(tmp_path.iterdir())


def test_closing_the_file_system_drops_unfinished_files(tmp_path: pathlib.Path) -> None:
    fs = FileSystem.create("file", str(tmp_path))
    file = fs.open("f", "wb")
    file.write(b"x")
    reader_source = tmp_path / "source"
    reader_source.write_bytes(b"0123")
    reader = fs.open("source")
    assert reader.read(1) == b"0"
    fs.close()
    assert [p.name for p in tmp_path.iterdir()] == ["source"]
    with pytest.raises(FileSystemClosedException):
        file.close()
    reader.seek(0, io.SEEK_SET)
    with pytest.raises(FileSystemClosedException):
        reader.seek(0, io.SEEK_END)
    reader.close()


@pytest.mark.parametrize("mode", ["", "r+", "rw", "b", "rbt", "U", "rr", 3, None])
def test_modes_that_are_refused(fs: FileSystem, mode: str) -> None:
    with pytest.raises(IllegalArgumentException, match="mode"):
        fs.open("f", mode)


def test_encodings_that_are_refused(fs: FileSystem, tmp_path: pathlib.Path) -> None:
    for mode, encoding in (("wb", "utf-8"), ("w", "no such"), ("w", 5)):
        with pytest.raises(IllegalArgumentException, match="encoding"):
            fs.open("f", mode, encoding=encoding)  # type: ignore[call-overload]
    assert not list(tmp_path.iterdir())


def test_archives_can_be_read_in_place(fs: FileSystem, tmp_path: pathlib.Path) -> None:
    with fs.open("a.zip", "wb") as raw, zipfile.ZipFile(raw, "w") as archive:
        archive.writestr("one", "1" * 100_000)
        archive.writestr("two", "2")
    with fs.open("a.zip") as raw, zipfile.ZipFile(raw) as archive:
        assert archive.read("two") == b"2"
    (tmp_path / "t").write_bytes(b"in tar")
    with tarfile.open(tmp_path / "a.tar", "w") as tar:
        tar.add(tmp_path / "t", "t")
    with fs.open("a.tar") as raw, tarfile.open(fileobj=raw) as tar:
        member = tar.extractfile("t")
        assert member is not None
        assert member.read() == b"in tar"


def test_many_threads_on_one_object(fs: FileSystem) -> None:
    errors: list[BaseException] = []

    def work(number: int) -> None:
        try:
            for turn in range(20):
                name = f"{number}-{turn}"
                fs.write_to_file(name, [name.encode()] * 10)
                assert b"".join(fs.read_from_file(name)) == name.encode() * 10
                assert fs.list(".")
                fs.delete(name)
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert fs.list(".") == []
