"""Many small files by FTP: what is sent for each, and what becomes of those that are refused."""

from __future__ import annotations

import re
import threading
from pathlib import Path

import pytest

from support.scripted_ftp import Script, connected
from xenon_py import CopyStatus, FileSystem
from xenon_py import exceptions as e


class Disk:
    """Plays a server that makes, renames and deletes, and remembers what there is.

    Args:
        refuse: replies to commands that fail; ``None`` for those that do not.
    """

    def __init__(self, refuse: Script = lambda verb, argument: None) -> None:
        self.names = {"/"}
        self._refuse = refuse
        self._source = ""

    def __call__(self, verb: str, argument: str) -> str | None:
        refusal = self._refuse(verb, argument)
        if refusal is not None:
            return refusal
        return getattr(self, verb.lower(), lambda _: None)(argument)  # type: ignore[no-any-return]

    def mkd(self, path: str) -> str:
        self.names.add(path)
        return "257 made"

    def stor(self, path: str) -> None:
        self.names.add(path)

    def mlst(self, path: str) -> str:
        kind = "dir" if path in {"/", "/d"} else "file"
        return f"250-\r\n type={kind}; x\r\n250 End" if path in self.names else "550 none"

    def site(self, words: str) -> str:
        return "200 ok" if words.split()[2] in self.names else "550 none"

    def rnfr(self, path: str) -> str:
        self._source = path
        return "350 ok" if path in self.names else "550 none"

    def rnto(self, path: str) -> str:
        if self._source not in self.names:
            return "503 RNFR first"
        self.names = self.names - {self._source} | {path}
        return "250 ok"

    def dele(self, path: str) -> str:
        if path not in self.names:
            return "550 none"
        self.names.remove(path)
        return "250 ok"


def for_01(verb: str, reply: str) -> Script:
    """Refuse a command where that file is concerned."""
    concerned = re.compile(r"/\.?01(\.|$)")
    return lambda got, argument: reply if got == verb and concerned.search(argument) else None


def plain(line: str) -> str:
    """Return a command without what is random in its path."""
    return re.sub(r"\.[0-9a-f]{12}\.part", ".part", line)


def upload(fs: FileSystem, directory: Path, number: int = 3, **options: object) -> CopyStatus:
    """Copy so many small files to ``/d``, by one thread."""
    for name in range(number):
        (directory / f"{name:02}").write_bytes(b"data")
    with FileSystem.create("file") as here:
        operation = here.copy(
            directory,
            fs,
            "/d",
            recursive=True,
            verify="none",
            parallel=1,
            **options,  # type: ignore[arg-type]
        )
        return operation.wait()


def test_what_is_sent_for_each_file(tmp_path: Path) -> None:
    """Four commands in three sends, with no look at what is there."""
    with connected(script=Disk()) as (server, fs):
        assert upload(fs, tmp_path).error is None
        begun = next(at for at, lines in enumerate(server.sends) if lines == ["PASV"])
        sends = [[plain(line) for line in lines] for lines in server.sends[begun:]]
    first, second, third = (lines[0][-7:-5] for lines in sends[1:6:2])
    assert sends == [
        ["PASV"],
        [f"STOR /d/.{first}.part"],
        [f"RNFR /d/.{first}.part", f"RNTO /d/{first}", "PASV"],
        [f"STOR /d/.{second}.part"],
        [f"RNFR /d/.{second}.part", f"RNTO /d/{second}", "PASV"],
        [f"STOR /d/.{third}.part"],
        [f"RNFR /d/.{third}.part", f"RNTO /d/{third}"],
    ]


@pytest.mark.parametrize("name", ["Microsoft FTP Service", "MikroTik FTP server (6.49) ready"])
def test_servers_that_bear_one_command_at_a_time(tmp_path: Path, name: str) -> None:
    with connected(script=Disk(), greeting=name) as (server, fs):
        assert upload(fs, tmp_path).error is None
    assert "RNTO /d/02" in server.commands
    assert {len(lines) for lines in server.sends} == {1}


@pytest.mark.parametrize(
    ("verb", "reply", "kind"),
    [
        ("STOR", "553 not here", e.PermissionDeniedException),
        ("STOR", "452 disk full", e.NoSpaceException),
        ("RNFR", "550 no", e.PermissionDeniedException),
        ("RNTO", "553 no", e.PermissionDeniedException),
        ("PASV", "502 not passive", e.UnsupportedOperationException),
    ],
)
def test_a_refusal_is_that_of_its_file(
    tmp_path: Path, verb: str, reply: str, kind: type[e.XenonException]
) -> None:
    """The others are there, and nothing is left of it."""
    passive = iter([None, reply, None, reply])  # for three files, and the second once more

    def no_port(got: str, argument: str) -> str | None:
        del argument
        return next(passive) if got == "PASV" else None

    disk = Disk(no_port if verb == "PASV" else for_01(verb, reply))
    with connected(script=disk) as (_, fs):
        status = upload(fs, tmp_path)
    assert isinstance(status.error, kind)
    assert status.files_copied == 2
    assert len(disk.names) == 4
    assert disk.names < {"/", "/d", "/d/00", "/d/01", "/d/02"}
    assert "/d/01" not in disk.names or verb == "PASV"


@pytest.mark.parametrize(("verb", "kept"), [("SITE", "mode"), ("MDTM", "mtime")])
def test_a_mode_or_time_that_is_refused_is_an_error(tmp_path: Path, verb: str, kept: str) -> None:
    disk = Disk(for_01(verb, "500 unknown"))
    with connected(script=disk) as (_, fs):
        status = upload(fs, tmp_path, preserve=(kept,))
    assert isinstance(status.error, e.UnsupportedOperationException)
    assert not [name for name in disk.names if name.endswith(".part")]


def test_a_transfer_that_is_not_confirmed_is_not_published(tmp_path: Path) -> None:
    disk = Disk()
    with connected(script=disk, last="451 lost") as (server, fs):
        status = upload(fs, tmp_path, 1)
    assert isinstance(status.error, e.XenonException)
    assert len([line for line in server.commands if line.startswith("STOR")]) == 2  # once more
    assert not [line for line in server.commands if line.startswith("RNTO")]
    assert disk.names == {"/", "/d"}


@pytest.mark.parametrize("reply", ["", "421 closing"])
def test_a_connection_that_breaks_within_a_batch(tmp_path: Path, reply: str) -> None:
    """What is not there yet is copied again, and unfinished files are removed."""
    left, lock = [1], threading.Lock()

    def special(verb: str, argument: str) -> str | None:
        with lock:
            if verb == "STOR" and "/.02" in argument and left[0]:
                left[0] = 0
                return reply
        return None

    disk = Disk(special)
    with connected(script=disk) as (_, fs):
        status = upload(fs, tmp_path, 5)
    assert status.error is None
    assert status.files_copied == 5
    assert disk.names == {"/", "/d", *(f"/d/{name:02}" for name in range(5))}


@pytest.mark.parametrize("mode", [0o600, 0o400, 0o640])
def test_what_is_private_is_so_before_its_content_is_there(tmp_path: Path, mode: int) -> None:
    (tmp_path / "00").touch()
    (tmp_path / "00").chmod(mode)
    with connected(script=Disk()) as (server, fs):
        assert upload(fs, tmp_path, 1, preserve=("mode",)).error is None
    lines = [plain(line) for line in server.commands]
    assert [line for line in lines if line.endswith(("/d/.00.part", "/d/00"))] == [
        *("STOR /d/.00.part", "SITE CHMOD 600 /d/.00.part", "STOR /d/.00.part"),
        *(f"SITE CHMOD {mode:03o} /d/.00.part", "RNFR /d/.00.part", "RNTO /d/00"),
    ]


def test_what_is_sent_to_read_files(tmp_path: Path) -> None:
    """Two commands for each, in two sends, and a refusal is that of its file."""
    listing = b"".join(b"type=file;size=10; %d\r\n" % number for number in range(3))
    with connected(listing=listing) as (server, fs), FileSystem.create("file") as here:
        status = fs.copy("/", here, tmp_path / "got", recursive=True, parallel=1).wait()
        begun = server.sends.index(["RETR /0"])
        assert server.sends[begun : begun + 5] == [
            *(["RETR /0"], ["PASV"], ["RETR /1"], ["PASV"], ["RETR /2"])
        ]
    assert status.error is None
    assert {one.read_bytes() for one in (tmp_path / "got").iterdir()} == {b"0123456789"}
    script = Disk(lambda verb, argument: "550 no" if (verb, argument) == ("RETR", "/1") else None)
    with connected(script=script, listing=listing) as (_, fs), FileSystem.create("file") as here:
        status = fs.copy("/", here, tmp_path / "some", recursive=True, parallel=1).wait()
    assert isinstance(status.error, e.NoSuchPathException)
    assert {one.name for one in (tmp_path / "some").iterdir()} <= {"0", "2"}


def test_files_are_deleted_all_at_once() -> None:
    listing = b"".join(b"type=file;size=10; %d\r\n" % number for number in range(3))
    disk = Disk()
    disk.names |= {"/d", "/d/0", "/d/1", "/d/2"}
    script = lambda verb, argument: "250 ok" if verb == "RMD" else disk(verb, argument)  # noqa: E731
    with connected(script=script, listing=listing) as (server, fs):
        fs.delete("/d", recursive=True)
        assert ["DELE /d/0", "DELE /d/1", "DELE /d/2"] in server.sends
    assert disk.names == {"/", "/d"}
