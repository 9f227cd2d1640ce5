"""Time copies with the ``file`` adaptor against ``cp``: one large file, and a tree of small ones.

Run as ``python tests/benchmarks/bench_copy.py [--size MiB] [--files N] [--rounds N] [--at DIR]``.
Ours and ``cp`` take turns, each into a fresh destination and after a ``sync``; medians are
compared. As other programs disturb the clock, the ratio of processor time is printed as well. The
peak memory is that of a child process that makes one copy of the large file, from its start.
"""

from __future__ import annotations

import argparse
import itertools
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

PER_DIRECTORY = 100
SMALL_SIZES = (0, 100, 1_000, 4_000, 12_000)
MIB = 1024 * 1024

Copy = Callable[[Path, Path], None]
Times = list[tuple[float, float]]
"""Seconds by the clock, and of processor time."""


def make_large(path: Path, mib: int) -> None:
    block = os.urandom(MIB)
    with path.open("wb") as stream:
        for _ in range(mib):
            stream.write(block)


def make_tree(root: Path, files: int) -> None:
    sizes = itertools.cycle(SMALL_SIZES)
    data = os.urandom(max(SMALL_SIZES))
    for number in range(files):
        directory = root / f"directory-{number // PER_DIRECTORY:03d}"
        directory.mkdir(parents=True, exist_ok=True)
        (directory / f"file-{number:05d}.dat").write_bytes(data[: next(sizes)])


def processor_seconds() -> float:
    both = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in both)


def timed(copy: Copy, source: Path, target: Path) -> tuple[float, float]:
    os.sync()
    used, begin = processor_seconds(), time.perf_counter()
    copy(source, target)
    return time.perf_counter() - begin, processor_seconds() - used


def our_copy(source: Path, target: Path) -> None:
    from xenon_py.filesystem import FileSystem

    with FileSystem.create("file") as fs:
        operation = fs.copy(str(source), fs, str(target), recursive=True)
        status = fs.wait_until_done(operation)
    if status.state != "DONE" or status.bytes_copied != status.bytes_to_copy:
        raise SystemExit(f"the copy failed: {status}")


def cp(source: Path, target: Path) -> None:
    subprocess.run(["cp", "-r", source, target], check=True)


def compare(what: str, source: Path, room: Path, rounds: int, bar: float) -> None:
    ours: Times = []
    theirs: Times = []
    for number in range(rounds):
        # Deleting disturbs what comes after it, so targets are deleted only at the end of a round.
        target = room / f"{source.name}-{number}"
        turns = [(ours, our_copy, "ours"), (theirs, cp, "cp")]
        for times, copy, name in turns if number % 2 else reversed(turns):
            times.append(timed(copy, source, Path(f"{target}-{name}")))
        if source.is_file():
            for *_, name in turns:
                os.unlink(f"{target}-{name}")
    for name, index in (("clock", 0), ("processor", 1)):
        a, b = (statistics.median(t[index] for t in times) for times in (ours, theirs))
        print(f"{what}, {name}: ours {a:.3f} s, cp -r {b:.3f} s, ratio {a / b:.2f} (bar {bar})")


def peak_memory(source: Path, room: Path) -> None:
    program = (
        "import sys; sys.path[:0] = sys.argv[3:]; import bench_copy; "
        "from pathlib import Path; bench_copy.our_copy(Path(sys.argv[1]), Path(sys.argv[2])); "
        "from support.memory import own_peak; print(own_peak())"
    )
    target = room / "memory"
    command = [sys.executable, "-c", program, source, target, *Path(__file__).parents[:2]]
    found = subprocess.run(command, check=True, capture_output=True, text=True)
    print(f"peak memory of a process with one copy: {int(found.stdout) / 1e6:.0f} MB (bar 60)")
    target.unlink()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--size", type=int, default=1024, help="of the large file, in MiB")
    parser.add_argument("--files", type=int, default=10_000, help="in the tree")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--at", help="directory to work in, on the disk to be measured")
    options = parser.parse_args()
    room = Path(tempfile.mkdtemp(prefix="bench-copy-", dir=options.at))
    try:
        make_tree(room / "tree", options.files)
        tree = f"{options.files} small files"
        compare(tree, room / "tree", room, options.rounds, 2.0)
        large = room / "large"
        make_large(large, options.size)
        compare(f"{options.size} MiB in one file", large, room, options.rounds, 1.1)
        peak_memory(large, room)
    finally:
        shutil.rmtree(room)


if __name__ == "__main__":
    main()
