"""``xenon_py.drmaa`` beside Grid Engine's libdrmaa under drmaa-python: submit, ask, wait for all.

Run as root on Debian: ``PYTHONPATH=tests python tests/benchmarks/bench_drmaa.py [jobs ...]``, by
default with 50 and 500 jobs. It starts the Grid Engine and the Slurm of the tests, and installs
drmaa-python into a temporary directory. One unchanged program is measured everywhere: with
drmaa-python on libdrmaa, and as ``python -m xenon_py.drmaa`` on Grid Engine, Slurm and ``local``.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from services.gridengine import GridEngineService
from services.slurm import SlurmService

PROGRAM = """
import json, os, sys, time, drmaa
ALL = drmaa.Session.JOB_IDS_SESSION_ALL
jobs = int(sys.argv[1])
seconds = {}

def timed(name, work):
    begun = time.perf_counter()
    result = work()
    seconds[name] = time.perf_counter() - begun
    return result

with drmaa.Session() as session:
    template = session.createJobTemplate()
    template.remoteCommand = "/bin/true"
    template.outputPath = template.errorPath = ":/dev/null"
    session.synchronize([session.runJob(template)], 600, True)
    ids = timed("runJob", lambda: [session.runJob(template) for _ in range(jobs)])
    timed("synchronize", lambda: session.synchronize([ALL], 1800, True))
    ids = timed("runBulkJobs", lambda: session.runBulkJobs(template, 1, jobs, 1))
    timed("jobStatus", lambda: [session.jobStatus(one) for one in ids])
    timed("synchronize bulk", lambda: session.synchronize([ALL], 1800, True))
print(json.dumps(seconds | {"cpu": sum(os.times()[:4])}))
"""
ROWS = {
    "runJob": "runJob, one by one",
    "synchronize": "synchronize, until all have ended",
    "runBulkJobs": "runBulkJobs",
    "jobStatus": "jobStatus of each of them",
    "synchronize bulk": "synchronize, until all have ended",
    "cpu": "processor time of program and commands",
}


def measure(words: list[str], jobs: int, environment: Mapping[str, str]) -> dict[str, float]:
    """Return the seconds of each step of the program."""
    done = subprocess.run(
        [sys.executable, *words, str(jobs)],
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        check=True,
    )
    return dict(json.loads(done.stdout))


def with_libdrmaa(folder: Path, cell: Mapping[str, str]) -> dict[str, str]:
    """Install drmaa-python; return what it needs to load Grid Engine's library here."""
    install = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--target", str(folder)]
    subprocess.run([*install, "drmaa==0.7.9"], check=True)
    library = next(Path(cell["SGE_ROOT"], "lib").glob("*/libdrmaa.so"))
    return {
        **cell,
        "PYTHONPATH": str(folder),
        "DRMAA_LIBRARY_PATH": str(library),
        "LD_LIBRARY_PATH": str(library.parent),
        # else: libjemalloc.so.2: cannot allocate memory in static TLS block
        "GLIBC_TUNABLES": "glibc.rtld.optional_static_tls=16384",
    }


def show(jobs: int, found: Mapping[str, Mapping[str, float]]) -> None:
    """Print the seconds, and how many times as long as libdrmaa each one took."""
    peer, *ours = found
    print(f"\n{jobs} jobs{'':32}{peer:>12}" + "".join(f"{name:>21}" for name in ours))
    for row, text in ROWS.items():
        cells = [f"{found[name][row]:10.3f} s {_times(found, name, row)}" for name in ours]
        print(f"{text:40}{found[peer][row]:10.3f} s " + "".join(f"{cell:>21}" for cell in cells))
    each = ", ".join(f"{name} {found[name]['runJob'] / jobs * 1000:.1f}" for name in found)
    print(f"ms per runJob: {each}", flush=True)


def _times(found: Mapping[str, Mapping[str, float]], name: str, row: str) -> str:
    return f"x{found[name][row] / next(iter(found.values()))[row]:.2f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, usage="%(prog)s [jobs ...]")
    parser.add_argument("jobs", type=int, nargs="*", default=[50, 500])
    counts = parser.parse_args().jobs
    with (
        GridEngineService().use() as cell,
        SlurmService().use() as slurm,
        tempfile.TemporaryDirectory() as folder,
    ):
        script = Path(folder, "measured.py")
        script.write_text(PROGRAM)
        original = with_libdrmaa(Path(folder, "drmaa-python"), cell.environment)
        launcher = ["-m", "xenon_py.drmaa", "--contact"]
        for jobs in counts:
            found = {"libdrmaa": measure([str(script)], jobs, original)}
            for name, environment in (
                ("gridengine", cell.environment),
                ("slurm", slurm.environment),
                ("local", {}),
            ):
                words = [*launcher, f"adaptor={name}", str(script)]
                found[name] = measure(words, jobs, environment)
            show(jobs, found)


if __name__ == "__main__":
    main()
