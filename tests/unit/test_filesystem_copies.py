"""Copies as users start them; the copy engine itself has its own tests."""

from __future__ import annotations

import asyncio
import datetime
import os
import pathlib
import threading
from collections.abc import Iterator
from concurrent.futures import Future

import pytest

from xenon_py.exceptions import (
    FileSystemClosedException,
    IllegalArgumentException,
    NoSuchCopyException,
)
from xenon_py.filesystem import FileSystem
from xenon_py.model.copying import CopyErrorType, CopyMode, CopyOperation, CopyStatus


@pytest.fixture
def fs(tmp_path: pathlib.Path) -> Iterator[FileSystem]:
    with FileSystem.create("file", str(tmp_path)) as made:
        yield made


def test_a_copy_to_another_file_system_begins_at_its_working_directory(
    fs: FileSystem, tmp_path: pathlib.Path
) -> None:
    (tmp_path / "there").mkdir()
    (tmp_path / "f").write_bytes(b"x" * 100)
    with FileSystem.create("file", f"{tmp_path}/there") as there:
        operation = fs.copy("f", there, "g")
        assert operation.id == "COPY-file-0"
        status = fs.wait_until_done(operation)
    assert (status.done, status.state, status.bytes_copied) == (True, "DONE", 100)
    assert (tmp_path / "there/g").read_bytes() == b"x" * 100
    assert fs.get_status(operation).done
    assert fs.get_status(CopyOperation(operation.id)).done


def test_the_operation_is_bound_to_its_file_system(fs: FileSystem, tmp_path: pathlib.Path) -> None:
    (tmp_path / "f").write_bytes(b"x")
    operation = fs.copy("f", fs, "g", CopyMode.CREATE, False)
    assert operation.wait(datetime.timedelta(seconds=20)).done
    assert operation.status().done
    assert operation.cancel().state == "DONE"
    future = operation.future()
    assert isinstance(future, Future)

    async def wrapped() -> CopyStatus:
        return await asyncio.wrap_future(fs.copy("f", fs, "h").future())

    assert asyncio.run(wrapped()).done


def test_modes_are_taken_as_numbers_too(fs: FileSystem, tmp_path: pathlib.Path) -> None:
    (tmp_path / "f").write_bytes(b"new")
    (tmp_path / "g").write_bytes(b"old")
    assert fs.copy("f", fs, "g").wait(20_000).error_type is CopyErrorType.ALREADY_EXISTS
    assert fs.copy("f", fs, "g", 2).wait(20_000).state == "DONE"
    assert (tmp_path / "g").read_bytes() == b"old"
    assert fs.copy("f", fs, "g", 1).wait(20_000).state == "DONE"
    assert (tmp_path / "g").read_bytes() == b"new"


def test_progress_and_options_arrive(fs: FileSystem, tmp_path: pathlib.Path) -> None:
    for number in range(5):
        path = tmp_path / f"d/{number}/f"
        path.parent.mkdir(parents=True)
        path.write_bytes(b"x" * number)
        path.chmod(0o640)
        os.utime(path, (1, 1_000_000))
    seen: list[CopyStatus] = []
    status = fs.copy(
        "d",
        fs,
        "e",
        recursive=True,
        verify="checksum",
        parallel=2,
        preserve=["mode", "mtime"],
        on_progress=seen.append,
    ).wait(30_000)
    assert (status.state, status.files_copied, status.verified) == ("DONE", 5, "checksum")
    assert seen[-1].done
    assert (tmp_path / "e/4/f").stat().st_mode & 0o777 == 0o640
    assert (tmp_path / "e/4/f").stat().st_mtime == 1_000_000


def test_closing_cancels_running_copies_and_waits(tmp_path: pathlib.Path) -> None:
    with (tmp_path / "big").open("wb") as file:
        file.truncate(4 * 1024**3)
    before = threading.active_count()
    with FileSystem.create("file", str(tmp_path)) as there:
        fs = FileSystem.create("file", str(tmp_path))
        begun = threading.Event()
        operation = fs.copy("big", there, "copy", on_progress=lambda _: begun.set())
        assert begun.wait(20)
        fs.close()
        status = operation.status()
        assert status.done
        if status.state == "FAILED":
            assert status.error_type is CopyErrorType.CANCELLED
            assert [p.name for p in tmp_path.iterdir()] == ["big"]
        with pytest.raises(FileSystemClosedException):
            fs.copy("big", there, "again")
    assert threading.active_count() == before


def test_closing_the_destination_cancels_what_arrives_from_several_sources(
    tmp_path: pathlib.Path,
) -> None:
    (tmp_path / "there").mkdir()
    with (tmp_path / "big").open("wb") as file:
        file.truncate(8 * 1024**3)
    with (
        FileSystem.create("file", str(tmp_path)) as one,
        FileSystem.create("file", str(tmp_path)) as two,
    ):
        there = FileSystem.create("file", f"{tmp_path}/there")
        operations = [source.copy("big", there, str(n)) for n, source in enumerate((one, two))]
        assert operations[0].id == operations[1].id
        there.close()
        for operation in operations:
            status = operation.status()
            assert status.done
            assert status.state == "DONE" or status.error_type is CopyErrorType.CANCELLED
    assert not [p for p in (tmp_path / "there").iterdir() if p.name.endswith(".part")]


def test_operations_of_others_are_unknown(fs: FileSystem, tmp_path: pathlib.Path) -> None:
    (tmp_path / "f").touch()
    with FileSystem.create("file", str(tmp_path)) as other:
        operation = other.copy("f", other, "g")
        operation.wait(20_000)
        for call in (fs.get_status, fs.wait_until_done, fs.cancel, fs.copy_future):
            with pytest.raises(NoSuchCopyException):
                call(operation)
            with pytest.raises(NoSuchCopyException):
                call(CopyOperation("COPY-file-99"))
            with pytest.raises(IllegalArgumentException, match="copy_operation"):
                call("COPY-file-0")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("argument", "value"),
    [
        ("mode", 3),
        ("mode", "REPLACE"),
        ("recursive", "yes"),
        ("verify", "md5"),
        ("parallel", 0),
        ("preserve", "mode"),
        ("on_progress", 5),
        ("destination_filesystem", None),
        ("destination_filesystem", "file"),
        ("destination", None),
        ("source", 5),
    ],
)
def test_wrong_arguments_are_named_and_nothing_is_begun(
    fs: FileSystem, tmp_path: pathlib.Path, argument: str, value: object
) -> None:
    (tmp_path / "f").touch()
    arguments = {"source": "f", "destination_filesystem": fs, "destination": "g", argument: value}
    with pytest.raises(IllegalArgumentException, match=argument):
        fs.copy(**arguments)  # type: ignore[arg-type]
    with pytest.raises(IllegalArgumentException, match="timeout"):
        fs.wait_until_done(CopyOperation("COPY-file-0"), -1)
    assert [p.name for p in tmp_path.iterdir()] == ["f"]
