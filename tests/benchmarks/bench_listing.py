"""Time ``FileSystem.list`` of 10,000 entries against ``os.scandir`` with ``stat`` of each.

Run as ``python tests/benchmarks/bench_listing.py [number of entries]``; prints the best of ten
rounds of each, taken in turns, and their ratio.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Callable

from xenon_py.filesystem import FileSystem

ROUNDS = 10


def plain(directory: str) -> int:
    with os.scandir(directory) as entries:
        return len([(entry.name, entry.stat(follow_symlinks=False)) for entry in entries])


def seconds(function: Callable[[], int], expected: int) -> float:
    begin = time.perf_counter()
    if function() != expected:
        raise SystemExit("the listing is not complete")
    return time.perf_counter() - begin


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    with tempfile.TemporaryDirectory() as directory, FileSystem.create("file", directory) as fs:
        for number in range(count):
            with open(os.path.join(directory, f"file-{number:06d}.txt"), "w"):
                pass
        rounds = [
            (
                seconds(lambda: plain(directory), count),
                seconds(lambda: len(fs.list(".")), count),
            )
            for _ in range(ROUNDS)
        ]
    ours, theirs = min(r[1] for r in rounds), min(r[0] for r in rounds)
    print(f"{count} entries: os.scandir + stat {theirs * 1000:.1f} ms, list {ours * 1000:.1f} ms")
    print(f"ratio {ours / theirs:.2f}")


if __name__ == "__main__":
    main()
