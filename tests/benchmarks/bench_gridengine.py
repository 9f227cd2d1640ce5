"""Many jobs on a real Grid Engine, here and over SSH, beside loops of qsub, qstat and qacct.

Run as root on Debian: ``PYTHONPATH=tests python tests/benchmarks/bench_gridengine.py [--jobs N]``.
It starts the Grid Engine of the tests.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence

from services.gridengine import GridEngineService
from services.records import GridEngineCell
from support.gridengine import over_ssh
from xenon_py import Job, JobDescription, Scheduler

HELD = JobDescription(executable="true", hold=True)
SHORT = JobDescription(executable="true")
QSUB = ("qsub", "-terse", "-S", "/bin/sh", "-o", "/dev/null", "-e", "/dev/null")
FEW = 50
"""Repetitions of what takes a process or a round trip per job; ms per job is what counts."""


def timed(work: Callable[[], object]) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def show(what: str, seconds: float, jobs: int, note: str = "") -> float:
    each = seconds / jobs * 1000
    print(f"  {what:44} {jobs:5} jobs {seconds:8.3f} s {each:8.2f} ms/job  {note}", flush=True)
    return each


def clear() -> None:
    subprocess.run(("qdel", "-u", "*"), stdout=subprocess.DEVNULL, check=False)
    while b"<job_list" in subprocess.check_output(("qstat", "-u", "*", "-xml")):
        time.sleep(0.2)


def loop(*argv: str, text: bytes = b"") -> list[str]:
    """Run a command; return the words that it printed."""
    done = subprocess.run(argv, input=text, capture_output=True, check=False)
    return done.stdout.decode().split()


def plain_loops() -> dict[str, float]:
    """Return ms per job of the commands, a process each."""
    ids: list[str] = []
    script = b"#!/bin/sh\ntrue\n"
    submit = show(
        "qsub, a process each",
        timed(lambda: [ids.extend(loop(*QSUB, "-h", text=script)) for _ in range(FEW)]),
        FEW,
    )
    state = show(
        "qstat -j, a process each", timed(lambda: [loop("qstat", "-j", i) for i in ids]), FEW
    )
    loop("qrls", *ids)
    while loop("qstat"):
        time.sleep(0.2)
    end = show(
        "qacct -j, a process each", timed(lambda: [loop("qacct", "-j", i) for i in ids]), FEW
    )
    return {"submit": submit, "state": state, "end": end}


def rounds(scheduler: Scheduler, jobs: Sequence[Job], what: str) -> tuple[float, float]:
    """Return the seconds of one round of statuses, and its commands."""
    host = scheduler._adaptor.host
    before = (host.rounds, host.commands)  # type: ignore[attr-defined]
    times = [timed(lambda: scheduler.get_job_statuses(jobs)) for _ in range(5)]
    trips = (host.rounds - before[0]) / 5  # type: ignore[attr-defined]
    commands = (host.commands - before[1]) / 5  # type: ignore[attr-defined]
    median = statistics.median(times)
    show(f"one status round, {what}", median, len(jobs), f"{trips:g} trips, {commands:g} commands")
    return median, commands


def measure(scheduler: Scheduler, jobs: int) -> dict[str, float]:
    """Submit, ask, wait for all."""
    made: list[Job] = []
    work = lambda: made.extend(scheduler.submit_batch_jobs([HELD] * jobs))  # noqa: E731
    submit = show("submit_batch_jobs", timed(work), jobs)
    array: list[Job] = []
    work = lambda: array.extend(scheduler.submit_job_array(HELD, 1, jobs))  # noqa: E731
    show("submit_job_array", timed(work), jobs)
    seconds, commands = rounds(scheduler, made, "single jobs")
    rounds(scheduler, array, "array")
    clear()
    host = scheduler._adaptor.host
    short = scheduler.submit_batch_jobs([SHORT] * jobs)
    before = host.commands  # type: ignore[attr-defined]
    ends: list[int | None] = []
    work = lambda: ends.extend(end.exit_code for end in scheduler.as_completed(short))  # noqa: E731
    wait = timed(work)
    assert ends == [0] * jobs
    used = host.commands - before  # type: ignore[attr-defined]
    show("as_completed, jobs of no length", wait, jobs, f"{used} commands in all")
    return {"submit": submit, "seconds": seconds, "commands": commands}


def goal(text: str, value: float, limit: float) -> None:
    print(f"  {text}: {value:.2f} (goal: at most {limit:g}){'' if value <= limit else '  MISSED'}")


def compare(cell: GridEngineCell, jobs: int, folder: str) -> None:
    print("plain loops, local")
    plain = plain_loops()
    print("xenon_py, local")
    with Scheduler.create("gridengine", f"local://{folder}") as scheduler:
        here = measure(scheduler, jobs)
    clear()
    print("xenon_py, over SSH")
    with over_ssh(cell, poll_delay="1000") as scheduler:
        there = measure(scheduler, jobs)
    print("goals")
    goal("commands in a status round, local", here["commands"], 2)
    goal("commands in a status round, over SSH", there["commands"], 2)
    goal(f"seconds of a status round of {jobs} jobs, local", here["seconds"], 0.1)
    goal("submitting, local, times a loop of qsub", here["submit"] / plain["submit"], 2)
    whole = plain["state"] * jobs / 1000
    print(f"  a loop of qstat -j takes {whole / here['seconds']:.0f} times as long as a round")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=500)
    jobs: int = parser.parse_args().jobs
    with GridEngineService().use() as cell, tempfile.TemporaryDirectory() as folder:
        os.environ["PATH"] = f"{cell.environment['PATH']}:{os.environ['PATH']}"
        os.environ.update({k: v for k, v in cell.environment.items() if k != "PATH"})
        try:
            compare(cell, jobs, folder)
        finally:
            clear()


if __name__ == "__main__":
    main()
