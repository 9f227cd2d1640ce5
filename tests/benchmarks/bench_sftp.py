"""Time the ``sftp`` adaptor against OpenSSH, rclone, asyncssh and paramiko, on one sshd.

Run as root: ``python tests/benchmarks/bench_sftp.py [--rounds N] [--size MiB] [--files N]
[--entries N] [--only TOOL,TOOL] [--operations list,…]``. It starts an sshd of its own. The tools
take turns, each into a fresh destination; times include connecting (and the start of a process for
command-line tools) but no Python imports. Medians are compared: other programs disturb the clock,
so only the ratios within one run mean something. Tools that are not installed are left out.

What is asked of the adaptor: a large file takes no more than 1.15 times what OpenSSH's sftp takes,
small files and listings less than with any other tool, and memory stays below 120 MB.
"""

from __future__ import annotations

import argparse
import asyncio
import importlib.metadata
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import paramiko

from services.records import SshServer
from services.sshd import private_sshd
from support.sftp import UNCHECKED
from xenon_py import CertificateCredential, FileSystem

try:
    import asyncssh
except ImportError:
    asyncssh = None  # type: ignore[assignment]

GCM = "aes128-gcm@openssh.com"
MIB = 1 << 20
OPERATIONS = ("large up", "large down", "small up", "small down", "list")


class Tool:
    """One way to move files; every method connects anew."""

    name = ""
    version = ""

    def __init__(self, server: SshServer) -> None:
        self.server = server

    def available(self) -> bool:
        return True

    def upload(self, source: Path, target: str) -> None:
        """Copy a file or a directory of files to a path that is not there."""
        raise NotImplementedError

    def download(self, source: str, target: Path) -> None:
        """Copy a file or a directory of files from the server."""
        raise NotImplementedError

    def entries(self, path: str) -> int | None:
        """List a directory with sizes; return how many entries there are."""
        raise NotImplementedError


class Ours(Tool):
    name = "xenon_py"
    version = importlib.metadata.version("xenon-py")

    def _connect(self) -> FileSystem:
        server = self.server
        credential = CertificateCredential(certfile=str(server.keys.ed25519), username=server.user)
        return FileSystem.create(
            "sftp", server.location, UNCHECKED, certificate_credential=credential
        )

    def upload(self, source: Path, target: str) -> None:
        with FileSystem.create("file") as here, self._connect() as there:
            self._copy(here, source, there, target)

    def download(self, source: str, target: Path) -> None:
        with FileSystem.create("file") as here, self._connect() as there:
            self._copy(there, source, here, target)

    def _copy(self, a: FileSystem, source: object, b: FileSystem, target: object) -> None:
        status = a.copy(source, b, target, recursive=True).wait()  # type: ignore[arg-type]
        if status.error:
            raise status.error

    def entries(self, path: str) -> int:
        with self._connect() as there:
            return len(list(there.list(path, False)))


class OpenSsh(Tool):
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


class Rclone(Tool):
    name = "rclone"

    def __init__(self, server: SshServer) -> None:
        super().__init__(server)
        self._program = shutil.which("rclone") or str(Path(sys.executable).parent / "rclone")
        if self.available():
            done = subprocess.run([self._program, "version"], capture_output=True, text=True)  # noqa: PLW1510
            self.version = done.stdout.split()[1]
        key = f"host={server.host},port={server.port},user={server.user}"
        self._there = f":sftp,{key},key_file={server.keys.ed25519},disable_hashcheck:"

    def available(self) -> bool:
        return Path(self._program).exists()

    def _run(self, *words: str) -> str:
        argv = [self._program, "--config", "/dev/null", "--ignore-checksum", *words]
        return subprocess.run(argv, capture_output=True, text=True, check=True).stdout

    def upload(self, source: Path, target: str) -> None:
        self._run("copy" if source.is_dir() else "copyto", str(source), self._there + target)

    def download(self, source: str, target: Path) -> None:
        is_file = source.endswith("large")
        self._run("copyto" if is_file else "copy", self._there + source, str(target))

    def entries(self, path: str) -> int:
        return self._run("lsl", "--max-depth", "1", self._there + path).count("\n")


class Asyncssh(Tool):
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


class Paramiko(Tool):
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


TOOLS: tuple[type[Tool], ...] = (Ours, OpenSsh, Scp, Rclone, Asyncssh, Paramiko)


class Data:
    """What is moved: here, and (owned by the user) on the server, which is this machine."""

    def __init__(self, here: Path, there: Path, size: int, files: int, entries: int) -> None:
        self.here, self.there, self.entries = here, there, entries
        self.large_size, self.files = size * MIB, files
        with (here / "large").open("wb") as stream:
            for _ in range(size):
                stream.write(os.urandom(MIB))
        (here / "small").mkdir()
        for number in range(files):
            (here / "small" / f"{number:05}").write_bytes(os.urandom(4096))
        shutil.copy(here / "large", there / "large")
        shutil.copytree(here / "small", there / "small")
        (there / "list").mkdir()
        for number in range(entries):
            (there / "list" / f"{number:05}").touch()

    def check(self, path: Path) -> None:
        """Check what a copy made, and remove it."""
        if path.is_file():
            assert path.stat().st_size == self.large_size, path
            path.unlink()
        else:
            sizes = [found.stat().st_size for found in path.iterdir()]
            assert sizes == [4096] * self.files, (path, len(sizes))
            shutil.rmtree(path)


def measure(tool: Tool, operation: str, data: Data) -> float | None:
    """Return the seconds that an operation takes; ``None`` if the tool does not do it."""
    what, _, direction = operation.partition(" ")
    place = (data.there if direction == "up" else data.here) / f"copy-of-{what}"
    os.sync()
    begun = time.perf_counter()
    if operation == "list":
        found = tool.entries(str(data.there / "list"))
        assert found in {None, data.entries}, (tool.name, found)
        return None if found is None else time.perf_counter() - begun
    if direction == "up":
        tool.upload(data.here / what, str(place))
    else:
        tool.download(str(data.there / what), place)
    took = time.perf_counter() - begun
    data.check(place)
    return took


def report(times: dict[tuple[str, str], list[float]], tools: list[Tool]) -> None:
    for operation in dict.fromkeys(operation for _, operation in times):
        ours = statistics.median(times[Ours.name, operation])
        print(f"\n{operation:28} median s   best s   ours / it")
        for tool in tools:
            taken = times.get((tool.name, operation))
            if taken:
                median = statistics.median(taken)
                print(f"  {tool.name:26} {median:8.3f} {min(taken):8.3f}   {ours / median:9.2f}")


def peak_memory(server: SshServer, data: Data) -> int:
    """Return the peak memory (bytes) of a process that copies the large file there and back."""
    words = [
        server.location,
        server.user,
        str(server.keys.ed25519),
        str(data.here),
        str(data.there),
    ]
    child = os.posix_spawn(
        sys.executable, [sys.executable, __file__, "--memory", *words], dict(os.environ)
    )
    _, status, usage = os.wait4(child, 0)
    assert status == 0, status
    return usage.ru_maxrss * 1024


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
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--size", type=int, default=256, help="MiB of the large file")
    parser.add_argument("--files", type=int, default=2000, help="small files of 4 KiB")
    parser.add_argument("--entries", type=int, default=10_000, help="entries to list")
    parser.add_argument("--only", default="", help="names of tools, with commas")
    parser.add_argument("--operations", default=",".join(OPERATIONS), help="with commas")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as here, private_sshd() as sshd:
        server = sshd.server
        there = Path(tempfile.mkdtemp(prefix="bench-", dir=server.home))
        try:
            data = Data(Path(here), there, options.size, options.files, options.entries)
            subprocess.run(["chown", "-R", f"{server.user}:", there], check=True)
            run(server, data, options.rounds, options.only, options.operations.split(","))
        finally:
            shutil.rmtree(there)


def run(server: SshServer, data: Data, rounds: int, only: str, operations: list[str]) -> None:
    wanted = [name.lower() for name in only.split(",") if name] or [""]
    tools = [kind(server) for kind in TOOLS]
    tools = [tool for tool in tools if tool.available()]
    tools = [t for t in tools if t.name == Ours.name or any(w in t.name.lower() for w in wanted)]
    for tool in tools:
        print(f"{tool.name}: {tool.version}")
    times: dict[tuple[str, str], list[float]] = {}
    for number in range(rounds):
        for operation in operations:
            for tool in tools:
                took = measure(tool, operation, data)
                if took is not None:
                    times.setdefault((tool.name, operation), []).append(took)
        print(f"round {number + 1} of {rounds} done, load {os.getloadavg()[0]:.1f}", flush=True)
    report(times, tools)
    print(f"\npeak memory: {peak_memory(server, data) / 1e6:.0f} MB")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--memory"]:
        memory_child(*sys.argv[2:])
    else:
        main()
