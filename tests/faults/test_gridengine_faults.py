"""What is special about the ends of jobs of Grid Engine, on a real one."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from services.records import GridEngineCell
from xenon_py import JobDescription, Scheduler
from xenon_py.model.jobs import JobReason


@pytest.fixture
def scheduler(
    gridengine: GridEngineCell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Scheduler]:
    if not gridengine.local:
        pytest.skip("this machine has no commands of Grid Engine")
    for name, value in gridengine.environment.items():
        monkeypatch.setenv(name, value)
    with Scheduler.create("gridengine", location=f"local://{tmp_path}") as found:
        yield found


def sh(script: str, **fields: object) -> JobDescription:
    return JobDescription(executable="/bin/sh", arguments=["-c", script], **fields)


@pytest.mark.parametrize("code", [99, 100])
def test_codes_that_grid_engine_keeps_for_itself(scheduler: Scheduler, code: int) -> None:
    """It would run a job again that exits 99, and keep one that exits 100 in error state."""
    job = scheduler.submit_batch_job(sh(f"exit {code}"))
    status = job.wait(60_000)
    assert (status.exit_code, status.reason) == (code, JobReason.FAILED)
    assert job not in scheduler.get_jobs()


def test_cancel_of_a_pending_job_in_another_object(scheduler: Scheduler, tmp_path: Path) -> None:
    job = scheduler.submit_batch_job(sh("touch ran", hold=True))
    job.cancel()
    assert job.wait(60_000).reason is JobReason.CANCELLED
    assert not (tmp_path / "ran").exists()


def test_result_in_another_object_comes_from_record_and_accounting(
    scheduler: Scheduler, tmp_path: Path
) -> None:
    job = scheduler.submit_batch_job(sh("exit 7"))
    assert job.wait(60_000).exit_code == 7
    with Scheduler.create("gridengine", location=f"local://{tmp_path}") as other:
        status = other.get_job(job.id).status()
    assert status.exit_code == 7
    assert status.usage.nodes


def test_many_jobs_take_few_commands(
    scheduler: Scheduler, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A round is at most two round trips and two commands of Grid Engine, however jobs ended."""
    jobs = scheduler.submit_batch_jobs([sh("true") for _ in range(20)])
    jobs += scheduler.submit_job_array(sh("true", hold=True), 1, 480)
    bad = scheduler.submit_batch_job(sh("true", scheduler_arguments=["-o", "/no/such/place/out"]))
    assert bad.wait(60_000).state == "Eqw"
    log = tmp_path / "commands"
    for name in ("qstat", "qacct"):
        real = shutil.which(name)
        (tmp_path / name).write_text(f'#!/bin/sh\necho {name} >>{log}\nexec {real} "$@"\n')
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    host = scheduler._adaptor.host  # type: ignore[attr-defined]
    before = host.rounds
    statuses = scheduler.get_job_statuses([*jobs, bad])
    assert len(statuses) == 501
    assert host.rounds - before <= 2
    assert log.read_text().split() in (["qstat"], ["qstat"] * 2), "a second one tells of errors"
    assert all(job.wait(60_000).exit_code == 0 for job in jobs[:20])
    numbers = {bad.id, jobs[-1].id.partition(".")[0]}
    subprocess.run(["qdel", *numbers], check=True, stdout=subprocess.DEVNULL)
