"""The ``fsspec`` adaptor: locations, options, credentials, what is found out, odd answers."""

from __future__ import annotations

import datetime
import functools
import json
import pathlib
import tarfile
import threading
import zipfile
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from importlib.util import find_spec
from typing import Any

import fsspec
import pytest
from fsspec.implementations.memory import MemoryFileSystem

from xenon_adaptors.fsspec_protocol.failures import Failures
from xenon_adaptors.fsspec_protocol.opening import option_value
from xenon_adaptors.fsspec_protocol.places import milliseconds
from xenon_py import CopyMode, FileSystem, PasswordCredential, PosixFilePermission
from xenon_py.exceptions import (
    InvalidCredentialException,
    InvalidLocationException,
    InvalidPathException,
    InvalidPropertyException,
    MissingDependencyException,
    NoSuchPathException,
    UnsupportedOperationException,
    XenonException,
    XenonTimeoutException,
)


class Hostile(MemoryFileSystem):
    """Lists what a server should not."""

    protocol = "hostile"
    entries: tuple[str, ...] = ()

    def __init__(self, password: str = "", username: str = "", **options: Any) -> None:
        super().__init__(**options)
        self.password = password
        self.username = username

    @classmethod
    def _strip_protocol(cls, path: str) -> str:
        return super()._strip_protocol(path.removeprefix("hostile://"))

    def info(self, path: str, **kwargs: Any) -> dict[str, Any]:
        if path.endswith("/fails"):
            raise RuntimeError(f"cannot log in with {self.password}")
        return {"name": path, "type": "directory", "size": 0}

    def ls(self, path: str, detail: bool = True, **kwargs: Any) -> list[dict[str, Any]]:
        return [{"name": name, "type": "file", "size": 1} for name in self.entries]


@pytest.fixture
def hostile() -> type[Hostile]:
    fsspec.register_implementation("hostile", Hostile, clobber=True)
    return Hostile


@pytest.mark.parametrize(
    ("location", "start"),
    [
        ("memory", "/"),
        ("memory://", "/"),
        ("memory://start-here", "/start-here"),
        ("dir::memory://start-here", "/"),
        ("simplecache::memory://start-here", "/start-here"),
    ],
)
def test_locations(location: str, start: str) -> None:
    fsspec.filesystem("memory").pipe_file("/start-here/in/a-file", b"content")
    with FileSystem.create("fsspec", location=location) as fs:
        assert str(fs.get_working_directory()) == start
        inside = "in/a-file" if start != "/" or "dir" in location else "start-here/in/a-file"
        assert b"".join(fs.read_from_file(inside)) == b"content"


@pytest.mark.parametrize("location", [None, "", "/dir", "no-such-protocol://x", "no such thing"])
def test_locations_that_are_none(location: str | None) -> None:
    with pytest.raises(InvalidLocationException):
        FileSystem.create("fsspec", location=location)


def test_a_location_that_leads_nowhere_or_to_a_file(tmp_path: pathlib.Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(NoSuchPathException):
        FileSystem.create("fsspec", location=f"file://{tmp_path}/missing")
    with pytest.raises(InvalidPathException):
        FileSystem.create("fsspec", location=f"file://{tmp_path}/file")


def test_the_protocol_property_replaces_the_scheme(tmp_path: pathlib.Path) -> None:
    properties = {"fsspec.protocol": "file"}
    with FileSystem.create("fsspec", f"nothing://{tmp_path}", properties) as fs:
        assert fs.get_working_directory().as_posix() == str(tmp_path)


def test_options_reach_the_implementation(tmp_path: pathlib.Path) -> None:
    properties = {"fsspec.options.auto_mkdir": "true"}
    with FileSystem.create("fsspec", f"file://{tmp_path}", properties) as fs:
        backend = fs._session.adaptor._backend  # type: ignore[attr-defined]
        assert backend.auto_mkdir is True


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("port", "22", 22),
        ("anon", "true", True),
        ("client_kwargs", '{"region_name": "x"}', {"region_name": "x"}),
        ("endpoint_url", "https://host", "https://host"),
        ("password", "12345", "12345"),
        ("token", "true", "true"),
        ("name", '"12"', "12"),
    ],
)
def test_option_values(name: str, text: str, value: object) -> None:
    assert option_value(name, text) == value
    assert type(option_value(name, text)) is type(value)


def test_options_that_are_not_taken() -> None:
    class Strict(MemoryFileSystem):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()

    fsspec.register_implementation("strict", Strict, clobber=True)
    with pytest.raises(InvalidPropertyException, match="nope"):
        FileSystem.create("fsspec", "strict://", {"fsspec.options.nope": "1"})


def test_a_password_is_handed_on_where_it_is_known_how(hostile: type[Hostile]) -> None:
    credential = PasswordCredential(username="me", password="S3cret")
    with FileSystem.create("fsspec", "hostile://", password_credential=credential) as fs:
        backend = fs._session.adaptor._backend  # type: ignore[attr-defined]
        assert (backend.username, backend.password) == ("me", "S3cret")
    with pytest.raises(InvalidCredentialException, match=r"fsspec\.options"):
        FileSystem.create("fsspec", "memory://", password_credential=credential)


@pytest.mark.parametrize("by_property", [True, False])
def test_secrets_in_foreign_exceptions_are_not_shown(
    hostile: type[Hostile], by_property: bool
) -> None:
    credential = PasswordCredential(username="me", password="S3cret")
    given: dict[str, Any] = {"password_credential": credential}
    if by_property:
        given = {"properties": {"fsspec.options.password": "S3cret"}}
    with FileSystem.create("fsspec", "hostile://", **given) as fs:
        with pytest.raises(XenonException) as caught:
            fs.exists("/fails")
        assert "S3cret" not in repr(fs.get_properties()) + repr(fs)
    assert "***" in str(caught.value)
    assert caught.value.__cause__ is None


@pytest.mark.parametrize("name", ["/d/../x", "/d/a/b", "/elsewhere/x"])
def test_hostile_names_are_refused(hostile: type[Hostile], name: str) -> None:
    hostile.entries = (name,)
    with FileSystem.create("fsspec", "hostile://") as fs, pytest.raises(XenonException):
        list(fs.list("/d", False))


def test_what_can_be_done_is_found_out(tmp_path: pathlib.Path) -> None:
    with FileSystem.create("fsspec", "memory://") as memory:
        told = memory.get_description()
    assert (told.supports_rename, told.can_append, told.can_copy_on_server) == (False, True, True)
    assert told.writes_atomically
    with FileSystem.create("fsspec", f"file://{tmp_path}") as local:
        told = local.get_description()
    assert (told.supports_rename, told.can_append, told.can_copy_on_server) == (True, True, True)
    assert told.can_replace_by_rename
    assert told.supports_setting_posix_permissions


def test_an_archive_is_read_only(tmp_path: pathlib.Path) -> None:
    with zipfile.ZipFile(tmp_path / "some.zip", "w") as archive:
        archive.writestr("in/a.txt", "alpha")
        archive.writestr("in/[b]*.txt", "beta")
    with FileSystem.create("fsspec", f"zip::file://{tmp_path}/some.zip") as fs:
        told = fs.get_description()
        assert not any((told.supports_rename, told.can_append, told.can_copy_on_server))
        assert sorted(one.path.name for one in fs.list("/in", False)) == ["[b]*.txt", "a.txt"]
        assert b"".join(fs.read_from_file("/in/[b]*.txt")) == b"beta"
        with fs.open("/in/a.txt") as stream:
            assert stream.seek(2) == 2
            assert stream.read() == b"pha"
        for change in (
            lambda: fs.write_to_file("/in/new", [b"data"]),
            lambda: fs.create_directory("/new"),
            lambda: fs.delete("/in/a.txt"),
            lambda: fs.rename("/in/a.txt", "/b"),
        ):
            with pytest.raises(UnsupportedOperationException):
                change()
        with FileSystem.create("file", str(tmp_path)) as local:
            copied = fs.copy("/in", local, tmp_path / "out", CopyMode.CREATE, True).wait()
            assert copied.done
    assert (tmp_path / "out/[b]*.txt").read_text() == "beta"


def test_links_on_the_local_disk(tmp_path: pathlib.Path) -> None:
    (tmp_path / "file").write_bytes(b"data")
    (tmp_path / "link").symlink_to("file")
    (tmp_path / "dangling").symlink_to("nowhere")
    with FileSystem.create("fsspec", f"file://{tmp_path}") as fs:
        for name, target in (("link", "file"), ("dangling", "nowhere")):
            assert fs.get_attributes(name).is_symbolic_link
            assert str(fs.read_symbolic_link(name)) == target
        fs.delete("dangling")
        assert b"".join(fs.read_from_file("link")) == b"data"
    assert not (tmp_path / "dangling").is_symlink()


def test_closing_ends_the_implementation_and_not_that_of_others(tmp_path: pathlib.Path) -> None:
    with zipfile.ZipFile(tmp_path / "some.zip", "w") as archive:
        archive.writestr("a", "alpha")
    url = f"zip::file://{tmp_path}/some.zip"
    theirs = fsspec.url_to_fs(url)[0]
    fs = FileSystem.create("fsspec", url)
    ours = fs._session.adaptor._backend  # type: ignore[attr-defined]
    assert ours is not theirs
    fs.close()
    assert ours.zip.fp is None
    assert theirs.cat_file("a") == b"alpha"
    theirs.close()
    type(theirs).clear_instance_cache()


def test_an_unfinished_buffered_file_is_not_stored() -> None:
    stored: list[bytes] = []

    class Uploading(fsspec.spec.AbstractBufferedFile):  # type: ignore[misc]
        def _upload_chunk(self, final: bool = False) -> bool:
            stored.append(self.buffer.getvalue())
            return True

        def _initiate_upload(self) -> None:
            pass

    class Store(MemoryFileSystem):  # type: ignore[misc]
        protocol = "s3"

        @classmethod
        def _strip_protocol(cls, path: str) -> str:
            return super()._strip_protocol(path.removeprefix("memory2://"))

        def _open(self, path: str, mode: str = "rb", **kwargs: Any) -> Uploading:
            return Uploading(self, path, mode)

    fsspec.register_implementation("memory2", Store, clobber=True)
    with FileSystem.create("fsspec", "memory2") as fs:
        with pytest.raises(KeyError), fs.open("/file", "wb") as stream:
            stream.write(b"half")
            raise KeyError
        assert stored == []
        with fs.open("/file", "wb") as stream:
            stream.write(b"whole")
    assert stored == [b"whole"]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (1.5, 1500),
        (datetime.datetime(1970, 1, 1, 0, 0, 2), 2000),  # some tell no zone
        (datetime.datetime(1970, 1, 1, 0, 0, 2, tzinfo=datetime.timezone.utc), 2000),
        ("19700101000003", 3000),
        ("1970-01-01T00:00:04Z", 4000),
        ("yesterday", 0),
        (None, 0),
        (True, 0),
        (float("nan"), 0),
    ],
)
def test_times(value: object, expected: int) -> None:
    assert milliseconds(value) == expected


def test_a_tree_is_not_copied_into_itself_through_two_adaptors(tmp_path: pathlib.Path) -> None:
    (tmp_path / "tree/deep").mkdir(parents=True)
    (tmp_path / "tree/file").write_text("x")
    target = f"{tmp_path}/tree/deep/new"
    with (
        FileSystem.create("file") as here,
        FileSystem.create("fsspec", f"file://{tmp_path}") as there,
    ):
        for source, destination in ((here, there), (there, here)):
            status = source.copy(f"{tmp_path}/tree", destination, target, recursive=True).wait()
            assert isinstance(status.error, InvalidPathException)
            assert "same place" in status.error_message
            assert not list((tmp_path / "tree/deep").iterdir())


def test_a_path_below_that_of_the_source_elsewhere_is_taken(tmp_path: pathlib.Path) -> None:
    (tmp_path / "tree").mkdir()
    with FileSystem.create("file") as here, FileSystem.create("fsspec", "memory://") as there:
        there.create_directories(f"{tmp_path}/tree")
        there.write_to_file(f"{tmp_path}/tree/file", [b"x"])
        status = there.copy(f"{tmp_path}/tree", here, f"{tmp_path}/tree/new", recursive=True).wait()
        assert status.error is None
    assert (tmp_path / "tree/new/file").read_bytes() == b"x"


def test_exceptions_without_numbers() -> None:
    for error, expected in [
        (FileNotFoundError("x"), NoSuchPathException),
        (NotImplementedError(), UnsupportedOperationException),
        (fsspec.exceptions.FSTimeoutError(), XenonTimeoutException),
        (OSError("Failure"), XenonException),
        (KeyError("x"), XenonException),
    ]:
        with pytest.raises(expected) as caught, Failures().told("/p"):
            raise error
        assert type(caught.value) is expected


def test_other_read_only_places(tmp_path: pathlib.Path) -> None:
    (tmp_path / "a").write_bytes(b"alpha")
    with tarfile.open(tmp_path / "some.tar.gz", "w:gz") as archive:
        archive.add(tmp_path / "a", "in/a")
    (tmp_path / "ref.json").write_text(json.dumps({"in/a": [f"file://{tmp_path}/a", 0, 5]}))
    reference = {
        "fsspec.options.fo": str(tmp_path / "ref.json"),
        "fsspec.options.remote_protocol": "file",
    }
    for location, properties in [
        (f"tar://::file://{tmp_path}/some.tar.gz", {}),
        ("reference://", reference),
    ]:
        with FileSystem.create("fsspec", location, properties) as fs:
            assert [str(one.path) for one in fs.list("/", True)] == ["/in", "/in/a"]
            assert fs.read_files(["/in/a"]) == [b"alpha"]
            with pytest.raises(UnsupportedOperationException, match="cannot write"):
                fs.write_to_file("/in/b", [b"data"])


def test_pages_of_the_web(tmp_path: pathlib.Path) -> None:
    pytest.importorskip("aiohttp")
    (tmp_path / "page").write_bytes(b"alpha")
    serving = functools.partial(SimpleHTTPRequestHandler, directory=str(tmp_path))
    with ThreadingHTTPServer(("127.0.0.1", 0), serving) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        with FileSystem.create("fsspec", f"http://127.0.0.1:{server.server_port}/") as fs:
            assert b"".join(fs.read_from_file("page")) == b"alpha"
            assert fs.get_attributes("page").size == 5
            assert not fs.exists("gone")
            with pytest.raises(UnsupportedOperationException, match="cannot write"):
                fs.write_to_file("new", [b"data"])
        server.shutdown()


@pytest.mark.parametrize("wrapper", ["dir", "simplecache"])
def test_wrappers(tmp_path: pathlib.Path, wrapper: str) -> None:
    """They have some calls of the file system behind them and lack others."""
    options = {"fsspec.options.path": str(tmp_path)} if wrapper == "dir" else {}
    with FileSystem.create("fsspec", f"{wrapper}::file://{tmp_path}", options) as fs:
        fs.create_directory("new")
        fs.write_to_file("new/file", [b"data"])
        fs.rename("new/file", "moved")
        assert b"".join(fs.read_from_file("moved")) == b"data"
        assert not fs.exists("gone")
        if fs.get_description().supports_setting_posix_permissions:
            fs.set_posix_file_permissions("moved", [PosixFilePermission.OWNER_READ])
        fs.delete("new")
    assert [path.name for path in tmp_path.iterdir()] == ["moved"]


@pytest.mark.parametrize(
    ("location", "properties", "error", "hint"),
    [
        ("fiel:///tmp", {}, InvalidLocationException, "do you mean 'file'"),
        (
            "file:///",
            {"fsspec.options.auto_mkdirs": "1"},
            InvalidPropertyException,
            "do you mean fsspec.options.auto_mkdir?",
        ),
        ("github://", {}, InvalidPropertyException, "'org' and 'repo'"),
        ("zip://", {"fsspec.options.fo": "/no/such.zip"}, NoSuchPathException, "/no/such.zip"),
    ],
)
def test_what_is_wrong_is_told(
    location: str, properties: dict[str, str], error: type[XenonException], hint: str
) -> None:
    with pytest.raises(error) as caught:
        FileSystem.create("fsspec", location, properties)
    assert hint in caught.value.msg


def test_a_missing_package_is_named() -> None:
    missing = next(
        name for name, package in (("gs", "gcsfs"), ("oss", "ossfs")) if not find_spec(package)
    )
    with pytest.raises(MissingDependencyException, match="nstall"):
        FileSystem.create("fsspec", f"{missing}://bucket")
