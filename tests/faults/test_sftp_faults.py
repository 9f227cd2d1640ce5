"""What happens to SFTP when servers die, freeze, fill up, or change their mind."""

from __future__ import annotations

import errno
import os
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from services.daemon import descendants
from services.sshd import Sshd, SshdOptions
from support import disks
from support.paramiko_server import plain_server
from support.sftp import connect
from xenon_py import CopyMode, FileSystem
from xenon_py import exceptions as e

NewSshd = Callable[..., Sshd]
MB = 1_000_000
SOON = 20.0  # seconds within which every failure is told


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Path]:
    """A directory of the user on the server, which is this machine."""
    made = Path("/home/xenon") / f"faults-{os.getpid()}-{time.monotonic_ns()}"
    made.mkdir()
    subprocess.run(["chown", "xenon:", made], check=True)
    yield made
    subprocess.run(["rm", "-rf", made], check=True)


def slowly(size: int, begun: threading.Event) -> Iterator[bytes]:
    """Yield data for some seconds; tell after the first few."""
    for number in range(size // MB):
        if number == 8:
            begun.set()
        if number >= 8:
            time.sleep(0.05)
        yield bytes(MB)


class Background(threading.Thread):
    """Does something and keeps its error."""

    def __init__(self, work: Callable[[], object]) -> None:
        super().__init__(daemon=True)
        self._work = work
        self.error: BaseException | None = None
        self.start()

    def run(self) -> None:
        try:
            self._work()
        except BaseException as error:
            self.error = error

    def outcome(self, within: float = SOON) -> BaseException | None:
        self.join(within)
        assert not self.is_alive(), f"still at work after {within} s"
        return self.error


def kill_sftp_servers(sshd: Sshd) -> None:
    """Kill the sftp-server processes; the connections stay."""
    victims = [info.pid for info in _below(sshd) if info.command == "sftp-server"]
    assert victims
    for pid in victims:
        os.kill(pid, 9)


def _below(sshd: Sshd) -> list[object]:
    pid = sshd._daemon.pid
    assert pid is not None
    return list(descendants(pid))


HURTS = {"connection": Sshd.kill_connections, "sftp-server": kill_sftp_servers}


@pytest.mark.parametrize("fast", ["true", "false"])
@pytest.mark.parametrize("hurt", HURTS)
def test_killed_during_an_upload(new_sshd: NewSshd, place: Path, hurt: str, fast: str) -> None:
    sshd, begun = new_sshd(), threading.Event()
    with connect(sshd.server, fastPath=fast) as fs:
        work = Background(lambda: fs.write_to_file(place / "big", slowly(200 * MB, begun)))
        assert begun.wait(SOON)
        HURTS[hurt](sshd)
        assert isinstance(work.outcome(), e.ConnectionLostException)
        assert not (place / "big").exists()
        assert not fs.exists(place / "big")  # connected anew
        fs.write_to_file(place / "next", [b"works"])
    assert (place / "next").read_bytes() == b"works"


@pytest.mark.parametrize("fast", ["true", "false"])
@pytest.mark.parametrize("hurt", HURTS)
def test_killed_during_a_download(new_sshd: NewSshd, place: Path, hurt: str, fast: str) -> None:
    (place / "big").write_bytes(bytes(60 * MB))
    sshd = new_sshd()
    with connect(sshd.server, fastPath=fast) as fs:
        chunks = iter(fs.read_from_file(place / "big"))
        next(chunks)
        HURTS[hurt](sshd)
        with pytest.raises(e.ConnectionLostException):
            sum(len(chunk) for chunk in chunks)
        assert len(b"".join(fs.read_from_file(place / "big"))) == 60 * MB


@pytest.mark.parametrize("hurt", HURTS)
def test_killed_before_a_listing_that_is_asked_for_again(
    new_sshd: NewSshd, place: Path, hurt: str
) -> None:
    for number in range(100):
        (place / f"{number}").touch()
    sshd = new_sshd()
    with connect(sshd.server) as fs:
        HURTS[hurt](sshd)
        assert len(list(fs.list(place, False))) == 100
        HURTS[hurt](sshd)
        assert fs.get_attributes(place).is_directory
        assert fs.is_open()


def test_killed_during_a_listing(new_sshd: NewSshd, place: Path) -> None:
    for number in range(5000):
        (place / f"{number}").touch()
    sshd = new_sshd()
    with connect(sshd.server) as fs:
        entries = iter(fs._session.adaptor.scandir(str(place)))
        next(entries)
        sshd.kill_connections()
        with pytest.raises(e.ConnectionLostException):
            list(entries)
        assert len(list(fs.list(place, False))) == 5000


def test_killed_during_a_copy_of_a_tree(new_sshd: NewSshd, place: Path, tmp_path: Path) -> None:
    for number in range(600):
        (tmp_path / f"{number}").write_bytes(bytes([number % 256]) * 4000)
    (tmp_path / "large").write_bytes(os.urandom(80 * MB))
    sshd = new_sshd()
    with FileSystem.create("file") as here, connect(sshd.server) as fs:
        copy = here.copy(tmp_path, fs, place / "tree", recursive=True)
        while not copy.status().bytes_copied:
            time.sleep(0.005)
        sshd.kill_connections()
        status = copy.wait(60_000)
    assert status.done
    found = {path.name: path.stat().st_size for path in (place / "tree").iterdir()}
    for name, size in found.items():  # whole, or under a temporary name
        assert name.endswith(".part") or size == (tmp_path / name).stat().st_size
    if not status.error_message:
        assert {name for name in found if not name.endswith(".part")} == set(os.listdir(tmp_path))


def test_frozen_server(new_sshd: NewSshd, place: Path) -> None:
    sshd = new_sshd()
    with connect(sshd.server, silence__timeout="2000") as fs:
        (place / "big").write_bytes(bytes(20 * MB))
        chunks = iter(fs.read_from_file(place / "big"))
        next(chunks)
        sshd.freeze()
        try:
            begun = time.monotonic()
            work = [
                Background(lambda: fs.get_attributes(place)),
                Background(lambda: sum(len(chunk) for chunk in chunks)),
                Background(lambda: fs.create_directory(place / "d")),
            ]
            for one in work:
                assert isinstance(one.outcome(), (e.XenonTimeoutException, e.NotConnectedException))
            assert time.monotonic() - begun < SOON
        finally:
            sshd.thaw()
        assert fs.exists(place / "big")


def test_frozen_during_an_upload(new_sshd: NewSshd, place: Path) -> None:
    sshd, begun = new_sshd(), threading.Event()
    with connect(sshd.server, silence__timeout="2000") as fs:
        work = Background(lambda: fs.write_to_file(place / "big", slowly(300 * MB, begun)))
        assert begun.wait(SOON)
        sshd.freeze()
        try:
            outcome = work.outcome(90)
            assert isinstance(outcome, (e.XenonTimeoutException, e.NotConnectedException))
        finally:
            sshd.thaw()
    assert not (place / "big").exists()


@pytest.fixture
def small_disk(place: Path) -> Iterator[Path]:
    with disks.small_disk(place) as mount:
        yield mount


@pytest.mark.parametrize("extensions", ["", "-P statvfs@openssh.com"])
def test_disk_full(new_sshd: NewSshd, small_disk: Path, extensions: str) -> None:
    server = f"/usr/lib/openssh/sftp-server {extensions}".strip()
    with connect(new_sshd(SshdOptions(sftp=server)).server) as fs:
        expected = e.XenonException if extensions else e.NoSpaceException
        with pytest.raises(expected):
            fs.write_to_file(small_disk / "big", [bytes(MB)] * 20)
        assert list(small_disk.iterdir()) == []
        fs.write_to_file(small_disk / "small", [b"fits"])
        assert (small_disk / "small").read_bytes() == b"fits"


def test_disk_full_of_small_files(new_sshd: NewSshd, small_disk: Path, tmp_path: Path) -> None:
    for number in range(200):
        (tmp_path / f"{number:03}").write_bytes(bytes(60_000))
    with FileSystem.create("file") as here, connect(new_sshd().server) as fs:
        status = here.copy(tmp_path, fs, small_disk / "tree", recursive=True).wait(60_000)
    assert isinstance(status.error, e.NoSpaceException)
    found = list((small_disk / "tree").iterdir())
    assert found
    assert {path.stat().st_size for path in found} == {60_000}


def test_files_that_cannot_be_replaced_in_one_step(tmp_path: Path) -> None:
    """One of the renames fails, of each kind of write: the old file is there again."""
    old, new = tmp_path / "old", tmp_path / "new"
    for directory in (old, new):
        directory.mkdir()
        for name in ("a", "b", "c"):
            (directory / name).write_text(f"{directory.name} {name}")

    def rename(source: str, target: str) -> None:
        if target.endswith("/b") and source.endswith(".part"):
            raise PermissionError(errno.EACCES, "not now", target)
        Path(source).rename(target)

    with plain_server(old, rename) as server, connect(server) as fs:
        assert not fs.get_description().can_replace_by_rename
        with FileSystem.create("file") as here:
            operation = here.copy(new, fs, old, CopyMode.REPLACE, recursive=True)
            assert isinstance(operation.wait(60_000).error, e.PermissionDeniedException)
        stream = fs.open("b", "wb")
        with pytest.raises(e.PermissionDeniedException):
            stream.close()
    left = {path.name: path.read_text() for path in old.iterdir()}
    assert left == {"a": "new a", "b": "old b", "c": "new c"}


def test_permission_lost(new_sshd: NewSshd, place: Path) -> None:
    (place / "d").mkdir()
    (place / "secret").write_bytes(b"x")
    with connect(new_sshd().server) as fs:
        os.chown(place / "d", 0, 0)
        (place / "secret").chmod(0o600)
        calls: list[Callable[[], object]] = [
            lambda: fs.write_to_file(place / "d" / "new", [b"x"]),
            lambda: fs.create_directory(place / "d" / "new"),
            lambda: b"".join(fs.read_from_file(place / "secret")),
            lambda: fs.append_to_file(place / "secret", [b"x"]),
            lambda: fs.set_posix_file_permissions(place / "secret", []),
        ]
        for call in calls:
            with pytest.raises(e.PermissionDeniedException):
                call()
        assert list((place / "d").iterdir()) == []


def test_no_sftp_subsystem(new_sshd: NewSshd) -> None:
    sshd = new_sshd(SshdOptions(sftp=None))
    with pytest.raises(e.NotConnectedException, match="no SFTP"):
        connect(sshd.server)


def test_one_session_only(new_sshd: NewSshd, place: Path) -> None:
    sshd = new_sshd(SshdOptions(max_sessions=1))
    with connect(sshd.server) as fs, connect(sshd.server) as other:
        work = [
            Background(lambda n=n, f=f: f.write_to_file(place / f"{n}", [bytes(MB)] * 9))  # type: ignore[misc]
            for n, f in enumerate([fs, other] * 8)
        ]
        assert [one.outcome(60) for one in work] == [None] * 16
    assert {path.stat().st_size for path in place.iterdir()} == {9 * MB}


def test_a_hundred_threads_on_one_connection(new_sshd: NewSshd, place: Path) -> None:
    with connect(new_sshd().server) as fs:

        def work(number: int) -> None:
            content = bytes([number]) * (1000 * number)
            fs.write_to_file(place / f"{number}", [content])
            assert b"".join(fs.read_from_file(place / f"{number}")) == content
            assert fs.get_attributes(place / f"{number}").size == len(content)
            fs.rename(place / f"{number}", place / f"done-{number}")

        threads = [Background(lambda n=n: work(n)) for n in range(100)]  # type: ignore[misc]
        assert [one.outcome(60) for one in threads] == [None] * 100
    assert len(list(place.iterdir())) == 100


def test_a_server_that_is_gone_is_waited_for_once(
    new_sshd: NewSshd, place: Path, tmp_path: Path
) -> None:
    """One call gives it some seconds to restart; the following ones are told at once."""
    (tmp_path / "f").write_bytes(b"content")
    sshd = new_sshd()
    with connect(sshd.server, place) as fs, FileSystem.create("file", str(tmp_path)) as here:
        assert not fs.exists("f")
        sshd.stop()
        with pytest.raises(e.NotConnectedException):
            fs.exists("f")
        for call in (
            lambda: fs.exists("f"),
            lambda: list(fs.list("")),
            lambda: fs.write_to_file("f", [b"x"]),
        ):
            begun = time.monotonic()
            with pytest.raises(e.NotConnectedException):
                call()
            assert time.monotonic() - begun < 3.0  # 6 s = it was waited for again
        begun = time.monotonic()
        assert isinstance(here.copy("f", fs, "f").wait().error, e.NotConnectedException)
        assert time.monotonic() - begun < 4.0
        sshd.start()
        assert here.copy("f", fs, "f").wait().error is None
        assert fs.exists("f")


def test_a_copy_whose_server_goes_ends_soon(new_sshd: NewSshd, place: Path, tmp_path: Path) -> None:
    for number in range(4):
        (tmp_path / f"{number}").write_bytes(bytes(60 * MB))
    sshd = new_sshd()
    with connect(sshd.server, place) as fs, FileSystem.create("file", str(tmp_path)) as here:
        copy = here.copy("", fs, "tree", recursive=True)
        while not copy.status().bytes_copied:
            time.sleep(0.005)
        sshd.stop()
        begun = time.monotonic()
        assert isinstance(copy.wait().error, e.NotConnectedException)
        assert time.monotonic() - begun < 12.0  # 26 s = every try of the copy waited anew


def test_a_rename_to_another_device_says_what_to_do(new_sshd: NewSshd, place: Path) -> None:
    """The server says "Failure" and no more."""
    other = Path("/dev/shm")
    if not other.is_dir() or other.stat().st_dev == place.stat().st_dev:
        pytest.skip("no second device that may be written to")
    target = other / f"xenon-{place.name}"
    with connect(new_sshd().server, place) as fs:
        fs.write_to_file("f", [b"kept"])
        with pytest.raises(e.XenonException, match="on another device, copy it there") as caught:
            fs.rename("f", target)
        assert caught.value.path == str(target)
        assert b"".join(fs.read_from_file("f")) == b"kept"
        assert not fs.exists(target)
