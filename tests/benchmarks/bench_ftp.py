"""Time the ``ftp`` adaptor against rclone, curl, lftp and ftplib, on ProFTPD or vsftpd.

Run as root: ``python tests/benchmarks/bench_ftp.py [--server vsftpd] [--rounds N] [--size MiB]
[--files N] [--entries N] [--only TOOL,TOOL] [--operations list,…] [--delay MS]``. It starts the
server of the tests. How it is measured is told in ``race.py``. Tools that are not installed are
left out. With ``XENON_TEST_STATE`` and ``TMPDIR`` below ``/dev/shm`` the disk takes no part in it.

What is asked of the adaptor: a large file takes no more than 1.2 times what the best tool takes,
small files at most half of what ftplib takes, a listing 1.5 times the best.
"""

from __future__ import annotations

import contextlib
import dataclasses
import ftplib
import platform
import shutil
import sys
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import race
from far import add_delay, far

from services.proftpd import FTP_PORTS, ProftpdFtpService
from services.records import FtpServer
from services.vsftpd import PORTS, VsftpdService
from support.ftp import connect
from xenon_py import FileSystem

THREADS = 4


class Ours(race.Ours):
    def __init__(self, server: FtpServer) -> None:
        super().__init__()
        self._server = server

    def connect(self) -> FileSystem:
        return connect(self._server)


class Rclone(race.Command):
    name = program = "rclone"
    version_words = ("version",)

    def __init__(self, server: FtpServer) -> None:
        super().__init__()
        if self.available():
            hidden = self.run("obscure", server.password).strip()
            self._there = (
                f":ftp,host={server.host},port={server.port},user={server.user},pass={hidden}:"
            )

    def _rclone(self, *words: str) -> str:
        return self.run("--config", "/dev/null", "--ignore-checksum", *words)

    def upload(self, source: Path, target: str) -> None:
        self._rclone("copy" if source.is_dir() else "copyto", str(source), self._there + target)

    def download(self, source: str, target: Path) -> None:
        verb = "copyto" if source.endswith("large") else "copy"
        self._rclone(verb, self._there + source, str(target))

    def entries(self, path: str) -> int:
        return self._rclone("lsl", "--max-depth", "1", self._there + path).count("\n")


class Curl(race.Command):
    """One process and one connection for all files; it parses no listing."""

    name = program = "curl"

    def __init__(self, server: FtpServer) -> None:
        super().__init__()
        self._login = f"{server.user}:{server.password}"
        self._origin = f"ftp://{server.host}:{server.port}/"

    def _curl(self, *words: str, given: str | None = None) -> str:
        return self.run("-sSf", "--user", self._login, *words, given=given)

    def upload(self, source: Path, target: str) -> None:
        url = self._origin + target
        if source.is_file():
            self._curl("-T", str(source), url)
            return
        lines = (f'upload-file = "{one}"\nurl = "{url}/{one.name}"\n' for one in source.iterdir())
        self._curl("--ftp-create-dirs", "-K", "-", given="".join(lines))

    def download(self, source: str, target: Path) -> None:
        url = self._origin + source
        if source.endswith("large"):
            self._curl("-o", str(target), url)
            return
        target.mkdir()
        names = (one.name for one in Path(source).iterdir())
        lines = (f'url = "{url}/{name}"\noutput = "{target / name}"\n' for name in names)
        self._curl("-K", "-", given="".join(lines))

    def entries(self, path: str) -> int:
        return self._curl(self._origin + path + "/").count("\n")


class Lftp(race.Command):
    name = program = "lftp"

    def __init__(self, server: FtpServer) -> None:
        super().__init__()
        self._server = server

    def _lftp(self, command: str) -> str:
        server = self._server
        opening = "set ftp:ssl-allow no; set cmd:fail-exit yes; "
        opening += f"open -u {server.user},{server.password} -p {server.port} {server.host}; "
        return self.run("--norc", "-c", opening + command)

    def upload(self, source: Path, target: str) -> None:
        words = f"mirror -R --parallel=4 {source} {target}"
        self._lftp(words if source.is_dir() else f"put {source} -o {target}")

    def download(self, source: str, target: Path) -> None:
        words = f"mirror --parallel=4 {source} {target}"
        self._lftp(f"get {source} -o {target}" if source.endswith("large") else words)

    def entries(self, path: str) -> int:
        return self._lftp(f"cls -1 --size {path}/").count("\n")


class Ftplib(race.Tool):
    """A loop over its calls, as its users write it."""

    name = "ftplib"
    version = platform.python_version()

    def __init__(self, server: FtpServer) -> None:
        self._server = server

    def _client(self) -> ftplib.FTP:
        client = ftplib.FTP()
        client.connect(self._server.host, self._server.port)
        client.login(self._server.user, self._server.password)
        return client

    def upload(self, source: Path, target: str) -> None:
        with self._client() as client:
            if source.is_dir():
                client.mkd(target)
                for one in source.iterdir():
                    self._store(client, one, target)
                return
            with source.open("rb") as stream:
                client.storbinary(f"STOR {target}", stream)

    def _store(self, client: ftplib.FTP, source: Path, directory: str) -> None:
        with source.open("rb") as stream:
            client.storbinary(f"STOR {directory}/{source.name}", stream)

    def download(self, source: str, target: Path) -> None:
        with self._client() as client:
            if source.endswith("large"):
                self._fetch(client, source, target)
                return
            target.mkdir()
            for path in client.nlst(source):
                self._fetch(client, path, target / path.rpartition("/")[2])

    def _fetch(self, client: ftplib.FTP, source: str, target: Path) -> None:
        with target.open("wb") as stream:
            client.retrbinary(f"RETR {source}", stream.write)

    def entries(self, path: str) -> int:
        with self._client() as client:
            if not self._server.machine_listings:
                lines: list[str] = []
                client.dir(path, lines.append)
                return len(lines)
            return sum(facts["type"] == "file" for _, facts in client.mlsd(path))


class FtplibInThreads(Ftplib):
    """The same loop over a part of the small files in each of some threads."""

    name = "ftplib, 4 threads"

    def upload(self, source: Path, target: str) -> None:
        if source.is_file():
            return super().upload(source, target)
        with self._client() as client:
            client.mkd(target)
        return self._share(lambda client, name: self._store(client, source / name, target), source)

    def download(self, source: str, target: Path) -> None:
        if source.endswith("large"):
            return super().download(source, target)
        target.mkdir()
        return self._share(
            lambda client, name: self._fetch(client, f"{source}/{name}", target / name),
            Path(source),
        )

    def _share(self, work: Callable[[ftplib.FTP, str], None], names_of: Path) -> None:
        names = [one.name for one in names_of.iterdir()]

        def do(part: list[str]) -> None:
            with self._client() as client:
                for name in part:
                    _with_a_port(lambda name=name: work(client, name))  # type: ignore[misc]

        with ThreadPoolExecutor(THREADS) as threads:
            list(threads.map(do, [names[start::THREADS] for start in range(THREADS)]))


def _with_a_port(work: Callable[[], None]) -> None:
    """Do it once more whenever ProFTPD gave two sessions the same port."""
    while True:
        try:
            return work()
        except ftplib.error_temp as error:
            if not str(error).startswith("425"):
                raise


def main() -> None:
    parser = race.parser(__doc__)
    parser.add_argument("--server", choices=("proftpd", "vsftpd"), default="proftpd")
    add_delay(parser)
    options = parser.parse_args()
    with contextlib.ExitStack() as stack:
        here = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        is_vsftpd = options.server == "vsftpd"
        service = VsftpdService() if is_vsftpd else ProftpdFtpService()
        server = stack.enter_context(service.use())
        ports = range(server.port, server.port + (PORTS if is_vsftpd else FTP_PORTS))
        server = dataclasses.replace(server, host=stack.enter_context(far(options.delay, ports)))
        there = Path(tempfile.mkdtemp(prefix="bench-", dir=server.directory))
        stack.callback(shutil.rmtree, there)
        data = race.Data(
            here, there, f"{server.user}:", options.size, options.files, options.entries
        )
        tools = [
            *(Ours(server), Rclone(server), Curl(server), Lftp(server)),
            *(Ftplib(server), FtplibInThreads(server)),
        ]
        race.run(tools, data, options)


if __name__ == "__main__":
    main()
