"""Many jobs on a real Slurm, here and over SSH, beside plain loops, submitit and PSI/J.

Run as root on Debian: ``PYTHONPATH=tests python tests/benchmarks/bench_slurm.py [jobs]``. It starts
the Slurm of the tests. Jobs are submitted held, so that only submission and queries are measured.
"""

from __future__ import annotations

import importlib.util
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

from services.records import SlurmCluster
from services.slurm import SlurmService
from support.slurm import over_ssh
from xenon_py import Job, JobDescription, Scheduler

HELD = JobDescription(executable="true", hold=True)
SBATCH = ("sbatch", "--parsable", "--hold", "--output=/dev/null")
SCRIPT = b"#!/bin/sh\ntrue\n"
FEW = 50  # repetitions of what takes a process or a round trip per job


def timed(work: Callable[[], object]) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def show(what: str, seconds: float, jobs: int, note: str = "") -> float:
    each = seconds / jobs * 1000
    print(f"  {what:46} {jobs:5} jobs {seconds:8.2f} s {each:8.1f} ms/job  {note}", flush=True)
    return each


def cancel_all() -> None:
    for partition in ("mypartition", "otherpartition"):
        subprocess.run(("scancel", f"--partition={partition}"), check=True)


def host_of(scheduler: Scheduler) -> object:
    return scheduler._adaptor.host


def measure(scheduler: Scheduler, jobs: int) -> tuple[float, list[Job]]:
    """Submit, ask, wait; return ms per job of ``submit_batch_jobs``, and the jobs."""
    show(
        "submit_batch_job, one by one",
        timed(lambda: [scheduler.submit_batch_job(HELD) for _ in range(FEW)]),
        FEW,
    )
    made: list[Job] = []
    many = show(
        "submit_batch_jobs",
        timed(lambda: made.extend(scheduler.submit_batch_jobs([HELD] * jobs))),
        jobs,
    )
    array: list[Job] = []
    show(
        "submit_job_array",
        timed(lambda: array.extend(scheduler.submit_job_array(HELD, 0, jobs - 1))),
        jobs,
    )
    host = host_of(scheduler)
    for name, asked in (("single jobs", made), ("array", array)):
        before = (host.rounds, host.commands)  # type: ignore[attr-defined]
        times = [timed(lambda: scheduler.get_job_statuses(asked)) for _ in range(5)]  # noqa: B023
        rounds = (host.rounds - before[0]) / 5  # type: ignore[attr-defined]
        commands = (host.commands - before[1]) / 5  # type: ignore[attr-defined]
        show(
            f"one status round, {name}",
            statistics.median(times),
            jobs,
            f"{rounds:g} round trips, {commands:g} commands",
        )
    wait_with_threads(scheduler, made[:100])
    return many, made


def wait_with_threads(scheduler: Scheduler, jobs: list[Job]) -> None:
    """100 threads wait for one job each while these are held; count what is asked."""
    host = host_of(scheduler)
    before = (host.rounds, host.commands)  # type: ignore[attr-defined]
    threads = [threading.Thread(target=job.wait, args=(5000,)) for job in jobs]
    seconds = timed(lambda: ([t.start() for t in threads], [t.join() for t in threads]))
    rounds, commands = host.rounds - before[0], host.commands - before[1]  # type: ignore[attr-defined]
    print(
        f"  {len(jobs)} threads wait for one job each, {seconds:.1f} s: {rounds} rounds, "
        f"{commands} commands"
    )


def delays(scheduler: Scheduler, folder: str) -> None:
    """From the end of a job to the return of ``wait_until_done``, at 1 s between polls."""
    found = []
    for number in range(5):
        output = f"{folder}/end-{number}"
        script = "sleep 1.5; date +%s.%N"
        job = scheduler.submit_batch_job(
            JobDescription(executable="/bin/sh", arguments=["-c", script], stdout=output)
        )
        job.wait()
        returned = time.time()
        found.append(returned - float(Path(output).read_text()))
    print(f"  end of a job to the return of the wait: at most {max(found):.2f} s (poll 1 s)")


def plain_loops(cluster: SlurmCluster) -> tuple[float, float]:
    """Return ms per job of one remote shell loop, and of one exec per job."""
    show(
        "sbatch, a process each (local)",
        timed(
            lambda: [
                subprocess.run(SBATCH, input=SCRIPT, check=True, stdout=-3) for _ in range(FEW)
            ]
        ),
        FEW,
    )
    with over_ssh(cluster) as scheduler:
        runner = host_of(scheduler).runner  # type: ignore[attr-defined]
        program = (
            f"i=0; while [ $i -lt {FEW} ]; do printf '#!/bin/sh\\ntrue\\n' | {' '.join(SBATCH)}; "
            "i=$((i + 1)); done"
        )
        loop = show(
            "sbatch, one shell loop over SSH",
            timed(lambda: runner.run(("/bin/sh", "-c", program))),
            FEW,
        )
        single = show(
            "sbatch, one exec each over SSH",
            timed(lambda: [runner.run(SBATCH, stdin=SCRIPT) for _ in range(FEW)]),
            FEW,
        )
    return loop, single


def with_submitit(folder: str) -> None:
    if importlib.util.find_spec("submitit") is None:
        print("  submitit is not installed")
        return
    import submitit  # type: ignore[import-not-found]

    executor = submitit.AutoExecutor(folder=folder, cluster="slurm")
    executor.update_parameters(timeout_min=5, slurm_additional_parameters={"hold": True})
    jobs: list[object] = []
    work = lambda: jobs.extend(executor.submit(int) for _ in range(FEW))  # noqa: E731
    show("submitit, submit one by one", timed(work), FEW)
    show("submitit, state of each", timed(lambda: [job.state for job in jobs]), FEW)  # type: ignore[attr-defined]


def with_psij() -> None:
    if importlib.util.find_spec("psij") is None:
        print("  PSI/J is not installed")
        return
    import psij  # type: ignore[import-not-found]

    executor = psij.JobExecutor.get_instance("slurm")
    attributes = psij.JobAttributes(custom_attributes={"slurm.begin": "now+1hour"})

    def submit() -> None:
        for _ in range(FEW):
            executor.submit(psij.Job(psij.JobSpec(executable="/bin/true", attributes=attributes)))

    show("PSI/J, submit one by one", timed(submit), FEW)


def main() -> None:
    jobs = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    with SlurmService().use() as cluster, tempfile.TemporaryDirectory() as folder:
        os.environ.update(cluster.environment)
        print("plain loops")
        loop, single = plain_loops(cluster)
        cancel_all()
        print("xenon_py, local")
        with Scheduler.create("slurm", f"local://{folder}") as scheduler:
            measure(scheduler, jobs)
            cancel_all()
            delays(scheduler, folder)
        print("xenon_py, over SSH")
        with over_ssh(cluster) as scheduler:
            many, _ = measure(scheduler, jobs)
            cancel_all()
        print(f"  submit_batch_jobs: {many / loop:.2f} x one shell loop over SSH (goal: 1.2)")
        print(f"  submit_batch_jobs: {single / many:.1f} x faster than one exec each (goal: 3)")
        print("others, local")
        with_submitit(folder)
        with_psij()
        cancel_all()


if __name__ == "__main__":
    main()
