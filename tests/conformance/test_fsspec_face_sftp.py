"""The fsspec face over a real SSH server: processes, lost connections, links, exceptions."""

from __future__ import annotations

import io
import multiprocessing
import os
import pickle
import uuid
import zipfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import fsspec
import pytest
from fsspec.generic import rsync
from fsspec.implementations.dirfs import DirFileSystem

from services.records import SshServer
from services.sshd import Sshd, SshdOptions
from support import fsspec_faces
from support.sftp import UNCHECKED


@pytest.fixture
def fs(sshd: SshServer, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A face that can be pickled: the password is in the environment."""
    monkeypatch.setenv("FACE_PASSWORD", sshd.password)
    return fsspec.filesystem(
        "xenon-sftp",
        location=sshd.location,
        username=sshd.user,
        password_env="FACE_PASSWORD",
        properties=UNCHECKED,
    )


@pytest.fixture
def top(fs: Any, sshd: SshServer) -> Iterator[str]:
    path = f"{sshd.home}/face-{uuid.uuid4().hex[:8]}"
    fs.mkdir(path)
    yield path
    fs.rm(path, recursive=True)


def _work(fs: Any, path: str) -> tuple[int, bytes]:
    fs.pipe_file(f"{path}-{os.getpid()}", b"from the child")
    return os.getpid(), fs.cat(path)


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_processes_connect_for_themselves(fs: Any, top: str, method: str) -> None:
    fs.pipe_file(f"{top}/file", b"data")
    with multiprocessing.get_context(method).Pool(2) as pool:
        results = pool.starmap(_work, [(fs, f"{top}/file")] * 4)
    assert {data for _, data in results} == {b"data"}
    for pid, _ in results:
        assert pid != os.getpid()
        assert fs.cat(f"{top}/file-{pid}") == b"from the child"


def test_a_pickle_is_enough(fs: Any, top: str, sshd: SshServer) -> None:
    fs.pipe_file(f"{top}/file", b"data")
    told = pickle.dumps(fsspec.open(f"xenon-sftp://{top}/file", **fs.storage_options))
    assert sshd.password.encode() not in told
    with pickle.loads(told) as file:
        assert file.read() == b"data"


def test_many_threads(fs: Any, top: str) -> None:
    files = {f"{top}/dir-{n % 3}/{n}": os.urandom(70_000) for n in range(60)}
    fs.pipe(files)
    assert fs.cat(list(files)) == files
    with ThreadPoolExecutor(12) as threads:
        for path, data in zip(files, threads.map(fs.cat_file, files), strict=True):
            assert data == files[path]


def test_a_lost_connection_is_made_anew(new_sshd: Callable[..., Sshd]) -> None:
    server = new_sshd()
    fs = fsspec_faces.sftp(server.server)
    home = server.server.home
    fs.pipe_file(f"{home}/file", b"data")
    server.kill_connections()
    for _ in range(3):  # what was under way may fail
        try:
            found = fs.cat(f"{home}/file")
            break
        except ConnectionError:
            continue
    assert found == b"data"
    fs.close()


def test_an_exception_leaves_nothing(fs: Any, top: str) -> None:
    fs.pipe_file(f"{top}/file", b"before")
    with (
        pytest.raises(KeyError),
        fsspec.open(f"xenon-sftp://{top}/file", "wb", **fs.storage_options) as file,
    ):
        file.write(bytes(1_000_000))
        raise KeyError
    with pytest.raises(KeyError), fs.transaction:
        fs.pipe_file(f"{top}/other", b"never")
        raise KeyError
    assert fs.ls(top, detail=False) == [f"{top}/file"]
    assert fs.cat(f"{top}/file") == b"before"


def test_links(fs: Any, top: str) -> None:
    fs.pipe_file(f"{top}/outside/kept", b"kept")
    fs.mkdir(f"{top}/tree")
    fs.symlink("../outside", f"{top}/tree/link")
    fs.symlink("../outside/kept", f"{top}/tree/to-file")
    assert {one["name"]: one["type"] for one in fs.ls(f"{top}/tree")} == {
        f"{top}/tree/link": "link",
        f"{top}/tree/to-file": "file",
    }
    assert fs.cat(f"{top}/tree/to-file") == b"kept"
    fs.rm(f"{top}/tree", recursive=True)
    assert fs.cat(f"{top}/outside/kept") == b"kept"


def test_errors(fs: Any, top: str) -> None:
    fs.mkdir(f"{top}/dir")
    with pytest.raises(FileNotFoundError):
        fs.open(f"{top}/missing")
    with pytest.raises(IsADirectoryError):
        fs.open(f"{top}/dir")
    with pytest.raises(FileExistsError):
        fs.mkdir(f"{top}/dir")
    with pytest.raises(PermissionError):
        fs.pipe_file("/etc/face-of-xenon", b"x")


def test_a_server_that_sets_no_permission_bits(new_sshd: Callable[..., Sshd]) -> None:
    """What is replaced would leave its bits to the new file; that they are refused is no loss."""
    program = "/usr/lib/openssh/sftp-server -P setstat,fsetstat"
    server = new_sshd(SshdOptions(sftp=program)).server
    with fsspec_faces.sftp(server) as fs:
        old = [f"{server.home}/{uuid.uuid4().hex[:8]}" for _ in range(3)]
        fs.pipe(dict.fromkeys(old, b"before"))
        with pytest.raises(PermissionError):
            fs.chmod(old[0], 0o600)
        with fs.transaction:
            fs.pipe_file(old[0], b"one")
        fs.pipe(dict.fromkeys(old[1:], b"two"))
        assert fs.cat(old) == dict(zip(old, (b"one", b"two", b"two"), strict=True))
        fs.mv(old[0], old[1])
        assert fs.cat_file(old[1]) == b"one"
        fs.rm(old[1:])


def test_chains_and_wrappers(fs: Any, top: str, tmp_path: Path) -> None:
    url, options = f"xenon-sftp://{top}", {"xenon-sftp": fs.storage_options}
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("inner", b"zipped")
    fs.pipe({f"{top}/file": b"data", f"{top}/archive.zip": packed.getvalue()})
    chains = {"simplecache::": "file", "filecache::": "file", "zip://inner::": "archive.zip"}
    for chain, name in chains.items():
        with fsspec.open(f"{chain}{url}/{name}", **options) as file:
            assert file.read() == (b"zipped" if "zip" in name else b"data")
    with fsspec.open(f"simplecache::{url}/written", "wb", **options) as file:
        file.write(b"by the cache")
    inside = DirFileSystem(top, fs)
    assert inside.cat(["file", "written"]) == {"file": b"data", "written": b"by the cache"}
    assert inside.glob("w*") == ["written"]
    part = fsspec.filesystem(
        "reference",
        fo={"key": [f"{url}/file", 1, 2]},
        remote_protocol="xenon-sftp",
        remote_options=fs.storage_options,
    )
    assert part.cat("key") == b"at"
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub/one").write_bytes(b"1")
    generic = {"default_method": "options", "storage_options": options}
    rsync(f"file://{tmp_path}", f"{url}/synced", inst_kwargs=generic)
    assert fs.cat(f"{top}/synced/sub/one") == b"1"
    mapper = fsspec.get_mapper(f"{url}/store", **fs.storage_options)
    mapper.setitems({"a": b"1", "b/c": b"2"})
    assert mapper.getitems(["a", "b/c", "gone"], on_error="omit") == {"a": b"1", "b/c": b"2"}
    mapper.delitems(["a"])
    assert list(mapper) == ["b/c"]
