"""A forked child has copies of the parent's objects, but none of its threads."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from xenon_py.filesystem import FileSystem

_START = """
import os, sys, time
from xenon_py.exceptions import SchedulerClosedException
from xenon_py.filesystem import FileSystem
from xenon_py.model.jobs import JobDescription
from xenon_py.scheduler import Scheduler
fs = FileSystem.create("file", sys.argv[1])
"""


def _run(script: str, directory: Path) -> str:
    done = subprocess.run(
        # From 3.12 on Python warns of every fork beside threads, which is what is tested here.
        [sys.executable, "-W", "ignore::DeprecationWarning", "-c", _START + script, str(directory)],
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )
    assert not done.stderr
    return done.stdout


def test_a_file_in_the_making_is_ended_by_the_parent_only(tmp_path: Path) -> None:
    for end in ("sys.exit(0)", "os._exit(f.close() or 0)", "fs.close()"):
        script = f"""
with fs.open("out", "w") as f:
    f.write("one ")
    f.flush()
    if os.fork() == 0:
        {end}
        os._exit(0)
    os.wait()
    assert not fs.exists("out")
    f.write("two")
"""
        _run(script, tmp_path)
        assert (tmp_path / "out").read_text() == "one two"
        assert os.listdir(tmp_path) == ["out"]
        (tmp_path / "out").unlink()


def test_a_child_can_copy_while_the_parent_does(tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(b"x" * 1000)
    script = """
slow = [fs.copy("f", fs, f"p{n}", on_progress=lambda _: time.sleep(0.3)) for n in range(6)]
if os.fork() == 0:
    status = fs.copy("f", fs, "child").wait(20_000)
    print(status.state, flush=True)
    fs.close()
    sys.exit(0)
os.wait()
print([one.wait().state for one in slow])
"""
    assert _run(script, tmp_path) == "DONE\n" + f"{['DONE'] * 6}\n"
    with FileSystem.create("file", str(tmp_path)) as fs:
        assert len(fs.list(".")) == 8


def test_a_scheduler_of_the_parent_says_so(tmp_path: Path) -> None:
    script = """
scheduler = Scheduler.create("local", sys.argv[1])
true = JobDescription(executable="/bin/true", queue_name="multi")
job = scheduler.submit_batch_job(true)
if os.fork() == 0:
    for call in (lambda: scheduler.submit_batch_job(true), lambda: job.wait(), job.cancel):
        try:
            call()
        except SchedulerClosedException as error:
            print("forked" in str(error), scheduler.is_open())
    scheduler.close()
    sys.exit(0)
os.wait()
print(job.wait().state, scheduler.submit_batch_job(true).wait().state)
"""
    assert _run(script, tmp_path) == "True False\n" * 3 + "DONE DONE\n"
