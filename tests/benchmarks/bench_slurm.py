"""Many jobs on a real Slurm, here and over SSH, beside plain loops, PSI/J and submitit.

Run as root on Debian, on a quiet machine:

    PYTHONPATH=tests python tests/benchmarks/bench_slurm.py [--jobs 1000] [--few 200]

It starts the Slurm of the tests, prints a line per measurement, and at the end which goals were
reached. Where only submission and queries are measured, jobs are submitted held. The peers are
measured if they are installed (psij-python, submitit); neither goes over SSH.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib.util
import os
import statistics
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import paramiko

from services.records import SlurmCluster
from services.slurm import SlurmService
from support.slurm import over_ssh
from xenon_py import Job, JobDescription, Scheduler

HELD = JobDescription(executable="true", hold=True)
SBATCH = ("sbatch", "--parsable", "--hold", "--output=/dev/null")
SCRIPT = b"#!/bin/sh\ntrue\n"
THREADS = 100
INTERVAL = 1.0  # seconds between polls, the default of slurm.poll.delay
SLACK = 0.5  # seconds that the return of a wait may take besides


@dataclass
class Report:
    """Prints what is measured, and remembers the goals."""

    goals: list[tuple[str, str, bool]] = field(default_factory=list)

    def line(self, what: str, seconds: float, jobs: int, note: str = "") -> float:
        """Print one measurement; return ms per job."""
        each = seconds / jobs * 1000
        print(f"  {what:44} {jobs:5} jobs {seconds:8.2f} s {each:8.2f} ms/job  {note}", flush=True)
        return each

    def goal(self, what: str, value: str, reached: bool) -> None:
        """Note whether a goal was reached."""
        self.goals.append((what, value, reached))

    def end(self) -> None:
        """Print the goals."""
        print("goals")
        for what, value, reached in self.goals:
            print(f"  {'reached' if reached else 'MISSED ':8} {value:>10}  {what}")


def timed(work: Callable[[], object]) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def cancel_all() -> None:
    """End all jobs, and wait until the controller has done with them."""
    for partition in ("mypartition", "otherpartition"):
        subprocess.run(("scancel", f"--partition={partition}"), check=True)
    while subprocess.run(("squeue", "-h"), capture_output=True, check=True).stdout.strip():
        time.sleep(0.2)


class Counted:
    """Counts the round trips and the commands of a scheduler."""

    def __init__(self, scheduler: Scheduler) -> None:
        self.host: Any = scheduler._adaptor.host  # type: ignore[attr-defined]
        self._begun = (self.host.rounds, self.host.commands)

    @property
    def rounds(self) -> int:
        return int(self.host.rounds - self._begun[0])

    @property
    def commands(self) -> int:
        return int(self.host.commands - self._begun[1])

    def __str__(self) -> str:
        return f"{self.rounds} round trips, {self.commands} commands"


# --- plain loops ---------------------------------------------------------------------------------


def sbatch() -> str:
    done = subprocess.run(SBATCH, input=SCRIPT, check=True, capture_output=True)
    return done.stdout.decode().strip()


def plain_here(report: Report, few: int) -> None:
    ids: list[str] = []
    report.line(
        "sbatch, a process each", timed(lambda: [ids.append(sbatch()) for _ in range(few)]), few
    )
    command = ("squeue", "-h", "-o", "%i %T", "-j")
    ask = lambda: [subprocess.run((*command, i), check=True, stdout=-3) for i in ids]  # noqa: E731
    report.line("squeue, a process each", timed(ask), few)
    together = (*command, ",".join(ids))
    report.line(
        "squeue, one for all", timed(lambda: subprocess.run(together, check=True, stdout=-3)), few
    )
    cancel_all()


@contextlib.contextmanager
def client(cluster: SlurmCluster) -> Iterator[paramiko.SSHClient]:
    """A connection of paramiko's own."""
    server = cluster.ssh
    with paramiko.SSHClient() as made:
        made.load_host_keys(str(server.known_hosts))
        made.connect(
            *(server.host, server.port, server.user, server.password),
            look_for_keys=False,
            allow_agent=False,
        )
        yield made


def execute(connection: paramiko.SSHClient, command: str, data: bytes = b"") -> bytes:
    stdin, stdout, _ = connection.exec_command(command)
    stdin.write(data)
    stdin.channel.shutdown_write()
    answer = stdout.read()
    assert stdout.channel.recv_exit_status() == 0, command
    return answer


def plain_ssh(report: Report, cluster: SlurmCluster, jobs: int, few: int) -> tuple[float, float]:
    """Return ms per job of one remote shell loop, and of one exec per job."""
    words = " ".join(SBATCH)
    each = f"printf '#!/bin/sh\\ntrue\\n' | {words}"
    loop = f"i=0; while [ $i -lt {jobs} ]; do {each}; i=$((i + 1)); done"
    with client(cluster) as connection:
        together = report.line(
            "sbatch, one remote shell loop", timed(lambda: execute(connection, loop)), jobs
        )
        cancel_all()
        ids: list[bytes] = []
        one = lambda: ids.append(execute(connection, words, SCRIPT).strip())  # noqa: E731
        single = report.line(
            "sbatch, one exec each (paramiko)", timed(lambda: [one() for _ in range(few)]), few
        )
        ask = lambda: [execute(connection, f"squeue -h -j {i.decode()}") for i in ids]  # noqa: E731
        report.line("squeue, one exec each (paramiko)", timed(ask), few)
    cancel_all()
    return together, single


# --- xenon_py ------------------------------------------------------------------------------------


def measure(report: Report, scheduler: Scheduler, jobs: int, few: int, where: str) -> float:
    """Submit and ask; return ms per job of ``submit_batch_jobs``."""
    counted = Counted(scheduler)
    seconds = timed(lambda: [scheduler.submit_batch_job(HELD) for _ in range(few)])
    report.line("submit_batch_job, one by one", seconds, few, str(counted))
    cancel_all()
    made: list[Job] = []
    counted = Counted(scheduler)
    seconds = timed(lambda: made.extend(scheduler.submit_batch_jobs([HELD] * jobs)))
    many = report.line("submit_batch_jobs", seconds, jobs, str(counted))
    status_round(report, scheduler, made, f"{where}, single jobs")
    cancel_all()
    array: list[Job] = []
    counted = Counted(scheduler)
    seconds = timed(lambda: array.extend(scheduler.submit_job_array(HELD, 0, jobs - 1)))
    report.line("submit_job_array", seconds, jobs, str(counted))
    status_round(report, scheduler, array, f"{where}, an array")
    cancel_all()
    return many


def status_round(report: Report, scheduler: Scheduler, jobs: Sequence[Job], what: str) -> None:
    """Ask for all statuses, five times."""
    counted = Counted(scheduler)
    times = [timed(lambda: scheduler.get_job_statuses(jobs)) for _ in range(5)]
    seconds, commands = statistics.median(times), counted.commands / 5
    report.line(f"one status round: {what}", seconds, len(jobs), f"{commands:g} commands each")
    report.goal(f"commands per status round <= 2: {what}", f"{commands:g}", commands <= 2)
    report.goal(f"status of {len(jobs)} jobs < 0.3 s: {what}", f"{seconds:.2f} s", seconds < 0.3)


def noting(folder: Path, number: int, seconds: float) -> JobDescription:
    """A job that notes when it ends."""
    return JobDescription(
        executable="/bin/sh",
        arguments=["-c", f"sleep {seconds}; date +%s.%N"],
        stdout=str(folder / f"end-{number}"),
    )


def delay(scheduler: Scheduler, job: Job, folder: Path, number: int) -> float:
    """Return the seconds from the end of a job to the return of the wait for it."""
    scheduler.wait_until_done(job)
    return time.time() - float((folder / f"end-{number}").read_text())


def wait_for_one(report: Report, scheduler: Scheduler, folder: Path, where: str) -> None:
    """Wait for some jobs, one after another."""
    delays = []
    for number in range(8):
        job = scheduler.submit_batch_job(noting(folder, number, 1 + number / 8))
        delays.append(delay(scheduler, job, folder, number))
    limit = INTERVAL + SLACK
    print(f"  end of a job to return of its wait: at most {max(delays):.2f} s")
    what = f"end of a job to return of its wait <= {limit:g} s (poll {INTERVAL:g} s): {where}"
    report.goal(what, f"{max(delays):.2f} s", max(delays) <= limit)


def wait_in_threads(scheduler: Scheduler, folder: Path) -> None:
    """So many threads wait for one job each."""
    delays: list[float] = []
    jobs = scheduler.submit_batch_jobs(
        [noting(folder, number, 1 + number % 7) for number in range(THREADS)]
    )
    counted = Counted(scheduler)
    threads = [
        threading.Thread(target=lambda n=n, j=j: delays.append(delay(scheduler, j, folder, n)))  # type: ignore[misc]
        for n, j in enumerate(jobs)
    ]
    seconds = timed(lambda: ([t.start() for t in threads], [t.join() for t in threads]))
    middle, longest = statistics.median(delays), max(delays)
    print(
        f"  {THREADS} threads wait for a job each, {seconds:.1f} s: {counted}; from end to return "
        f"{middle:.2f} s in the middle, {longest:.2f} s at most"
    )


# --- peers ---------------------------------------------------------------------------------------


def with_submitit(report: Report, folder: str, few: int) -> None:
    if importlib.util.find_spec("submitit") is None:
        print("  submitit is not installed")
        return
    import submitit  # type: ignore[import-not-found]

    executor = submitit.AutoExecutor(folder=folder, cluster="slurm")
    executor.update_parameters(timeout_min=5, slurm_additional_parameters={"hold": True})
    jobs: list[Any] = []
    few = min(few, 50)  # each takes a fifth of a second
    work = lambda: jobs.extend(executor.submit(int) for _ in range(few))  # noqa: E731
    report.line("submitit, submit one by one", timed(work), few)
    report.line("submitit, state of each", timed(lambda: [job.state for job in jobs]), few)


def with_psij(report: Report, few: int) -> None:
    if importlib.util.find_spec("psij") is None:
        print("  PSI/J is not installed")
        return
    import psij  # type: ignore[import-not-found]

    executor = psij.JobExecutor.get_instance("slurm")
    attributes = psij.JobAttributes(custom_attributes={"slurm.begin": "now+1hour"})

    def submit() -> None:
        for _ in range(few):
            executor.submit(psij.Job(psij.JobSpec(executable="/bin/true", attributes=attributes)))

    report.line("PSI/J, submit one by one", timed(submit), few)


# --- all of it -----------------------------------------------------------------------------------


def here(report: Report, folder: str, jobs: int, few: int) -> None:
    print("plain loops, here")
    plain_here(report, few)
    print("xenon_py, here")
    with Scheduler.create("slurm", f"local://{folder}") as scheduler:
        measure(report, scheduler, jobs, few, "here")
        wait_for_one(report, scheduler, Path(folder), "here")
        wait_in_threads(scheduler, Path(folder))
    print("others, here")
    with_psij(report, few)
    cancel_all()
    with_submitit(report, folder, few)
    cancel_all()


def there(report: Report, cluster: SlurmCluster, jobs: int, few: int) -> None:
    print("plain loops, over SSH")
    loop, single = plain_ssh(report, cluster, jobs, few)
    print("xenon_py, over SSH")
    with (
        tempfile.TemporaryDirectory(dir=cluster.ssh.home) as folder,
        over_ssh(cluster) as scheduler,
    ):
        Path(folder).chmod(0o777)
        many = measure(report, scheduler, jobs, few, "over SSH")
        wait_for_one(report, scheduler, Path(folder), "over SSH")
        wait_in_threads(scheduler, Path(folder))
    ratio = many / loop
    report.goal(
        f"submit_batch_jobs <= 1.2 x one remote loop: {jobs} jobs", f"{ratio:.2f} x", ratio <= 1.2
    )
    times = single / many
    report.goal("submit_batch_jobs >= 3 x faster than one exec each", f"{times:.1f} x", times >= 3)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--jobs", type=int, default=1000, help="jobs that are submitted together")
    parser.add_argument("--few", type=int, default=200, help="jobs that take a process each")
    given = parser.parse_args()
    report = Report()
    with SlurmService().use() as cluster, tempfile.TemporaryDirectory() as folder:
        os.environ.update(cluster.environment)
        here(report, folder, given.jobs, given.few)
        there(report, cluster, given.jobs, given.few)
    report.end()


if __name__ == "__main__":
    main()
