"""Our fsspec face on SFTP against fsspec's own ``sftp`` and the package ``sshfs``, in one run.

    python tests/benchmarks/bench_fsspec.py [--mib 256] [--entries 10000] [--cats 500] [--rounds 3]

A real sshd is started on the loopback. Each task is done by each implementation in turn, several
rounds; the best counts. Ratios above 1 mean that the other one takes longer than ours.
``sshfs`` is left out where it is not installed: ``pip install sshfs``.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from services.provider import NativeProvider
from support import fsspec_faces

if TYPE_CHECKING:
    from services.records import SshServer

Task = Callable[[Any], object]


def implementations(server: SshServer) -> dict[str, Any]:
    """Return the file systems to compare, ours first."""
    from fsspec.implementations.sftp import SFTPFileSystem

    login = {"username": server.user, "password": server.password}
    found = {
        "xenon-sftp": fsspec_faces.sftp(server),
        "fsspec sftp": SFTPFileSystem(
            server.host, port=server.port, host_key_policy="auto_add", **login
        ),
    }
    try:
        from sshfs import SSHFileSystem
    except ModuleNotFoundError:
        print("sshfs is not installed and left out")
        return found
    found["sshfs"] = SSHFileSystem(server.host, port=server.port, **login)
    return found


def prepare(fs: Any, directory: str, mib: int, entries: int, cats: int) -> None:
    """Make what is read: on this machine where the server is, so the files are just written."""
    local = Path(directory)
    for name in ("many", "small"):
        fs.mkdir(f"{directory}/{name}")
    block = os.urandom(1 << 20)
    with (local / "large").open("wb") as file:
        for _ in range(mib):
            file.write(block)
    for number in range(entries):
        (local / "many" / f"{number:06}").touch()
    for number in range(cats):
        (local / "small" / f"{number:06}").write_bytes(block[:4096])


def read_all(path: str, size: int) -> Task:
    """Return the task of reading a file by pieces of 1 MiB."""

    def task(fs: Any) -> None:
        done = 0
        with fs.open(path, "rb") as file:
            while piece := file.read(1 << 20):
                done += len(piece)
        assert done == size

    return task


def tasks(directory: str, mib: int, entries: int, cats: int) -> dict[str, Task]:
    """Return what is measured, by name."""
    small = [f"{directory}/small/{number:06}" for number in range(cats)]

    def write(fs: Any) -> None:
        block = bytes(1 << 20)
        with fs.open(f"{directory}/written", "wb") as file:
            for _ in range(mib):
                file.write(block)

    def listing(fs: Any) -> None:
        fs.invalidate_cache()
        assert len(fs.ls(f"{directory}/many", detail=True)) == entries

    def one_by_one(fs: Any) -> None:
        for path in small[: max(1, cats // 5)]:
            assert len(fs.cat_file(path)) == 4096

    def at_once(fs: Any) -> None:
        assert len(fs.cat(small)) == cats

    def get(fs: Any) -> None:
        with tempfile.TemporaryDirectory() as here:
            fs.get(small, [f"{here}/{number}" for number in range(cats)])
            assert len(os.listdir(here)) == cats

    def put(fs: Any) -> None:
        target = f"{directory}/{uuid.uuid4().hex}"
        fs.mkdir(target)
        fs.put(small, [f"{target}/{number}" for number in range(cats)])  # the server is here
        assert len(os.listdir(target)) == cats

    def pipe_and_remove(fs: Any) -> None:
        target = f"{directory}/{uuid.uuid4().hex}"
        fs.mkdir(target)
        fs.pipe({f"{target}/{number}": bytes(4096) for number in range(cats)})
        fs.rm(target, recursive=True)
        assert not os.path.exists(target)

    return {
        f"read {mib} MiB": read_all(f"{directory}/large", mib << 20),
        f"write {mib} MiB": write,
        f"ls of {entries}": listing,
        f"{max(1, cats // 5)} cats one by one": one_by_one,
        f"cat of {cats} files": at_once,
        f"get of {cats} files": get,
        f"put of {cats} files": put,
        f"pipe and rm of {cats} files": pipe_and_remove,
    }


def best(task: Task, fs: Any, rounds: int) -> float:
    """Return the shortest time in seconds."""
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        task(fs)
        times.append(time.perf_counter() - start)
    return min(times)


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    for name, default in (("mib", 256), ("entries", 10_000), ("cats", 500), ("rounds", 3)):
        parser.add_argument(f"--{name}", type=int, default=default)
    given = parser.parse_args()
    sizes = (given.mib, given.entries, given.cats)
    with NativeProvider().sshd() as server:
        compared = implementations(server)
        ours, *others = compared
        directory = f"{server.home}/bench-{uuid.uuid4().hex[:8]}"
        compared[ours].mkdir(directory)
        try:
            prepare(compared[ours], directory, *sizes)
            for what, task in tasks(directory, *sizes).items():
                seconds = {name: best(task, fs, given.rounds) for name, fs in compared.items()}
                ratios = ", ".join(
                    f"{name} {seconds[name]:.3f} s ({seconds[name] / seconds[ours]:.2f}x)"
                    for name in others
                )
                print(f"{what}: {ours} {seconds[ours]:.3f} s; {ratios}", flush=True)
        finally:
            compared[ours].rm(directory, recursive=True)


if __name__ == "__main__":
    main()
