"""The primitives of the ``file`` adaptor, by themselves."""

from __future__ import annotations

import errno
import hashlib
import os
import pathlib
import resource
import stat
import tempfile
from collections.abc import Iterator

import pytest

from xenon_adaptors.filesystems import file_copy, file_libc
from xenon_adaptors.filesystems.file import FileAdaptor
from xenon_adaptors.filesystems.file_handles import MAX_HANDLES, DirectoryHandles
from xenon_py.exceptions import (
    DirectoryNotEmptyException,
    InvalidLocationException,
    InvalidPathException,
    NoSpaceException,
    NoSuchPathException,
    PathAlreadyExistsException,
    PermissionDeniedException,
    UnsupportedOperationException,
    XenonException,
)
from xenon_py.filesystem import FileSystem
from xenon_py.model.location import Location
from xenon_py.plugin.filesystem import FileKind, WriteMode
from xenon_py.plugin.os_errors import from_os_error
from xenon_py.plugin.target import Target


@pytest.fixture
def adaptor(tmp_path: pathlib.Path) -> FileAdaptor:
    return FileAdaptor(Target(Location(str(tmp_path), path=str(tmp_path))))


def test_an_empty_location_is_the_current_directory(
    monkeypatch: pytest.MonkeyPatch, tmp_path: pathlib.Path
) -> None:
    monkeypatch.chdir(tmp_path)
    assert FileAdaptor(Target(Location(""))).working_directory() == str(tmp_path)


def test_a_location_must_be_an_existing_directory(tmp_path: pathlib.Path) -> None:
    (tmp_path / "f").touch()
    for path in (f"{tmp_path}/none", f"{tmp_path}/f"):
        with pytest.raises(InvalidLocationException, match="no directory of this machine"):
            FileAdaptor(Target(Location(path, path=path)))


@pytest.mark.parametrize("with_statx", [True, False])
def test_lstat_tells_what_the_system_tells(
    adaptor: FileAdaptor,
    tmp_path: pathlib.Path,
    monkeypatch: pytest.MonkeyPatch,
    with_statx: bool,
) -> None:
    if not with_statx:
        monkeypatch.setattr(file_libc, "_statx", lambda: None)
    path = tmp_path / "f"
    path.write_bytes(b"12345")
    path.chmod(0o640)
    os.utime(path, ns=(1_600_000_000_123_456_789, 1_500_000_000_999_999_999))
    info = adaptor.lstat(str(path))
    assert info[:6] == ("", FileKind.FILE, 5, 0o640, 1_500_000_000_999, 1_600_000_000_123)
    assert (info.owner, info.group) == (path.owner(), path.group())
    assert [e._replace(name="") for e in adaptor.scandir(str(tmp_path))] == [info]
    (tmp_path / "l").symlink_to("nowhere")
    assert adaptor.lstat(f"{tmp_path}/l").kind is FileKind.LINK
    assert adaptor.lstat(str(tmp_path)).kind is FileKind.DIRECTORY
    assert adaptor.lstat("/dev/null").kind is FileKind.OTHER
    for missing in ("none", "f/below"):
        with pytest.raises(NoSuchPathException):
            adaptor.lstat(f"{tmp_path}/{missing}")
    with pytest.raises(InvalidPathException):
        adaptor.lstat(f"{tmp_path}/{'x' * 256}")


def test_the_creation_time_is_that_of_the_file(
    adaptor: FileAdaptor, tmp_path: pathlib.Path
) -> None:
    path = tmp_path / "f"
    path.touch()
    changed = path.stat().st_ctime_ns // 1_000_000
    os.utime(path, (0, 0))
    created = adaptor.lstat(str(path)).ctime
    assert created == 0 or abs(created - changed) < 1000


def test_names_that_are_not_utf_8(adaptor: FileAdaptor, tmp_path: pathlib.Path) -> None:
    name = b"caf\xe9 \n\t*?[x]"
    (pathlib.Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + name))).touch()
    (entry,) = adaptor.scandir(str(tmp_path))
    assert os.fsencode(entry.name) == name
    adaptor.unlink(f"{tmp_path}/{entry.name}")


def test_scandir_does_not_follow_a_link(adaptor: FileAdaptor, tmp_path: pathlib.Path) -> None:
    (tmp_path / "l").symlink_to("/")
    with pytest.raises(InvalidPathException):
        list(adaptor.scandir(f"{tmp_path}/l"))


def test_reading_begins_at_the_offset(adaptor: FileAdaptor, tmp_path: pathlib.Path) -> None:
    (tmp_path / "f").write_bytes(b"0123456789")
    stream = adaptor.open_read(f"{tmp_path}/f", 7)
    assert (stream.read(2), stream.read(2), stream.read(2)) == (b"78", b"9", b"")
    stream.close()
    stream.close()


def test_nothing_but_regular_files_is_opened(adaptor: FileAdaptor, tmp_path: pathlib.Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    for path in (f"{tmp_path}/fifo", str(tmp_path), "/dev/null"):
        with pytest.raises(InvalidPathException):
            adaptor.open_read(path)
        with pytest.raises(InvalidPathException):
            adaptor.open_write(path, WriteMode.APPEND)


def test_the_three_ways_to_write(adaptor: FileAdaptor, tmp_path: pathlib.Path) -> None:
    path = f"{tmp_path}/f"
    with pytest.raises(NoSuchPathException):
        adaptor.open_write(path, WriteMode.APPEND)
    for mode, data in (
        (WriteMode.CREATE, b"one"),
        (WriteMode.APPEND, bytearray(b"two")),
    ):
        stream = adaptor.open_write(path, mode)
        stream.write(data)
        stream.close()
    with pytest.raises(PathAlreadyExistsException):
        adaptor.open_write(path, WriteMode.CREATE)
    assert (tmp_path / "f").read_bytes() == b"onetwo"
    stream = adaptor.open_write(path, WriteMode.TRUNCATE)
    stream.write(memoryview(b"3"))
    stream.close()
    assert (tmp_path / "f").read_bytes() == b"3"


@pytest.mark.parametrize("in_one_call", [True, False])
@pytest.mark.parametrize("kind", ["file", "directory", "link"])
def test_rename_never_replaces_unless_asked(
    adaptor: FileAdaptor,
    tmp_path: pathlib.Path,
    monkeypatch: pytest.MonkeyPatch,
    in_one_call: bool,
    kind: str,
) -> None:
    if not in_one_call:
        monkeypatch.setattr(
            "xenon_adaptors.filesystems.file.rename_without_replacing", lambda *_: False
        )
    source, target = tmp_path / "source", tmp_path / "target"
    if kind == "file":
        source.write_bytes(b"new")
    elif kind == "directory":
        source.mkdir()
    else:
        source.symlink_to("nowhere")
    target.mkdir()
    with pytest.raises(PathAlreadyExistsException):
        adaptor.rename(str(source), str(target))
    target.rmdir()
    adaptor.rename(str(source), str(target))
    assert not os.path.lexists(source)
    assert os.path.lexists(target)


def test_rename_replaces_a_file_when_asked(adaptor: FileAdaptor, tmp_path: pathlib.Path) -> None:
    (tmp_path / "a").write_bytes(b"new")
    (tmp_path / "b").write_bytes(b"old")
    adaptor.rename(f"{tmp_path}/a", f"{tmp_path}/b", replace=True)
    assert (tmp_path / "b").read_bytes() == b"new"


def test_times_are_set_to_the_millisecond(adaptor: FileAdaptor, tmp_path: pathlib.Path) -> None:
    (tmp_path / "f").touch()
    (tmp_path / "l").symlink_to("f")
    for name in ("f", "l"):
        before = adaptor.lstat(f"{tmp_path}/{name}").atime
        adaptor.set_times(f"{tmp_path}/{name}", 1_234_567_890_123)
        info = adaptor.lstat(f"{tmp_path}/{name}")
        assert (info.mtime, info.atime) == (1_234_567_890_123, before)
    adaptor.set_times(f"{tmp_path}/f", 1, 2)
    info = adaptor.lstat(f"{tmp_path}/f")
    assert (info.mtime, info.atime) == (1, 2)


@pytest.mark.parametrize("way", ["any", "no reflink", "by hand"])
def test_copy_file_copies_everything_and_tells(
    adaptor: FileAdaptor, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    if way != "any":
        monkeypatch.setattr(file_copy, "_clone", lambda *_: False)
    if way == "by hand":
        monkeypatch.delattr(os, "copy_file_range", raising=False)
    content = os.urandom(1024) * (20 * 1024 + 1)
    (tmp_path / "a").write_bytes(content)
    (tmp_path / "b").write_bytes(b"old and longer" * 9)
    told: list[int] = []
    adaptor.copy_file(f"{tmp_path}/a", f"{tmp_path}/b", told.append)
    assert (tmp_path / "b").read_bytes() == content
    assert sum(told) == len(content)
    (tmp_path / "empty").touch()
    adaptor.copy_file(f"{tmp_path}/empty", f"{tmp_path}/c", told.append)
    assert (tmp_path / "c").read_bytes() == b""


def test_copy_file_copies_files_that_do_not_know_their_size(
    adaptor: FileAdaptor, tmp_path: pathlib.Path
) -> None:
    adaptor.copy_file("/proc/self/status", f"{tmp_path}/status", lambda _: None)
    assert (tmp_path / "status").read_text().startswith("Name:")


def test_copy_file_leaves_nothing_when_it_is_stopped(
    adaptor: FileAdaptor, tmp_path: pathlib.Path
) -> None:
    (tmp_path / "a").write_bytes(b"x" * 1000)

    def stop(_: int) -> None:
        raise RuntimeError("enough")

    with pytest.raises(RuntimeError, match="enough"):
        adaptor.copy_file(f"{tmp_path}/a", f"{tmp_path}/b", stop)
    assert not (tmp_path / "b").exists()


def test_copy_file_replaces_a_link_and_not_its_target(
    adaptor: FileAdaptor, tmp_path: pathlib.Path
) -> None:
    (tmp_path / "a").write_bytes(b"new")
    (tmp_path / "kept").write_bytes(b"old")
    (tmp_path / "l").symlink_to("kept")
    adaptor.copy_file(f"{tmp_path}/a", f"{tmp_path}/l", lambda _: None)
    assert (tmp_path / "kept").read_bytes() == b"old"
    assert not (tmp_path / "l").is_symlink()


def test_checksums(adaptor: FileAdaptor, tmp_path: pathlib.Path) -> None:
    (tmp_path / "f").write_bytes(b"abc" * 1_000_000)
    expected = hashlib.sha256(b"abc" * 1_000_000).hexdigest()
    assert adaptor.checksum(f"{tmp_path}/f", "sha256") == expected
    with pytest.raises(UnsupportedOperationException, match="sha256"):
        adaptor.checksum(f"{tmp_path}/f", "crc0")


def test_errors_by_number_keep_their_cause(adaptor: FileAdaptor, tmp_path: pathlib.Path) -> None:
    (tmp_path / "d").mkdir()
    (tmp_path / "d/f").touch()
    with pytest.raises(DirectoryNotEmptyException) as caught:
        adaptor.rmdir(f"{tmp_path}/d")
    assert isinstance(caught.value.__cause__, OSError)
    assert caught.value.path == f"{tmp_path}/d"
    with pytest.raises(InvalidPathException):
        adaptor.unlink(f"{tmp_path}/d")
    with pytest.raises(InvalidPathException):
        adaptor.mkdir(f"{tmp_path}/d/f/x")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="there is no /dev/full here")
def test_a_full_disk(adaptor: FileAdaptor, tmp_path: pathlib.Path) -> None:
    stream = adaptor.open_write(f"{tmp_path}/f", WriteMode.CREATE)
    full = os.open("/dev/full", os.O_WRONLY)
    os.dup2(full, stream._fd)
    os.close(full)
    with pytest.raises(NoSpaceException) as caught:
        stream.write(b"x")
    stream.abort()
    assert isinstance(caught.value, OSError)
    assert caught.value.errno == errno.ENOSPC


def test_unknown_numbers_become_the_plain_exception() -> None:
    assert type(from_os_error(OSError(5, "x"), "/x")) is XenonException
    assert type(from_os_error(OSError("no number"), "/x")) is XenonException
    denied = PermissionDeniedException.because("x")
    assert from_os_error(denied) is denied


def test_anchored_views_reach_nothing_through_links(
    adaptor: FileAdaptor, tmp_path: pathlib.Path
) -> None:
    (tmp_path / "root/d").mkdir(parents=True)
    (tmp_path / "root/d/f").write_bytes(b"in")
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside/f").write_bytes(b"out")
    (tmp_path / "root/l").symlink_to("../outside")
    (tmp_path / "root/lf").symlink_to("../outside/f")
    with adaptor.anchored(f"{tmp_path}/root") as view:
        assert view.open_read(f"{tmp_path}/root/d/f").read(9) == b"in"
        for attempt in (
            lambda: view.open_read(f"{tmp_path}/root/l/f"),
            lambda: view.open_read(f"{tmp_path}/root/lf"),
            lambda: view.open_write(f"{tmp_path}/root/l/new", WriteMode.CREATE),
            lambda: view.open_write(f"{tmp_path}/root/lf", WriteMode.TRUNCATE),
            lambda: view.unlink(f"{tmp_path}/root/l/f"),
            lambda: view.mkdir(f"{tmp_path}/root/l/new"),
            lambda: view.chmod(f"{tmp_path}/root/lf", 0o777),
            lambda: view.chmod(f"{tmp_path}/root/l", 0o777),
            lambda: list(view.scandir(f"{tmp_path}/root/l")),
            lambda: view.rename(f"{tmp_path}/root/l/f", f"{tmp_path}/root/taken"),
            lambda: view.rename(f"{tmp_path}/root/d/f", f"{tmp_path}/root/l/given"),
            lambda: view.symlink(f"{tmp_path}/root/l/new", "x"),
            lambda: view.copy_file(f"{tmp_path}/root/d/f", f"{tmp_path}/root/l/x", lambda _: None),
        ):
            with pytest.raises(InvalidPathException):
                attempt()
        with pytest.raises(NoSuchPathException):
            view.lstat(f"{tmp_path}/root/l/f")
        view.chmod(f"{tmp_path}/root/d/f", 0o600)
        view.chmod(f"{tmp_path}/root/d", 0o711)
    assert [p.name for p in (tmp_path / "outside").iterdir()] == ["f"]
    assert (tmp_path / "outside/f").read_bytes() == b"out"
    assert stat.S_IMODE((tmp_path / "root/d/f").stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "root/d").stat().st_mode) == 0o711


def _descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))


def test_directory_handles_are_bounded_and_closed(tmp_path: pathlib.Path) -> None:
    directory = tmp_path
    for number in range(MAX_HANDLES + 20):
        directory /= f"d{number}"
        directory.mkdir()
    before = _descriptors()
    handles = DirectoryHandles((str(tmp_path),))
    with handles.at(f"{directory}/f") as (fd, name):
        assert name == "f"
        assert fd is not None
        assert os.path.samestat(os.stat(fd), os.stat(directory))
        assert _descriptors() - before <= MAX_HANDLES + 1
        for one in tmp_path.iterdir():
            with handles.at(f"{one}/x"):
                assert os.fstat(fd)
    handles.close()
    assert _descriptors() == before


def test_a_handle_in_use_outlives_the_view(tmp_path: pathlib.Path) -> None:
    before = _descriptors()
    handles = DirectoryHandles((str(tmp_path),))
    with handles.at(f"{tmp_path}/f") as (fd, _):
        handles.close()
        assert fd is not None
        assert os.fstat(fd)
    assert _descriptors() == before


def test_no_descriptor_is_left_open(adaptor: FileAdaptor, tmp_path: pathlib.Path) -> None:
    (tmp_path / "f").write_bytes(b"x")
    before = _descriptors()
    listing = adaptor.scandir(str(tmp_path))
    next(listing)
    listing.close()
    adaptor.open_read(f"{tmp_path}/f").read(1)
    adaptor.open_write(f"{tmp_path}/g", WriteMode.CREATE).abort()
    with pytest.raises(InvalidPathException):
        adaptor.open_read(str(tmp_path))
    adaptor.copy_file(f"{tmp_path}/f", f"{tmp_path}/h", lambda _: None)
    assert _descriptors() == before


def test_a_file_larger_than_allowed(adaptor: FileAdaptor, tmp_path: pathlib.Path) -> None:
    import signal

    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    stream = adaptor.open_write(f"{tmp_path}/f", WriteMode.CREATE)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, limits[1]))
        with pytest.raises(NoSpaceException):
            stream.write(b"x" * 8192)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, handler)
        stream.abort()


@pytest.fixture
def seen_by_all() -> Iterator[pathlib.Path]:
    """A directory that another user can go through, as ``tmp_path`` is not."""
    with tempfile.TemporaryDirectory(prefix="xenon-py-") as name:
        os.chmod(name, 0o755)
        yield pathlib.Path(name)


def test_what_is_not_permitted(adaptor: FileAdaptor, seen_by_all: pathlib.Path) -> None:
    closed = seen_by_all / "closed"
    closed.mkdir()
    (closed / "f").write_bytes(b"x")
    (seen_by_all / "unreadable").write_bytes(b"x")
    (seen_by_all / "unreadable").chmod(0)
    closed.chmod(0)
    root = os.geteuid() == 0
    if root:  # whom nothing is denied
        os.seteuid(65534)
    try:
        for attempt in (
            lambda: adaptor.open_read(f"{seen_by_all}/unreadable"),
            lambda: adaptor.lstat(f"{closed}/f"),
            lambda: list(adaptor.scandir(str(closed))),
            lambda: adaptor.unlink(f"{closed}/f"),
            lambda: adaptor.open_write(f"{closed}/g", WriteMode.CREATE),
        ):
            with pytest.raises(PermissionDeniedException) as caught:
                attempt()
            assert isinstance(caught.value, PermissionError)
    finally:
        if root:
            os.seteuid(0)
        closed.chmod(0o700)


def test_a_tree_deeper_than_any_path_can_tell(tmp_path: pathlib.Path) -> None:
    """``list``, ``copy`` and ``delete`` with ``recursive`` never need a whole path, nor a stack."""
    (tmp_path / "deep").mkdir()
    directory = os.open(tmp_path / "deep", os.O_RDONLY)
    for _ in range(1200):
        os.close(os.open("f", os.O_CREAT | os.O_WRONLY, 0o600, dir_fd=directory))
        os.mkdir("ddddd", dir_fd=directory)
        below = os.open("ddddd", os.O_RDONLY, dir_fd=directory)
        os.close(directory)
        directory = below
    os.close(directory)
    with FileSystem.create("file", location=str(tmp_path)) as fs:
        planted = [str(entry.path) for entry in fs.list("deep", recursive=True)]
        assert len(planted) == 2400
        assert len(planted[-1]) > 6000
        assert fs.copy("deep", fs, "copy", None, True).wait(60_000).state == "DONE"
        copied = [str(entry.path) for entry in fs.list("copy", recursive=True)]
        assert sorted(text.replace("/copy/", "/deep/", 1) for text in copied) == sorted(planted)
        with pytest.raises(InvalidPathException, match="too long") as caught:
            fs.exists(planted[-1])
        assert caught.value.path == planted[-1]
        fs.delete("copy", True)
        fs.delete("deep", True)
    assert os.listdir(tmp_path) == []


def test_a_rename_to_another_device_says_what_to_do(tmp_path: pathlib.Path) -> None:
    other = pathlib.Path("/dev/shm")  # a device of its own wherever there is one
    if not other.is_dir() or other.stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip("no second device that may be written to")
    (tmp_path / "f").write_text("kept")
    target = other / f"xenon-{tmp_path.name}-{os.getpid()}"
    refused = pytest.raises(UnsupportedOperationException, match="copy it there")
    with FileSystem.create("file", location=str(tmp_path)) as fs, refused as caught:
        fs.rename("f", str(target))
    assert caught.value.path in {str(target), str(tmp_path / "f")}
    assert (tmp_path / "f").read_text() == "kept"
    assert not target.exists()
