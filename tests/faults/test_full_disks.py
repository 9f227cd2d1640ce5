"""Real FTP and WebDAV servers whose disk is full: nothing partial is left under its name.

Of these servers only Apache tells what failed (507). nginx leaves files of its own behind.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from services.fixtures import Services
from services.webdav import ApacheService, LighttpdService, NginxService
from support import ftp, webdav
from support.disks import small_disk
from xenon_py import FileSystem
from xenon_py import exceptions as e

MB = 1_000_000
WEB = {"apache": ApacheService, "nginx": NginxService, "lighttpd": LighttpdService}


class Disk(NamedTuple):
    """A small disk, as its server shows it and as this machine does."""

    fs: FileSystem
    there: str
    here: Path
    full: type[e.XenonException]


@pytest.fixture(params=["proftpd_ftp", "vsftpd", *WEB])
def disk(request: pytest.FixtureRequest, services: Services) -> Iterator[Disk]:
    services.require_native()
    server = request.getfixturevalue(request.param)
    with contextlib.ExitStack() as stack:
        if request.param in WEB:
            root = WEB[request.param]().directory / "dav"
            fs, base = stack.enter_context(webdav.connect(server, server.basic)), server.basic
        else:
            root = Path(server.directory)
            fs, base = stack.enter_context(ftp.connect(server)), server.directory
        here = stack.enter_context(small_disk(root))
        full = e.NoSpaceException if request.param == "apache" else e.XenonException
        yield Disk(fs, f"{base}/{here.name}", here, full)


def names(directory: Path) -> list[str]:
    return [path.name for path in directory.iterdir()]


def test_a_large_file(disk: Disk) -> None:
    with pytest.raises(disk.full) as caught:
        disk.fs.write_to_file(f"{disk.there}/big", [bytes(MB)] * 20)
    assert not isinstance(caught.value, e.PermissionDeniedException)
    assert "big" not in names(disk.here)
    assert not [name for name in names(disk.here) if name.endswith(".part")]
    for left in disk.here.iterdir():
        left.unlink()
    disk.fs.write_to_file(f"{disk.there}/small", [b"fits"])
    assert (disk.here / "small").read_bytes() == b"fits"


def test_a_tree_of_small_files(disk: Disk, tmp_path: Path) -> None:
    for number in range(100):
        (tmp_path / f"{number:03}").write_bytes(bytes(60_000))
    with FileSystem.create("file") as local:
        status = local.copy(tmp_path, disk.fs, f"{disk.there}/tree", recursive=True).wait(60_000)
    assert isinstance(status.error, disk.full)
    assert not isinstance(status.error, e.PermissionDeniedException)
    tree = disk.here / "tree"
    stored = [name for name in names(tree) if name.isdigit()]
    assert stored
    assert {(tree / name).stat().st_size for name in stored} == {60_000}
    assert not [name for name in names(tree) if name.endswith(".part")]
