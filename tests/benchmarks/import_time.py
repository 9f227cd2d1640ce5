"""Seconds until the library is there, and until its first answer.

Run ``python tests/benchmarks/import_time.py [ROUNDS]``. Each round is a new process; the least and
the middle of all rounds are printed, beside an empty Python process. To reach: below 60 ms for the
import and below 100 ms for what follows (PyXenon takes 2.4-5 s for its ``init``).
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time

PROGRAM = """
import time
began = time.perf_counter()
import xenon_py
loaded = time.perf_counter()
with xenon_py.FileSystem.create("file") as files:
    assert files.exists("/")
answered = time.perf_counter()
print(loaded - began, answered - loaded)
"""


def main() -> None:
    """Measure and print."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    samples: list[tuple[float, float, float]] = []
    for number in range(rounds + 1):
        began = time.perf_counter()
        subprocess.run([sys.executable, "-c", "pass"], check=True, env=environment)
        empty = time.perf_counter() - began
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM],
            check=True,
            env=environment,
            capture_output=True,
            text=True,
        )
        loading, answering = map(float, done.stdout.split())
        if number:  # the first round writes the bytecode
            samples.append((empty, loading, answering))
    names = ("empty Python process", "import xenon_py", "first answer of a file system")
    for name, values in zip(names, zip(*samples, strict=True), strict=True):
        least, middle = min(values) * 1000, statistics.median(values) * 1000
        print(f"{name:32} least {least:6.1f} ms   middle {middle:6.1f} ms")


if __name__ == "__main__":
    main()
