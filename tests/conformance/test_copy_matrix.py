"""Copies between any two of all file systems, each on a real server.

A tree of awkward files goes between all ordered pairs. A file of 300 MB goes around a ring, in
which each file system is source and target once; with ``--large-copies=all`` between all pairs.
The awkward names lack a backslash, which SeaweedFS takes for a slash.
"""

from __future__ import annotations

import dataclasses
import hashlib
import itertools
import json
import os
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path as LocalPath

import pytest

from support import large_copy
from support.ends import ENDS, End
from xenon_py import CopyMode, FileSystem, Path

PAIRS = [pytest.param(pair, id="-to-".join(pair)) for pair in itertools.product(ENDS, ENDS)]
RING = [
    pytest.param(pair, id="-to-".join(pair))
    for pair in zip(ENDS, [*list(ENDS)[1:], next(iter(ENDS))], strict=True)
]
MB = 1_000_000
LARGE = 300 * MB
MEMORY = 160 * MB
"""What a copy may need; an object store gets parts of several MiB, some at a time."""

NAMES = (
    *("with blank", " led by a blank", "followed by one ", "dot.", ".hidden", "...", "-dash"),
    *("~tilde", "#?%&;+=@,!$'()[]{}^`|<>\"", "a:b", "%2e%2e", "%41"),
    *("caf\u00e9", "cafe\u0301", "\u6f22\u5b57 \U0001f600", "x" * 200, "\u00e4" * 100),
)
SIZES = (0, 1, 4096, 65_536, 65_537, 1_048_576, 1_048_577, 9_000_001)


def content(seed: str, size: int) -> bytes:
    """Return bytes that look like none of another seed."""
    block = hashlib.sha256(seed.encode()).digest() * 1024
    return (block * (size // len(block) + 1))[:size]


def plant(root: LocalPath) -> None:
    """Make the tree."""
    names, sizes = root / "names", root / "sizes"
    for name in NAMES:
        (names / f"{name}").parent.mkdir(parents=True, exist_ok=True)
        (names / name).write_bytes(content(name, 100))
    (root / "directories" / "empty").mkdir(parents=True)
    for name in NAMES:
        (root / "directories" / name / "inner").mkdir(parents=True)
    sizes.mkdir()
    for size in SIZES:
        (sizes / str(size)).write_bytes(content(str(size), size))
    deep = root.joinpath(*(f"level {number}" for number in range(12)))
    deep.mkdir(parents=True)
    (deep / "bottom").write_bytes(b"bottom")
    many = root / "many"
    many.mkdir()
    for number in range(40):
        (many / str(number)).write_bytes(content(str(number), number * 50))


def digests(fs: FileSystem, root: Path) -> dict[str, str]:
    """Return what is below a directory: checksums of files, and ``/`` for directories."""
    found = {}
    for one in fs.list(root, True):
        name = str(one.path)[len(str(root)) + 1 :]
        if one.is_directory:
            found[name] = "/"
        else:
            found[name] = hashlib.sha256(b"".join(fs.read_from_file(one.path))).hexdigest()
    return found


@pytest.fixture(scope="module")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> LocalPath:
    return tmp_path_factory.mktemp("matrix")


@pytest.fixture(scope="module")
def expected(scratch: LocalPath) -> dict[str, str]:
    plant(scratch / "planted")
    with FileSystem.create("file") as fs:
        return digests(fs, Path(str(scratch / "planted")))


class Planted:
    """The ends, with the tree on those that it is copied from."""

    def __init__(self, request: pytest.FixtureRequest, scratch: LocalPath) -> None:
        self._request, self._scratch = request, scratch
        self._ends: dict[str, End] = {}
        self._made: list[tuple[End, Path]] = []
        self._sources: dict[str, Path] = {}
        self.name = f"matrix-{uuid.uuid4().hex[:8]}"

    def end(self, name: str) -> End:
        if name not in self._ends:
            fixture, make = ENDS[name]
            self._ends[name] = make(self._request.getfixturevalue(fixture))
        return self._ends[name]

    def source(self, name: str, fs: FileSystem) -> Path:
        """Return the path of the tree at an end."""
        if name not in self._sources:
            path = self.path(name, fs, "source")
            with FileSystem.create("file") as disk:
                copy(disk, Path(str(self._scratch / "planted")), fs, path)
            self._sources[name] = path
        return self._sources[name]

    def path(self, name: str, fs: FileSystem, what: str) -> Path:
        """Return a path at an end that is removed at last."""
        path = fs.get_working_directory() / f"{self.name}-{what}"
        self._made.append((self.end(name), path))
        return path

    def clear(self) -> None:
        for end, path in self._made:
            with end.connect() as fs:
                if fs.exists(path):
                    fs.delete(path, True)


@pytest.fixture(scope="module")
def planted(
    request: pytest.FixtureRequest, scratch: LocalPath, expected: dict[str, str]
) -> Iterator[Planted]:
    del expected  # it makes the tree
    made = Planted(request, scratch)
    yield made
    made.clear()


def copy(source: FileSystem, path: Path, target: FileSystem, to: Path) -> None:
    operation = source.copy(path, target, to, CopyMode.CREATE, recursive=True)
    status = operation.wait(240_000)
    assert status.done
    if status.error:
        raise status.error


@pytest.mark.parametrize("pair", PAIRS)
def test_a_tree(planted: Planted, expected: dict[str, str], pair: tuple[str, str]) -> None:
    source, target = pair
    with planted.end(source).connect() as here, planted.end(target).connect() as there:
        origin = planted.source(source, here)
        goal = planted.path(target, there, f"{source}-to-{target}")
        copy(here, origin, there, goal)
        assert digests(there, goal) == expected
        there.delete(goal, True)


@pytest.fixture(scope="module")
def large(scratch: LocalPath) -> tuple[LocalPath, str]:
    """A large file and its checksum."""
    path, digest = scratch / "large-local", hashlib.sha256()
    with path.open("wb") as stream:
        for number in range(LARGE // MB):
            block = content(str(number), MB)
            digest.update(block)
            stream.write(block)
    return path, digest.hexdigest()


def test_a_large_file(
    request: pytest.FixtureRequest,
    planted: Planted,
    large: tuple[LocalPath, str],
    large_pair: tuple[str, str],
) -> None:
    """It is the same there, with little memory, and nothing is put on the local disk meanwhile."""
    path, checksum = large
    source, target = large_pair
    name = f"{planted.name}-large"
    for end in large_pair:
        with planted.end(end).connect() as fs:
            planted.path(end, fs, "large")
    given = {
        "local": str(path),
        "name": name,
        "source": dataclasses.asdict(planted.end(source)),
        "target": dataclasses.asdict(planted.end(target)),
    }
    done = subprocess.run(
        [sys.executable, large_copy.__file__],
        input=json.dumps(given),
        env={**os.environ, "TMPDIR": large_copy.NOWHERE},
        capture_output=True,
        text=True,
        timeout=250,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    print(f"{source} to {target} needed {answer['grown'] / MB:.0f} MB of memory")
    assert answer["checksum"] == checksum
    kept = (
        2 * LARGE if target == "fsspec" else 0
    )  # the memory file system keeps it, and grows by copying
    assert answer["grown"] < MEMORY + kept


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "large_pair" in metafunc.fixturenames:
        whole = metafunc.config.getoption("--large-copies") == "all"
        metafunc.parametrize("large_pair", PAIRS if whole else RING)
