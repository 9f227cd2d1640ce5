"""A process that may open few files: what can be done is done; what cannot is told, and no harm."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

BEGIN = """
import os, resource, sys
import xenon_py as xenon
from pathlib import Path

here = Path(sys.argv[1])
def allow(number):
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (number, hard))
def tree(root):
    return sorted(str(path.relative_to(root)) for path in root.rglob("*"))
def plant():
    deep = here / "a"
    for _ in range(40):
        deep /= "d"
        deep.mkdir(parents=True)
        (deep / "x").write_bytes(b"x")
    for number in range(100):
        (here / "a" / f"f{number}").write_bytes(b"y" * 1000)
    return tree(here / "a")
"""


def _run(tmp_path: Path, program: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", BEGIN + program, str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_copies_of_trees_side_by_side_and_deletes(tmp_path: Path) -> None:
    _run(
        tmp_path,
        """
allow(64)
planted = plant()
with xenon.FileSystem.create("file", location=str(here)) as fs:
    copies = [fs.copy("a", fs, f"b{n}", recursive=True) for n in range(6)]
    for number, copy in enumerate(copies):
        status = copy.wait(60_000)
        assert status.error is None, status.error
        assert tree(here / f"b{number}") == planted
        fs.delete(f"b{number}", recursive=True)
""",
    )


def test_a_copy_that_meets_the_limit_says_so_and_harms_nothing(tmp_path: Path) -> None:
    _run(
        tmp_path,
        """
planted = plant()
with xenon.FileSystem.create("file", location=str(here)) as fs:
    used = [os.open("/dev/null", os.O_RDONLY)]
    allow(used[0] + 4)
    try:
        copy = fs.copy("a", fs, "b", recursive=True)
        status = copy.wait(60_000)
    finally:
        allow(256)
    assert status.done and "ulimit -n" in status.error.msg, status.error
    assert tree(here / "a") == planted
    there = tree(here / "b") if (here / "b").exists() else []
    assert set(there) <= set(planted), there
    for name in there:
        if (here / "b" / name).is_file():
            assert (here / "b" / name).read_bytes() == (here / "a" / name).read_bytes()
    again = fs.copy("a", fs, "b", mode=xenon.CopyMode.REPLACE, recursive=True).wait(60_000)
    assert again.error is None, again.error
    assert tree(here / "b") == planted
""",
    )


def test_fifty_jobs(tmp_path: Path) -> None:
    _run(
        tmp_path,
        """
allow(64)
with xenon.Scheduler.create("local") as scheduler:
    jobs = [
        scheduler.submit_batch_job(xenon.JobDescription(
            executable="/bin/sh", arguments=["-c", f"sleep 0.5; echo {n}"],
            queue_name="unlimited", stdout=str(here / str(n)), stderr=str(here / f"e{n}"),
        ))
        for n in range(50)
    ]
    for number, job in enumerate(jobs):
        assert job.wait(60_000).exit_code == 0
        assert (here / str(number)).read_text() == f"{number}\\n"
""",
    )


def test_a_job_with_hardly_any_descriptor_left(tmp_path: Path) -> None:
    """Whichever descriptor is the one too many: the job runs, or did not and that is told."""
    _run(
        tmp_path,
        """
with xenon.Scheduler.create("local") as scheduler:
    first = len(os.listdir("/proc/self/fd"))
    refused = run = 0
    for free in range(12):
        allow(first + free)
        name = here / f"out{free}"
        try:
            job = scheduler.submit_batch_job(xenon.JobDescription(
                executable="/bin/echo", arguments=["done"], stdout=str(name),
            ))
            status = job.wait(20_000)
        except xenon.XenonException as error:
            refused += "ulimit -n" in str(error)
            assert "ulimit -n" in str(error), error
        else:
            run += status.exit_code == 0
            assert status.exit_code == 0 or "ulimit -n" in status.error_message, status
        finally:
            allow(256)
        assert not name.exists() or name.read_text() == "done\\n"
    assert run > 1, (run, refused)
""",
    )


def test_interactive_jobs_up_to_the_limit(tmp_path: Path) -> None:
    _run(
        tmp_path,
        """
allow(64)
with xenon.Scheduler.create("local") as scheduler:
    held = []
    try:
        for number in range(50):
            held.append(scheduler.submit_interactive_job(
                xenon.JobDescription(executable="/bin/sleep", arguments=["20"],
                    queue_name="unlimited"), []
            ))
    except xenon.XenonException as error:
        assert "ulimit -n" in str(error), error
    else:
        raise AssertionError("50 interactive jobs need more than 64 descriptors")
    assert len(held) > 3
    for job, _ in held:
        job.cancel()
    for job, stream in held:
        list(stream)
        assert job.wait(60_000).done
    job = scheduler.submit_batch_job(xenon.JobDescription(executable="/bin/true"))
    assert job.wait(60_000).exit_code == 0
assert len(os.listdir("/proc/self/fd")) < 16
""",
    )
