"""The fsspec face on the local disk: what fsspec's own suites do not ask for."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import pickle
import stat
import threading
from pathlib import Path
from typing import Any

import fsspec
import pytest
from fsspec.callbacks import Callback

from xenon_py import DefaultCredential, FileSystem, PasswordCredential
from xenon_py.exceptions import (
    FileSystemClosedException,
    InvalidCredentialException,
    InvalidLocationException,
    InvalidPropertyException,
    NotConnectedException,
)
from xenon_py.integrations.fsspec import (
    XenonFileFileSystem,
    XenonFileSystem,
    XenonS3FileSystem,
    XenonSftpFileSystem,
    XenonWebdavFileSystem,
)

SECRET = "S3cret-of-the-face"


class BrokenError(Exception):
    pass


@pytest.fixture
def fs() -> Any:
    return fsspec.filesystem("xenon-file")


def content_of(directory: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in directory.iterdir() if path.is_file()}


# arguments, URLs, pickles


@pytest.mark.parametrize(
    ("cls", "url", "path", "arguments"),
    [
        (XenonFileFileSystem, "xenon-file:///a/b", "/a/b", {}),
        (XenonFileFileSystem, "xenon-file://a/b", "/a/b", {}),
        (XenonSftpFileSystem, "xenon-sftp://h/a//b/../c/", "/a/c", {"url_place": "h"}),
        (XenonSftpFileSystem, "xenon-sftp://u@h:22/", "/", {"url_place": "u@h:22"}),
        (XenonSftpFileSystem, "xenon-sftp:///x?y#z%20", "/x?y#z%20", {}),
        (XenonSftpFileSystem, "relative", "/relative", {}),
        (XenonSftpFileSystem, "", "/", {}),
        (XenonWebdavFileSystem, "xenon-webdav://h:1/d", "/d", {"url_place": "https://h:1"}),
        (XenonS3FileSystem, "xenon-s3://b/k", "/k", {"url_place": "https://s3.amazonaws.com/b"}),
    ],
)
def test_urls(cls: Any, url: str, path: str, arguments: dict[str, str]) -> None:
    assert cls._strip_protocol(url) == path
    assert cls._strip_protocol([url]) == [path]
    assert cls._get_kwargs_from_urls(url) == arguments


def test_the_place_in_a_url_is_the_location() -> None:
    found, path = fsspec.url_to_fs("xenon-sftp://u@h:22/dir")
    assert path == "/dir"
    assert found is fsspec.filesystem("xenon-sftp", location="u@h:22")
    assert found is fsspec.url_to_fs("xenon-sftp://u@h:22/x", location="u@h:22")[0]


def test_two_places_are_refused() -> None:
    options: dict[str, Any] = {"location": "http://store:9000/bucket"}
    with pytest.raises(InvalidLocationException, match="xenon-s3:///dir/file") as caught:
        fsspec.url_to_fs("xenon-s3://bucket/key", **options)
    assert options["location"] in str(caught.value)
    assert fsspec.url_to_fs("xenon-s3:///key", **options)[1] == "/key"


def test_a_password_in_a_url_is_refused() -> None:
    with pytest.raises(InvalidLocationException) as caught:
        fsspec.url_to_fs(f"xenon-sftp://user:{SECRET}@host/dir")
    assert SECRET not in str(caught.value)


def test_the_protocols_of_others_are_left_alone() -> None:
    names = {name for name in fsspec.available_protocols() if name.startswith("xenon")}
    kinds = ("file", "ftp", "s3", "sftp", "webdav")
    assert names == {"xenon", *(f"xenon-{kind}" for kind in kinds)}


@pytest.mark.parametrize(
    ("arguments", "error", "word"),
    [
        ({"password": SECRET}, TypeError, "password_env"),
        ({"passphrase": SECRET}, TypeError, "passphrase_env"),
        ({"host": "h", "port": 22}, TypeError, "location='host:22'"),
        ({"endpoint_url": "http://s"}, TypeError, "location="),
        ({"locaton": "h"}, TypeError, "do you mean 'location'.*it has: location, username"),
        ({"location": "a b c"}, InvalidLocationException, "location"),
        ({"location": "h", "properties": {"sftp.no": "1"}}, LookupError, "no"),
        (
            {"location": "h", "password_env": "A", "certfile": "B"},
            InvalidCredentialException,
            "both",
        ),
        (
            {"location": "h", "username": "A", "credential": DefaultCredential()},
            InvalidCredentialException,
            "either",
        ),
    ],
)
def test_wrong_arguments(arguments: dict[str, Any], error: type[Exception], word: str) -> None:
    with pytest.raises(error, match=word) as caught:
        fsspec.filesystem("xenon-sftp", **arguments)
    assert SECRET not in str(caught.value)


def test_objects_are_cached_unless_they_hold_a_secret(fs: Any) -> None:
    assert fsspec.filesystem("xenon-file") is fs
    made = [
        fsspec.filesystem(
            "xenon-sftp",
            location="h",
            credential=PasswordCredential(username="u", password=password),
        )
        for password in ("one", "two")
    ]
    assert made[0]._connection is not made[1]._connection


@pytest.mark.parametrize("use", [pickle.dumps, lambda fs: fs.to_json(), lambda fs: fs.to_dict()])
@pytest.mark.parametrize(
    ("protocol", "arguments"),
    [
        ("xenon-sftp", {"credential": PasswordCredential(username="u", password=SECRET)}),
        ("xenon", {"adaptor": "fsspec", "properties": {"fsspec.options.password": SECRET}}),
    ],
    ids=["credential", "property"],
)
def test_secrets_are_not_pickled(protocol: str, arguments: dict[str, Any], use: Any) -> None:
    location = "host" if protocol == "xenon-sftp" else "memory://"
    made = fsspec.filesystem(protocol, location=location, **arguments)
    with pytest.raises((InvalidCredentialException, InvalidPropertyException)) as caught:
        use(made)
    assert SECRET not in f"{caught.value!r} {caught.value} {made!r} {made._connection!r}"


def test_names_of_secrets_are_pickled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FACE_PASSWORD", SECRET)
    made = fsspec.filesystem(
        "xenon-sftp", location="host", username="u", password_env="FACE_PASSWORD"
    )
    again = pickle.loads(pickle.dumps(made))
    assert again == made
    assert SECRET.encode() not in pickle.dumps(made)
    assert fsspec.AbstractFileSystem.from_json(made.to_json()).storage_options == {
        "location": "host",
        "username": "u",
        "password_env": "FACE_PASSWORD",
    }
    assert again._login.credential_now().password == SECRET
    monkeypatch.delenv("FACE_PASSWORD")
    with pytest.raises(InvalidCredentialException, match="FACE_PASSWORD"):
        made.exists("/x")


def test_failing_to_ask_is_not_the_answer_no() -> None:
    fs = fsspec.filesystem("xenon-ftp", location="127.0.0.1:9")
    for ask in (fs.exists, fs.isdir, fs.isfile, fs.info, fs.ls):
        with pytest.raises(NotConnectedException) as caught:
            ask("/x")
        assert isinstance(caught.value, ConnectionError)


# what is written


def test_nothing_is_stored_when_a_block_ends_in_an_exception(fs: Any, tmp_path: Path) -> None:
    url = f"xenon-file://{tmp_path}/file"
    opened = [
        lambda mode: fs.open(url, mode),
        lambda mode: fsspec.open(url, mode),
        lambda mode: fsspec.open(url, mode, compression="gzip"),
        lambda mode: contextlib.closing(fs.open(url, mode)),
    ]
    for before in (None, b"as before"):
        if before:
            (tmp_path / "file").write_bytes(before)
        for opening in opened:
            for mode, data in (("wb", b"half"), ("w", "half")):
                with pytest.raises(BrokenError), opening(mode) as file:
                    file.write(data)
                    file.flush()
                    raise BrokenError
        assert content_of(tmp_path) == ({"file": before} if before else {})


def test_a_file_is_stored_while_an_exception_is_handled(fs: Any, tmp_path: Path) -> None:
    url = f"xenon-file://{tmp_path}"
    try:
        raise BrokenError
    except BrokenError:
        with fs.open(f"{url}/one", "wb") as file:
            file.write(b"1")
        with fsspec.open(f"{url}/two", "w") as file:
            file.write("2")
    file = fs.open(f"{url}/three", "wb")
    try:
        raise BrokenError
    except BrokenError:
        file.write(b"3")
        file.close()
    assert content_of(tmp_path) == {"one": b"1", "two": b"2", "three": b"3"}


def test_transactions(fs: Any, tmp_path: Path) -> None:
    (tmp_path / "old").write_bytes(b"before")
    (tmp_path / "old").chmod(0o640)
    with fs.transaction:
        fs.pipe({f"{tmp_path}/old": b"after", f"{tmp_path}/deep/er/new": b"new"})
        (waiting,) = tmp_path.glob(".old.*")
        assert stat.S_IMODE(waiting.stat().st_mode) == 0o640
        with fs.open(f"{tmp_path}/text", "w") as file:
            file.write("text")
        assert (tmp_path / "old").read_bytes() == b"before"
        assert not (tmp_path / "text").exists()
        assert list((tmp_path / "deep/er").glob("new")) == []
        with pytest.raises(NotImplementedError):
            fs.open(f"{tmp_path}/old", "ab")
    assert content_of(tmp_path) == {"old": b"after", "text": b"text"}
    assert content_of(tmp_path / "deep/er") == {"new": b"new"}
    assert stat.S_IMODE((tmp_path / "old").stat().st_mode) == 0o640


def test_a_transaction_that_fails_leaves_nothing(fs: Any, tmp_path: Path) -> None:
    (tmp_path / "old").write_bytes(b"before")
    with pytest.raises(BrokenError), fs.transaction:
        fs.pipe(f"{tmp_path}/old", b"after")
        unfinished = fs.open(f"{tmp_path}/new", "wb")
        unfinished.write(b"half")
        raise BrokenError
    assert content_of(tmp_path) == {"old": b"before"}


def test_an_exclusive_file_of_a_transaction(fs: Any, tmp_path: Path) -> None:
    with pytest.raises(FileExistsError), fs.transaction:
        fs.pipe_file(f"{tmp_path}/new", b"ours", mode="create")
        (tmp_path / "new").write_bytes(b"theirs")
    assert content_of(tmp_path) == {"new": b"theirs"}
    with pytest.raises(FileExistsError), fs.transaction:
        fs.pipe_file(f"{tmp_path}/new", b"ours", mode="create")
    assert content_of(tmp_path) == {"new": b"theirs"}


def test_appending(fs: Any, tmp_path: Path) -> None:
    for data in (b"one ", b"two"):
        with fs.open(f"{tmp_path}/file", "ab") as file:
            file.write(data)
    assert content_of(tmp_path) == {"file": b"one two"}


@pytest.mark.parametrize(
    ("name", "mode", "error"),
    [
        ("missing", "rb", FileNotFoundError),
        ("missing/below", "rb", FileNotFoundError),
        ("dir", "rb", IsADirectoryError),
        ("dir", "wb", IsADirectoryError),
        ("file", "xb", FileExistsError),
        ("file/below", "wb", OSError),
        ("file", "r+b", ValueError),
    ],
)
def test_errors_of_open(
    fs: Any, tmp_path: Path, name: str, mode: str, error: type[Exception]
) -> None:
    (tmp_path / "dir").mkdir()
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(error):
        fs.open(f"{tmp_path}/{name}", mode)


def test_other_errors(fs: Any, tmp_path: Path) -> None:
    (tmp_path / "dir/sub").mkdir(parents=True)
    (tmp_path / "file").write_bytes(b"")
    for action, error in [
        (lambda: fs.mkdir(f"{tmp_path}/dir"), FileExistsError),
        (lambda: fs.mkdir(f"{tmp_path}/no/dir", create_parents=False), FileNotFoundError),
        (lambda: fs.makedirs(f"{tmp_path}/dir"), FileExistsError),
        (lambda: fs.makedirs(f"{tmp_path}/file", exist_ok=True), FileExistsError),
        (lambda: fs.rmdir(f"{tmp_path}/dir"), OSError),
        (lambda: fs.rmdir(f"{tmp_path}/file"), OSError),
        (lambda: fs.rm(f"{tmp_path}/dir"), OSError),
        (lambda: fs.rm(f"{tmp_path}/missing"), FileNotFoundError),
        (lambda: fs.cat(f"{tmp_path}/missing"), FileNotFoundError),
        (lambda: fs.cat_file(f"{tmp_path}/dir"), IsADirectoryError),
        (lambda: fs.info(f"{tmp_path}/missing"), FileNotFoundError),
        (lambda: fs.ls(f"{tmp_path}/missing"), FileNotFoundError),
        (lambda: fs.mv(f"{tmp_path}/missing", f"{tmp_path}/x"), FileNotFoundError),
        (lambda: fs.get(f"{tmp_path}/missing", f"{tmp_path}/x"), FileNotFoundError),
        (lambda: fs.cp_file(f"{tmp_path}/missing", f"{tmp_path}/x"), FileNotFoundError),
    ]:
        with pytest.raises(error):
            action()
    assert sorted(os.listdir(tmp_path)) == ["dir", "file"]


def test_moving(fs: Any, tmp_path: Path) -> None:
    fs.pipe({f"{tmp_path}/a": b"a", f"{tmp_path}/b": b"b", f"{tmp_path}/d/x": b"x"})
    fs.mv(f"{tmp_path}/a", f"{tmp_path}/b")
    assert content_of(tmp_path) == {"b": b"a"}
    fs.mv(f"{tmp_path}/b", f"{tmp_path}/d/")
    assert content_of(tmp_path / "d") == {"b": b"a", "x": b"x"}
    fs.mv(f"{tmp_path}/d", f"{tmp_path}/new/parent", recursive=True)
    assert content_of(tmp_path / "new/parent") == {"b": b"a", "x": b"x"}
    fs.mv(f"{tmp_path}/new/parent/[bx]", f"{tmp_path}/new", recursive=True)
    assert content_of(tmp_path / "new") == {"b": b"a", "x": b"x"}


# looking and reading


def test_info(fs: Any, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"12345")
    (tmp_path / "file").chmod(0o640)
    os.utime(tmp_path / "file", (1_000_000, 2_000_000.5))
    told = fs.info(f"{tmp_path}/file")
    assert told["name"] == f"{tmp_path}/file"
    assert (told["size"], told["type"], told["islink"]) == (5, "file", False)
    assert told["mode"] == stat.S_IFREG | 0o640
    assert told["mtime"] == 2_000_000.5
    assert fs.modified(f"{tmp_path}/file").timestamp() == 2_000_000.5
    assert fs.modified(f"{tmp_path}/file").tzinfo is not None
    assert fs.info(f"{tmp_path}/")["type"] == "directory"
    assert fs.info("/")["name"] == "/"
    assert fs.ls(f"{tmp_path}/file") == [told]
    assert fs.ls(str(tmp_path), detail=False) == [f"{tmp_path}/file"]


def test_links(fs: Any, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    tree = tmp_path / "tree"
    for directory in (outside, tree):
        directory.mkdir()
    (outside / "kept").write_bytes(b"kept")
    (tree / "file").write_bytes(b"data")
    for name, target in [
        ("to-file", "file"),
        ("to-dir", "../outside"),
        ("circle", "."),
        ("dangling", "nowhere"),
        ("loop", "loop"),
    ]:
        (tree / name).symlink_to(target)
    told = {one["name"].rpartition("/")[2]: one["type"] for one in fs.ls(str(tree))}
    links = dict.fromkeys(["to-dir", "circle", "dangling", "loop"], "link")
    assert told == {"file": "file", "to-file": "file", **links}
    assert fs.info(f"{tree}/to-file")["destination"] == f"{tree}/file"
    assert fs.isfile(f"{tree}/to-file")
    assert fs.islink(f"{tree}/to-file")
    assert fs.isdir(f"{tree}/to-dir")
    assert fs.cat(f"{tree}/to-file") == b"data"
    assert fs.ls(f"{tree}/to-dir", detail=False) == [f"{tree}/to-dir/kept"]
    assert len(fs.find(str(tree))) == 6
    fs.cp_file(f"{tree}/to-file", f"{tmp_path}/copied")
    fs.get_file(f"{tree}/to-file", f"{tmp_path}/got")
    assert not (tmp_path / "copied").is_symlink()
    assert content_of(tmp_path) == {"copied": b"data", "got": b"data"}
    fs.rm(f"{tree}/to-dir", recursive=True)
    fs.symlink("../outside", f"{tree}/to-dir")
    fs.rm(str(tree), recursive=True)
    assert content_of(outside) == {"kept": b"kept"}
    assert not tree.exists()


def test_ranges(fs: Any, tmp_path: Path) -> None:
    data = bytes(range(256)) * 4000
    path = f"{tmp_path}/file"
    fs.pipe_file(path, data)
    for start, end in [(None, None), (5, 9), (-7, None), (-7, -2), (0, 0), (9, 5), (10**7, None)]:
        assert fs.cat_file(path, start, end) == data[start:end]
    found = fs.cat_ranges([path, path, f"{path}-missing"], [0, 500_000, 0], [4, 700_000, 5])
    assert found[:2] == [data[:4], data[500_000:700_000]]
    assert isinstance(found[2], FileNotFoundError)
    assert fs.cat_ranges([path] * 3, 1, 3) == [data[1:3]] * 3
    with pytest.raises(FileNotFoundError):
        fs.cat_ranges([f"{path}-missing"], 0, 1, on_error="raise")
    assert fs.read_block(path, 3, 9) == data[3:12]
    assert fs.head(path, 3) == data[:3]
    assert fs.tail(path, 3) == data[-3:]


@pytest.mark.parametrize("cache_type", [None, "none", "readahead", "bytes", "all", "blockcache"])
def test_open_files_read_at_random(fs: Any, tmp_path: Path, cache_type: str | None) -> None:
    data = bytes(range(251)) * 9000
    fs.pipe_file(f"{tmp_path}/file", data)
    options = {} if cache_type is None else {"cache_type": cache_type}
    with fs.open(f"{tmp_path}/file", block_size=70_000, **options) as file:
        assert file.size == len(data)
        for at, size in [(0, 10), (2_000_000, 100), (50, 5), (len(data) - 3, 100), (1_000, 90_000)]:
            assert file.seek(at) == at
            assert file.read(size) == data[at : at + size]
        file.seek(-5, 2)
        assert file.read() == data[-5:]


def test_many_at_once(fs: Any, tmp_path: Path) -> None:
    files = {f"{tmp_path}/dir/{n}": str(n).encode() * n for n in range(50)}
    fs.pipe(files)
    assert fs.cat(list(files)) == files
    assert fs.cat(f"{tmp_path}/dir/*") == files
    assert fs.cat(f"{tmp_path}/dir", recursive=True, on_error="omit") == files
    with pytest.raises(FileNotFoundError):
        fs.cat([*files, f"{tmp_path}/missing"])
    told = fs.cat([*files, f"{tmp_path}/missing"], on_error="return")
    assert isinstance(told[f"{tmp_path}/missing"], FileNotFoundError)


def test_progress_of_get_and_put(fs: Any, tmp_path: Path) -> None:
    (tmp_path / "local").write_bytes(bytes(300_000))
    for copy in (fs.put_file, fs.get_file):
        callback = Callback()
        copy(f"{tmp_path}/local", f"{tmp_path}/{copy.__name__}/target", callback=callback)
        assert (callback.size, callback.value) == (300_000, 300_000)
        assert (tmp_path / copy.__name__ / "target").stat().st_size == 300_000
    with pytest.raises(FileExistsError):
        fs.put_file(f"{tmp_path}/local", f"{tmp_path}/put_file/target", mode="create")


# processes, threads, closing


def _reads(fs: Any, path: str, answers: Any) -> None:
    fs.pipe_file(f"{path}-{os.getpid()}", b"from the child")
    answers.put((os.getpid(), fs.cat(path)))


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_other_processes(fs: Any, tmp_path: Path, method: Any) -> None:
    fs.pipe_file(f"{tmp_path}/file", b"data")
    context = multiprocessing.get_context(method)
    answers = context.Queue()
    for given in (fs, fs.files.as_fsspec()):
        child = context.Process(target=_reads, args=(given, f"{tmp_path}/file", answers))
        child.start()
        pid, data = answers.get(timeout=60)
        child.join()
        assert (data, child.exitcode, pid != os.getpid()) == (b"data", 0, True)
        assert fs.cat(f"{tmp_path}/file-{pid}") == b"from the child"


def test_threads_share_the_connection(fs: Any, tmp_path: Path) -> None:
    found = []
    other = threading.Thread(target=lambda: found.append(fsspec.filesystem("xenon-file")))
    other.start()
    other.join()
    assert found[0] is not fs
    assert found[0].files is fs.files


def test_closing_and_using_again(fs: Any, tmp_path: Path) -> None:
    with fs:
        first = fs.files
        fs.pipe_file(f"{tmp_path}/file", b"data")
    assert not first.is_open()
    assert fs.cat(f"{tmp_path}/file") == b"data"
    assert fs.files is not first


def test_as_fsspec(tmp_path: Path) -> None:
    with FileSystem.create("file", str(tmp_path)) as files:
        face = files.as_fsspec()
        assert type(face) is XenonFileFileSystem
        assert face.files is files
        face.pipe_file(f"{tmp_path}/file", b"data")
        again = pickle.loads(pickle.dumps(face))
        assert b"".join(files.read_from_file("file")) == b"data"
    with pytest.raises(FileSystemClosedException):
        face.exists(f"{tmp_path}/file")
    assert again.cat(f"{tmp_path}/file") == b"data"


def test_as_fsspec_of_an_adaptor_without_a_protocol() -> None:
    with FileSystem.create("fsspec", "memory://") as files:
        face = files.as_fsspec()
        assert type(face) is XenonFileSystem
        face.pipe_file("/as-fsspec/file", b"data")
        face.mv("/as-fsspec/file", "/as-fsspec/moved")  # it cannot rename
        with pytest.raises(BrokenError), face.transaction:
            face.pipe_file("/as-fsspec/moved", b"never")
            raise BrokenError
        with face.transaction:
            face.pipe_file("/as-fsspec/other", b"later")
        found = face.cat("/as-fsspec/*")
        assert found == {"/as-fsspec/moved": b"data", "/as-fsspec/other": b"later"}
        again = pickle.loads(pickle.dumps(face))
        assert again.cat("/as-fsspec/moved") == b"data"
        again.close()


def test_a_file_that_is_read_may_be_pickled(fs: Any, tmp_path: Path) -> None:
    fs.pipe_file(f"{tmp_path}/file", b"0123456789")
    with fs.open(f"{tmp_path}/file") as file:
        assert file.read(4) == b"0123"
        with pickle.loads(pickle.dumps(file)) as again:
            assert again.read() == b"456789"
        assert file.read() == b"456789"
    with fs.open(f"{tmp_path}/new", "wb") as file, pytest.raises(TypeError):
        pickle.dumps(file)


def test_touching(fs: Any, tmp_path: Path) -> None:
    fs.touch(f"{tmp_path}/dir/file", truncate=False)
    assert fs.cat_file(f"{tmp_path}/dir/file") == b""
    fs.pipe_file(f"{tmp_path}/dir/file", b"data")
    with pytest.raises(NotImplementedError, match="left as it is"):
        fs.touch(f"{tmp_path}/dir/file", truncate=False)
    assert fs.cat_file(f"{tmp_path}/dir/file") == b"data"
    fs.touch(f"{tmp_path}/dir/file")
    assert fs.cat_file(f"{tmp_path}/dir/file") == b""
