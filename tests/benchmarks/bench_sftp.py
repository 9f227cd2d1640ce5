"""Time the ``sftp`` adaptor against OpenSSH, rclone, asyncssh and paramiko, on one sshd.

Run as root: ``python tests/benchmarks/bench_sftp.py [--rounds N] [--size MiB] [--files N]
[--entries N] [--only TOOL,TOOL] [--operations list,…]``. It starts an sshd of its own. How it is
measured is told in ``race.py``. Tools that are not installed are left out.

What is asked of the adaptor: a large file takes no more than 1.15 times what OpenSSH's sftp takes,
small files and listings less than with any other tool, and memory stays below 120 MB.
"""

from __future__ import annotations

import asyncio
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import paramiko
import race

from services.records import SshServer
from services.sshd import private_sshd
from support.memory import own_peak
from support.sftp import UNCHECKED
from xenon_py import CertificateCredential, FileSystem

try:
    import asyncssh
except ImportError:
    asyncssh = None  # type: ignore[assignment]

GCM = "aes128-gcm@openssh.com"


class Ours(race.Ours):
    def __init__(self, server: SshServer) -> None:
        super().__init__()
        self._server = server

    def connect(self) -> FileSystem:
        server = self._server
        credential = CertificateCredential(certfile=str(server.keys.ed25519), username=server.user)
        return FileSystem.create(
            "sftp", server.location, UNCHECKED, certificate_credential=credential
        )


class OnServer(race.Tool):
    """Another tool."""

    def __init__(self, server: SshServer) -> None:
        self.server = server


class OpenSsh(OnServer):
    name = "OpenSSH sftp, GCM"

    def __init__(self, server: SshServer) -> None:
        super().__init__(server)
        done = subprocess.run(["ssh", "-V"], capture_output=True, text=True, check=True)
        self.version = done.stderr.split(",")[0]
        options = (f"UserKnownHostsFile={server.known_hosts}", "IdentitiesOnly=yes")
        self.options = ["-q", "-F", "none", "-c", GCM, "-P", str(server.port)]
        self.options += [word for option in options for word in ("-o", option)]
        self.options += ["-i", str(server.keys.ed25519)]

    def _batch(self, command: str) -> str:
        login = f"{self.server.user}@{self.server.host}"
        done = subprocess.run(
            ["sftp", *self.options, "-b", "-", login],
            input=command,
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout

    def upload(self, source: Path, target: str) -> None:
        self._batch(f"put -r {source} {target}\n")

    def download(self, source: str, target: Path) -> None:
        self._batch(f"get -r {source} {target}\n")

    def entries(self, path: str) -> int:
        return self._batch(f"ls -ln {path}\n").count("\n") - 1  # the echo of the command


class Scp(OpenSsh):
    name = "scp, GCM"

    def upload(self, source: Path, target: str) -> None:
        self._run(str(source), self._remote(target))

    def download(self, source: str, target: Path) -> None:
        self._run(self._remote(source), str(target))

    def _remote(self, path: str) -> str:
        return f"{self.server.user}@{self.server.host}:{path}"

    def _run(self, source: str, target: str) -> None:
        subprocess.run(["scp", *self.options, "-r", source, target], check=True)

    def entries(self, path: str) -> None:
        del path


class Rclone(race.Command):
    name = program = "rclone"
    version_words = ("version",)

    def __init__(self, server: SshServer) -> None:
        super().__init__()
        key = f"host={server.host},port={server.port},user={server.user}"
        self._there = f":sftp,{key},key_file={server.keys.ed25519},disable_hashcheck:"

    def _rclone(self, *words: str) -> str:
        return self.run("--config", "/dev/null", "--ignore-checksum", *words)

    def upload(self, source: Path, target: str) -> None:
        self._rclone("copy" if source.is_dir() else "copyto", str(source), self._there + target)

    def download(self, source: str, target: Path) -> None:
        verb = "copyto" if source.endswith("large") else "copy"
        self._rclone(verb, self._there + source, str(target))

    def entries(self, path: str) -> int:
        return self._rclone("lsl", "--max-depth", "1", self._there + path).count("\n")


class Asyncssh(OnServer):
    name = "asyncssh, GCM"
    version = asyncssh.__version__ if asyncssh else ""

    def available(self) -> bool:
        return asyncssh is not None

    def _run(self, work: Callable[[asyncssh.SFTPClient], object]) -> object:
        async def run() -> object:
            server = self.server
            async with (
                asyncssh.connect(
                    server.host,
                    server.port,
                    username=server.user,
                    client_keys=[str(server.keys.ed25519)],
                    config=None,
                    known_hosts=None,
                    encryption_algs=[GCM],
                ) as connection,
                connection.start_sftp_client() as client,
            ):
                return await work(client)  # type: ignore[misc]

        return asyncio.run(run())

    def upload(self, source: Path, target: str) -> None:
        self._run(lambda client: client.put(str(source), target, recurse=source.is_dir()))

    def download(self, source: str, target: Path) -> None:
        self._run(lambda c: c.get(source, str(target), recurse=not source.endswith("large")))

    def entries(self, path: str) -> int:
        return len(self._run(lambda client: client.readdir(path))) - 2  # type: ignore[arg-type]


class Paramiko(OnServer):
    name = "paramiko, plain"
    version = paramiko.__version__

    def _client(self) -> paramiko.SSHClient:
        client = paramiko.SSHClient()
        client.load_host_keys(str(self.server.known_hosts))
        client.connect(
            self.server.host,
            self.server.port,
            self.server.user,
            key_filename=str(self.server.keys.ed25519),
            look_for_keys=False,
            allow_agent=False,
        )
        return client

    def upload(self, source: Path, target: str) -> None:
        with self._client() as client, client.open_sftp() as sftp:
            if source.is_file():
                sftp.put(str(source), target)
                return
            sftp.mkdir(target)
            for path in source.iterdir():
                sftp.put(str(path), f"{target}/{path.name}")

    def download(self, source: str, target: Path) -> None:
        with self._client() as client, client.open_sftp() as sftp:
            if source.endswith("large"):
                sftp.get(source, str(target))
                return
            target.mkdir()
            for name in sftp.listdir(source):
                sftp.get(f"{source}/{name}", str(target / name))

    def entries(self, path: str) -> int:
        with self._client() as client, client.open_sftp() as sftp:
            return len(sftp.listdir_attr(path))


def memory_child(location: str, user: str, key: str, here: str, there: str) -> None:
    credential = CertificateCredential(certfile=key, username=user)
    with (
        FileSystem.create("file") as disk,
        FileSystem.create("sftp", location, UNCHECKED, certificate_credential=credential) as far,
    ):
        for copy in (
            disk.copy(f"{here}/large", far, f"{there}/copy-of-large"),
            far.copy(f"{there}/large", disk, f"{here}/copy-of-large"),
        ):
            assert not copy.wait().error


def main() -> None:
    options = race.parser(__doc__).parse_args()
    with tempfile.TemporaryDirectory() as here, private_sshd() as sshd:
        server = sshd.server
        there = Path(tempfile.mkdtemp(prefix="bench-", dir=server.home))
        size, files, entries = options.size, options.files, options.entries
        try:
            data = race.Data(Path(here), there, f"{server.user}:", size, files, entries)
            others = (OpenSsh, Scp, Asyncssh, Paramiko)
            race.run(
                [Ours(server), Rclone(server), *(kind(server) for kind in others)], data, options
            )
            key = str(server.keys.ed25519)
            words = [server.location, server.user, key, here, str(there)]
            print(f"\npeak memory: {race.peak_memory(__file__, words) / 1e6:.0f} MB")
        finally:
            shutil.rmtree(there)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--memory"]:
        memory_child(*sys.argv[2:])
        print(own_peak())
    else:
        main()
