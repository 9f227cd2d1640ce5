"""What only Slurm has: clusters by name, sites without accounting, jobs of earlier processes."""

from __future__ import annotations

import contextlib
import dataclasses
import re
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from services.records import SlurmCluster
from support.slurm import over_ssh
from xenon_py import Job, JobDescription, Scheduler
from xenon_py.exceptions import (
    InvalidJobDescriptionException,
    NoSuchJobException,
    PermissionDeniedException,
    UnsupportedJobDescriptionException,
)
from xenon_py.model.jobs import JobReason

PATIENCE = 60_000


def shell(script: str, **more: object) -> JobDescription:
    return JobDescription(executable="/bin/sh", arguments=["-c", script], **more)


@contextlib.contextmanager
def here(cluster: SlurmCluster, directory: Path) -> Iterator[Scheduler]:
    """A scheduler on this machine."""
    if not cluster.local:
        pytest.skip("this machine has no commands of Slurm")
    with pytest.MonkeyPatch.context() as patch:
        for name, value in cluster.environment.items():
            patch.setenv(name, value)
        quick = {"slurm.poll.delay": "200"}
        with Scheduler.create("slurm", f"local://{directory}", properties=quick) as scheduler:
            yield scheduler


@pytest.fixture
def scheduler(slurm: SlurmCluster, tmp_path: Path) -> Iterator[Scheduler]:
    with here(slurm, tmp_path) as made:
        yield made


def test_a_cluster_by_name(scheduler: Scheduler, slurm: SlurmCluster) -> None:
    """With -M the identifier names the cluster, and everything goes there."""
    config = subprocess.run(
        ["scontrol", "show", "config"],
        env=dict(slurm.environment) | {"PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    lines = (line.split() for line in config.splitlines())
    name = next(words[2] for words in lines if words[:1] == ["ClusterName"])
    there = ["-M", name]
    job = scheduler.submit_batch_job(shell("exit 137", scheduler_arguments=there))
    assert job.id.endswith(f";{name}")
    plain = scheduler.submit_batch_job(shell("exit 3"))
    assert job.wait(PATIENCE).exit_code == 137
    assert plain.wait(PATIENCE).exit_code == 3
    tasks = scheduler.submit_job_array(shell("sleep 600", scheduler_arguments=there), 1, 2)
    assert scheduler.wait_until_running(tasks[0], PATIENCE).running
    assert scheduler.wait_until_running(tasks[1], PATIENCE).running
    for task in tasks:
        task.cancel()
        assert task.wait(PATIENCE).reason is JobReason.CANCELLED


def test_a_job_of_an_earlier_process(slurm: SlurmCluster, tmp_path: Path) -> None:
    with here(slurm, tmp_path) as first:
        job_id = first.submit_batch_job(shell("exit 0", stdout="/no/such/place/out")).id
        tasks = [job.id for job in first.submit_job_array(shell("exit 200"), 5, 6)]
    with here(slurm, tmp_path) as second:
        status = second.get_job(job_id).wait(PATIENCE)
        assert (status.reason, status.exit_code) == (JobReason.LAUNCH_FAILURE, None)
        assert status.source == "queue+record"
        for task in tasks:
            assert second.get_job(task).wait(PATIENCE).exit_code == 200
        text = second.explain(job_id)
        by_hand = re.findall("ask by hand: (.*)", text)
        assert [line.split()[0] for line in by_hand] == ["squeue", "sacct"]
        for line in by_hand:
            asked = subprocess.run(["sh", "-c", line], capture_output=True, text=True, check=True)
            assert job_id in asked.stdout
        assert ".xenon/jobs/" in text
        with pytest.raises(NoSuchJobException):
            second.get_job("99999999")


OPTIONS = {
    "SBATCH_PARTITION": "nosuch",
    "SBATCH_ARRAY_INX": "1-3",
    "SBATCH_CLUSTERS": "nosuch",
    "SBATCH_WAIT": "1",
    "SLURM_CLUSTERS": "nosuch",
    "SLURM_TIME_FORMAT": "relative",
    "SLURM_PARTITION": "nosuch",
    "SLURM_JOB_ID": "1",
    "SRUN_DEBUG": "3",
    "SQUEUE_FORMAT": "%u",
    "SQUEUE_FORMAT2": "jobid",
    "SQUEUE_STATES": "PD",
    "SQUEUE_USERS": "nobody",
    "SQUEUE_PARTITION": "otherpartition",
    "SACCT_FORMAT": "jobid",
    "SINFO_FORMAT": "%N",
    "SCANCEL_INTERACTIVE": "1",
    "LC_ALL": "de_DE.UTF-8",
    "LANGUAGE": "de",
    "TZ": "Asia/Tokyo",
}
"""Variables of the user that change what Slurm's commands do, or how they print it."""


def test_variables_of_the_user_change_nothing(
    slurm: SlurmCluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in OPTIONS.items():
        monkeypatch.setenv(name, value)
    with here(slurm, tmp_path) as scheduler:
        begun = time.time()
        count = shell("env | grep -c -E '^S(BATCH|QUEUE|ACCT)_'; exit 4", stdout="count")
        job = scheduler.submit_batch_job(dataclasses.replace(count, inherit_environment=True))
        tasks = scheduler.submit_job_array(shell("exit 7"), 1, 2)
        _, stream = scheduler.submit_interactive_job(shell("echo here"), [])
        assert stream.next().stdout == b"here\n"
        status = job.wait(PATIENCE)
        assert (status.exit_code, (tmp_path / "count").read_text()) == (4, "0\n")
        assert abs(status.usage.end_time / 1000 - begun) < 60
        assert [task.wait(PATIENCE).exit_code for task in tasks] == [7, 7]
        held = scheduler.submit_batch_job(shell("exit 0", hold=True))
        assert held.id in [job.id for job in scheduler.get_jobs()]
        assert scheduler.get_queue_status("mypartition").scheduler_specific_information["nodes"]
        held.cancel()
        assert held.wait(PATIENCE).reason is JobReason.CANCELLED


@pytest.mark.parametrize("odd", ["{}_[0-3]", "{},1", "../{}", "{};$(id)", "{}+0", "{}_1_1"])
def test_what_is_no_identifier_reaches_no_command(scheduler: Scheduler, odd: str) -> None:
    job = scheduler.submit_batch_job(shell("exit 0", hold=True))
    other = Job(odd.format(job.id))
    for call in (scheduler.cancel_job, scheduler.release_job, scheduler.get_job_status):
        with pytest.raises(NoSuchJobException):
            call(other)
    assert not job.status().done
    job.cancel()


def test_a_heterogeneous_job(scheduler: Scheduler) -> None:
    """The script runs in its first part."""
    parts = ["--ntasks=1", ":", "--ntasks=2"]
    job = scheduler.submit_batch_job(shell("exit 9", scheduler_arguments=parts))
    assert job.wait(PATIENCE).exit_code == 9


def test_a_thousand_dependencies(scheduler: Scheduler) -> None:
    first = scheduler.submit_job_array(shell("exit 0", hold=True), 1, 1000)
    last = scheduler.submit_batch_job(shell("exit 0", depends_on=first))
    assert last.status().state in {"PENDING", "UNKNOWN"}
    statuses = scheduler.get_job_statuses([*first, last])
    assert {status.done for status in statuses} == {False}
    last.cancel()
    subprocess.run(["scancel", first[0].id.partition("_")[0]], check=True)


def test_array_files_have_to_differ(scheduler: Scheduler) -> None:
    with pytest.raises(InvalidJobDescriptionException, match="%a"):
        scheduler.submit_job_array(shell("exit 0", stdout="same"), 1, 2)


def test_array_tasks_are_held_and_released_one_by_one(scheduler: Scheduler) -> None:
    tasks = scheduler.submit_job_array(shell("exit 0", hold=True), 1, 3)
    scheduler.release_job(tasks[1])
    assert tasks[1].wait(PATIENCE).exit_code == 0
    assert not tasks[0].status().done
    assert tasks[2].status().state == "PENDING"
    for job in (tasks[0], tasks[2]):
        scheduler.release_job(job)
        assert job.wait(PATIENCE).exit_code == 0


def test_refused_by_slurm(scheduler: Scheduler) -> None:
    with pytest.raises(UnsupportedJobDescriptionException, match="time limit"):
        scheduler.submit_batch_job(shell("exit 0", max_runtime=100_000))
    with pytest.raises(InvalidJobDescriptionException, match="account"):
        scheduler.submit_batch_job(shell("exit 0", account="nosuch"))


def test_only_operators_suspend(slurm: SlurmCluster) -> None:
    with over_ssh(slurm, **{"slurm.poll.delay": "200"}) as remote:
        job = remote.submit_batch_job(shell("sleep 600"))
        assert remote.wait_until_running(job, PATIENCE).running
        with pytest.raises(PermissionDeniedException, match="operator"):
            remote.suspend_job(job)
        remote.cancel_job(job)


def test_without_accounting(slurm_without_accounting: SlurmCluster, tmp_path: Path) -> None:
    with here(slurm_without_accounting, tmp_path) as scheduler:
        codes = (0, 3, 137)
        jobs = scheduler.submit_batch_jobs([shell(f"exit {code}") for code in codes])
        ends = [job.wait(PATIENCE) for job in jobs]
        assert [end.exit_code for end in ends] == list(codes)
        assert {end.source for end in ends} == {"queue+record"}
        assert "accounting: False" in scheduler.explain(jobs[0])


def test_closing_the_scheduler_cancels_its_interactive_jobs(slurm: SlurmCluster) -> None:
    with over_ssh(slurm) as remote:
        job, stream = remote.submit_interactive_job(shell("echo here; sleep 600"), [])
        assert stream.next().stdout == b"here\n"
    with over_ssh(slurm, **{"slurm.poll.delay": "200"}) as later:
        assert later.get_job(job.id).wait(PATIENCE).reason is JobReason.CANCELLED


def test_many_are_controlled_by_one_command(scheduler: Scheduler) -> None:
    jobs = scheduler.submit_batch_jobs([shell("exit 0", hold=True)] * 4)
    tasks = scheduler.submit_job_array(shell("exit 0", hold=True), 1, 3)
    host = scheduler._adaptor.host  # type: ignore[attr-defined]
    scheduler.cancel_job(jobs[0])
    assert jobs[0].wait(PATIENCE).done
    chosen = [*jobs, *tasks[:2], "99999999"]
    expected = ["NoSuchJobException", "", "", "", "", "", "NoSuchJobException"]
    for action in ("hold", "cancel"):
        before = host.commands
        outcomes = scheduler.control_jobs(chosen, action)
        assert host.commands - before == 1
        assert [type(one).__name__ if one else "" for one in outcomes] == expected
    ends = list(scheduler.as_completed(chosen[:-1], PATIENCE))
    assert {status.reason for status in ends} == {JobReason.CANCELLED}
    assert not tasks[2].status().done
    assert scheduler.control_jobs([tasks[2]], "release") == [None]
    assert tasks[2].wait(PATIENCE).exit_code == 0
