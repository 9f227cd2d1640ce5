"""What becomes of jobs when the program ends, or forks."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from unit.runner_contract import eventually, is_running

FORGETFUL = """
import os, sys
from xenon_py.model.jobs import JobDescription
from xenon_py.scheduler import Scheduler

scheduler = Scheduler.create("local")
job = scheduler.submit_batch_job(JobDescription(executable="sleep", arguments=[60]))
scheduler.wait_until_running(job)
"""


def run(script: str) -> str:
    ended = subprocess.run(
        [sys.executable, "-W", "error", "-c", FORGETFUL + script],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.stderr == ""
    assert ended.returncode == 0
    return ended.stdout


def test_forgotten_close_ends_the_jobs(tmp_path: Path) -> None:
    pid = int(run("print(scheduler._adaptor._ledger.find(job.id).process.pid)"))
    assert eventually(lambda: not is_running(pid))


def test_a_fork_leaves_the_jobs_alone() -> None:
    script = """
child = os.fork()
if child == 0:
    sys.exit(0)
os.waitpid(child, 0)
print(job.wait(200).state)
"""
    assert run(script) == "RUNNING\n"


def test_a_fork_can_run_jobs_of_its_own() -> None:
    script = """
child = os.fork()
if child == 0:
    with Scheduler.create("local") as own:
        code = own.submit_batch_job(JobDescription(executable="true")).wait(20_000).exit_code
    os._exit(5 if code == 0 else 1)
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), os.getpid() != child)
"""
    assert run(script) == "5 True\n"
