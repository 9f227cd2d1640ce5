"""Many jobs and many streams at once on this machine; nothing is left behind."""

from __future__ import annotations

import concurrent.futures
import hashlib
import os
import random
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from xenon_py.model.jobs import JobDescription
from xenon_py.scheduler import Scheduler


def left() -> tuple[int, int, int]:
    """Return the numbers of descriptors, threads and child processes of this process."""
    children = 0
    for task in Path("/proc/self/task").iterdir():
        try:
            children += len((task / "children").read_text().split())
        except FileNotFoundError:
            continue  # the thread has ended
    return len(os.listdir("/proc/self/fd")), threading.active_count(), children


@pytest.fixture
def nothing_left() -> Iterator[None]:
    before = left()
    yield
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        if all(now <= then for now, then in zip(left(), before, strict=True)):
            return
        time.sleep(0.05)
    pytest.fail(f"left behind: {left()}, before: {before} (descriptors, threads, children)")


@pytest.mark.usefixtures("nothing_left")
class TestMany:
    def test_1000_concurrent_jobs(self, tmp_path: Path) -> None:
        gate = tmp_path / "gate"
        os.mkfifo(gate)
        description = JobDescription(
            executable="/bin/sh",
            arguments=["-c", "read x < gate; echo done"],
            queue_name="unlimited",
            stdout="out-%j",
        )
        with Scheduler.create("local", str(tmp_path)) as scheduler:
            jobs = scheduler.submit_batch_jobs([description] * 1000)
            for job in jobs:
                assert scheduler.wait_until_running(job, 120_000).running
            assert len(scheduler.get_jobs()) == 1000
            assert threading.active_count() < 20
            with gate.open("w") as lines:
                lines.write("go\n" * 1000)  # each job reads one
                lines.flush()
                codes = {status.exit_code for status in scheduler.as_completed(jobs, 120_000)}
            assert codes == {0}
            assert scheduler.get_jobs() == []
        assert all((tmp_path / f"out-{job.id}").read_text() == "done\n" for job in jobs)

    def test_1000_concurrent_jobs_with_few_descriptors(self, tmp_path: Path) -> None:
        import resource

        limits = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (256, limits[1]))
        try:
            description = JobDescription(executable="sleep", arguments=[2], queue_name="unlimited")
            with Scheduler.create("local", str(tmp_path)) as scheduler:
                jobs = scheduler.submit_batch_jobs([description] * 1000)
                codes = [status.exit_code for status in scheduler.as_completed(jobs, 120_000)]
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, limits)
        assert codes == [0] * 1000

    def test_5000_queued_jobs_take_no_threads(self, tmp_path: Path) -> None:
        with Scheduler.create("local", str(tmp_path)) as scheduler:
            first = scheduler.submit_batch_job(JobDescription(executable="sleep", arguments=[60]))
            jobs = scheduler.submit_batch_jobs([JobDescription(executable="true")] * 5000)
            assert threading.active_count() < 20
            begun = time.monotonic()
            assert first.cancel().done
            assert jobs[0].wait(60_000).exit_code == 0
        assert time.monotonic() - begun < 60
        assert jobs[-1].id.startswith("local-")

    def test_close_ends_500_running_jobs(self, tmp_path: Path) -> None:
        scheduler = Scheduler.create("local", str(tmp_path))
        description = JobDescription(executable="sleep", arguments=[600], queue_name="unlimited")
        jobs = scheduler.submit_batch_jobs([description] * 500)
        futures = [job.future() for job in jobs]
        for job in jobs:
            scheduler.wait_until_running(job)
        begun = time.monotonic()
        scheduler.close()
        assert time.monotonic() - begun < 20
        assert {future.result(10).state for future in futures} == {"KILLED"}

    def test_jobs_from_many_threads(self, tmp_path: Path) -> None:
        with Scheduler.create("local", str(tmp_path)) as scheduler:

            def one(n: int) -> int | None:
                description = JobDescription(
                    executable="/bin/sh", arguments=["-c", f"exit {n % 200}"], queue_name="multi"
                )
                return scheduler.submit_batch_job(description).wait(120_000).exit_code

            with concurrent.futures.ThreadPoolExecutor(32) as pool:
                assert list(pool.map(one, range(400))) == [n % 200 for n in range(400)]

    def test_100_interactive_streams_of_a_megabyte(self, tmp_path: Path) -> None:
        size = 1 << 20
        script = "tee /dev/stderr"
        description = JobDescription(
            executable="/bin/sh", arguments=["-c", script], queue_name="unlimited"
        )

        def pieces(data: bytes) -> Iterator[bytes]:
            for start in range(0, size, 50_000):
                yield data[start : start + 50_000]

        def one(scheduler: Scheduler, n: int) -> Callable[[], bool]:
            data = random.Random(n).randbytes(size)
            job, stream = scheduler.submit_interactive_job(description, pieces(data))

            def check() -> bool:
                out, err = hashlib.sha256(), hashlib.sha256()
                for piece in stream:
                    out.update(piece.stdout)
                    err.update(piece.stderr)
                assert out.digest() == err.digest() == hashlib.sha256(data).digest()
                return job.wait(60_000).exit_code == 0

            return check

        with Scheduler.create("local", str(tmp_path)) as scheduler:
            checks = [one(scheduler, n) for n in range(100)]  # all of them run now
            with concurrent.futures.ThreadPoolExecutor(100) as pool:
                assert all(pool.map(lambda check: check(), checks))
