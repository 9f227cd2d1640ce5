"""The bulk forms of the ``file`` adaptor, on a real disk."""

from __future__ import annotations

import os

import pytest

from xenon_adaptors.filesystems.file import FileAdaptor
from xenon_py.exceptions import (
    InvalidPathException,
    NoSuchPathException,
    PathAlreadyExistsException,
    XenonException,
)
from xenon_py.model.location import Location
from xenon_py.plugin.filesystem import SmallFile
from xenon_py.plugin.target import Target


@pytest.fixture
def adaptor():
    return FileAdaptor(Target(Location("")))


def test_what_is_written_can_be_read(adaptor, tmp_path):
    (tmp_path / "sub").mkdir()
    names = ["a", "sub/b", "empty", "sub/new\nline", "-dash", "n" * 255, os.fsdecode(b"\xff")]
    files = [SmallFile(f"{tmp_path}/{name}", name.encode(errors="replace")) for name in names]
    files[2] = files[2]._replace(data=b"")
    assert adaptor.write_files(files) == [None] * len(files)
    read = adaptor.read_files([(one.path, len(one.data)) for one in files])
    assert list(read) == [one.data for one in files]
    assert sorted(os.listdir(tmp_path)) == sorted({name.split("/")[0] for name in names})


def test_mode_and_time(adaptor, tmp_path):
    path = tmp_path / "f"
    adaptor.write_files([SmallFile(str(path), b"1", mode=0o604, mtime=1_234_567_890_123)])
    assert path.stat().st_mode & 0o777 == 0o604
    assert path.stat().st_mtime_ns == 1_234_567_890_123_000_000


def test_each_error_is_at_its_place(adaptor, tmp_path):
    (tmp_path / "there").write_bytes(b"old")
    (tmp_path / "dir").mkdir()
    paths = [tmp_path / name for name in ("there", "no/file", "dir", "good")]
    results = adaptor.write_files([SmallFile(str(path), b"new") for path in paths])
    kinds = [type(result) for result in results]
    assert kinds == [
        PathAlreadyExistsException,
        NoSuchPathException,
        PathAlreadyExistsException,
        type(None),
    ]
    read = list(adaptor.read_files([(str(path), 3) for path in paths]))
    assert (read[0], read[3]) == (b"old", b"new")
    assert isinstance(read[1], NoSuchPathException)
    assert isinstance(read[2], InvalidPathException)
    removed = adaptor.unlink_many([str(path) for path in paths])
    assert [isinstance(result, XenonException) for result in removed] == [False, True, True, False]
    assert os.listdir(tmp_path) == ["dir"]


def test_replacing_a_link_replaces_the_link(adaptor, tmp_path):
    (tmp_path / "outside").write_bytes(b"safe")
    (tmp_path / "ln").symlink_to("outside")
    assert adaptor.write_files([SmallFile(str(tmp_path / "ln"), b"new", replace=True)]) == [None]
    assert not (tmp_path / "ln").is_symlink()
    assert (tmp_path / "outside").read_bytes() == b"safe"


def test_an_anchored_view_follows_no_link(adaptor, tmp_path):
    root, outside = tmp_path / "root", tmp_path / "outside"
    root.mkdir()
    outside.mkdir()
    (outside / "f").write_bytes(b"secret")
    (root / "ln").symlink_to(outside)
    (root / "file").symlink_to(outside / "f")
    with adaptor.anchored(str(root)) as view:
        assert isinstance(view.write_files([SmallFile(f"{root}/ln/x", b"1")])[0], XenonException)
        found = list(view.read_files([(f"{root}/ln/f", 6), (f"{root}/file", 6)]))
        assert all(isinstance(one, InvalidPathException) for one in found)
        assert isinstance(view.unlink_many([f"{root}/ln/f"])[0], XenonException)
    assert os.listdir(outside) == ["f"]


def test_sizes_that_the_listing_does_not_tell(adaptor):
    (content,) = adaptor.read_files([("/proc/self/status", 0)])
    assert content.startswith(b"Name:")
    (size,) = adaptor.read_files([("/proc/kallsyms", 0)])
    assert len(size) > 100_000
