"""200 jobs on the queue ``multi`` against four threads that loop over ``subprocess.run``.

Run: ``python tests/benchmarks/bench_local_jobs.py [rounds]``. Prints medians and ratios.
"""

from __future__ import annotations

import concurrent.futures
import statistics
import subprocess
import sys
import time

from xenon_py.model.jobs import JobDescription
from xenon_py.scheduler import Scheduler

JOBS = 200
PLACES = 4


def loop_over_subprocess_run() -> float:
    begun = time.perf_counter()
    with concurrent.futures.ThreadPoolExecutor(PLACES) as pool:
        codes = [
            result.returncode
            for result in pool.map(
                lambda _: subprocess.run(["/bin/true"], check=False), range(JOBS)
            )
        ]
    assert codes == [0] * JOBS
    return time.perf_counter() - begun


def jobs_on_multi(scheduler: Scheduler) -> float:
    description = JobDescription(executable="/bin/true", queue_name="multi")
    begun = time.perf_counter()
    jobs = scheduler.submit_batch_jobs([description] * JOBS)
    codes = [status.exit_code for status in scheduler.as_completed(jobs)]
    assert codes == [0] * JOBS
    return time.perf_counter() - begun


def jobs_one_by_one(scheduler: Scheduler) -> float:
    """The same as PyXenon's users wrote it: submit each, wait for each."""
    description = JobDescription(executable="/bin/true", queue_name="multi")
    begun = time.perf_counter()
    jobs = [scheduler.submit_batch_job(description) for _ in range(JOBS)]
    assert all(scheduler.wait_until_done(job).exit_code == 0 for job in jobs)
    return time.perf_counter() - begun


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 7
    loops, together, singly = [], [], []
    with Scheduler.create("local") as scheduler:
        for _ in range(rounds):
            loops.append(loop_over_subprocess_run())
            together.append(jobs_on_multi(scheduler))
            singly.append(jobs_one_by_one(scheduler))
    base = statistics.median(loops)
    print(f"{JOBS} x /bin/true, {PLACES} at a time, median of {rounds} rounds")
    print(f"  four threads over subprocess.run   {base:.3f} s")
    for name, times in (("submit_batch_jobs + as_completed", together), ("one by one", singly)):
        median = statistics.median(times)
        print(f"  {name:34} {median:.3f} s   ratio {median / base:.2f}")


if __name__ == "__main__":
    main()
