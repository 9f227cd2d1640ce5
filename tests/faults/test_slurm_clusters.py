"""Two real clusters of one accounting: the same numbers on both, one away, and a federation."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from services.fixtures import Services
from services.slurm import Slurm, SlurmOptions, private_slurm
from xenon_py import JobDescription, Scheduler
from xenon_py.model.jobs import JobReason

PATIENCE = 60_000


@dataclass(frozen=True)
class Pair:
    """The cluster that commands of this machine reach, and another one."""

    here: Slurm
    there: Slurm


@pytest.fixture(scope="module")
def pair(services: Services) -> Iterator[Pair]:
    services.require_native()
    small = SlurmOptions(nodes=1)
    with contextlib.ExitStack() as stack, pytest.MonkeyPatch.context() as patch:
        here = services.enter(stack, lambda: private_slurm(small))
        there = services.enter(stack, lambda: private_slurm(small, here))
        for name, value in here.environment.items():
            patch.setenv(name, value)
        yield Pair(here, there)


def create(directory: Path) -> Scheduler:
    quick = {"slurm.poll.delay": "200"}
    return Scheduler.create("slurm", location=f"local://{directory}", properties=quick)


@pytest.fixture
def scheduler(pair: Pair, tmp_path: Path) -> Iterator[Scheduler]:
    del pair
    with create(tmp_path) as made:
        yield made


def shell(script: str, *arguments: str, **more: object) -> JobDescription:
    options = list(arguments)
    return JobDescription(
        executable="/bin/sh", arguments=["-c", script], scheduler_arguments=options, **more
    )


def test_the_same_number_on_two_clusters(pair: Pair, scheduler: Scheduler, tmp_path: Path) -> None:
    there = ("-M", pair.there.name)
    plain = scheduler.submit_batch_job(shell("exit 3"))
    other = scheduler.submit_batch_job(shell("exit 137", *there))
    assert other.id == f"{plain.id};{pair.there.name}"
    host = scheduler._adaptor.host  # type: ignore[attr-defined]
    before = host.commands
    scheduler.get_job_statuses([plain, other])
    assert host.commands - before <= 3, "one listing for both clusters"
    assert plain.wait(PATIENCE).exit_code == 3
    assert other.wait(PATIENCE).exit_code == 137
    tasks = scheduler.submit_job_array(shell("sleep 600", *there), 1, 2)
    assert scheduler.wait_until_running(tasks[1], PATIENCE).running
    for task in tasks:
        task.cancel()
        assert task.wait(PATIENCE).reason is JobReason.CANCELLED
    with create(tmp_path) as later:
        assert later.get_job(other.id).status().exit_code == 137
        assert later.get_job(plain.id).status().exit_code == 3


def test_an_interactive_job_there(pair: Pair, scheduler: Scheduler) -> None:
    job, stream = scheduler.submit_interactive_job(
        shell("echo here; exec sleep 600", "-M", pair.there.name), []
    )
    assert stream.next().stdout == b"here\n"
    assert job.id.endswith(f";{pair.there.name}")
    assert job.status().running
    stream.cancel()
    assert job.wait(PATIENCE).reason is JobReason.CANCELLED


def test_a_cluster_that_is_away_hides_only_its_own_jobs(pair: Pair, scheduler: Scheduler) -> None:
    other = scheduler.submit_batch_job(shell("sleep 3; exit 5", "-M", pair.there.name))
    assert scheduler.wait_until_running(other, PATIENCE).running
    pair.there.controller.stop()
    try:
        plain = scheduler.submit_batch_job(shell("exit 4"))
        assert plain.wait(PATIENCE).exit_code == 4
        time.sleep(0.3)
        one, two = scheduler.get_job_statuses([plain, other])
        assert (one.done, one.stale) == (True, False)
        assert (two.state, two.done, two.stale) == ("RUNNING", False, True)
    finally:
        pair.there.start_controller()
    assert other.wait(PATIENCE).exit_code == 5


def test_jobs_of_a_federation(pair: Pair, scheduler: Scheduler, tmp_path: Path) -> None:
    """Where a job runs is the federation's choice; its number is known on all clusters."""
    here, there = pair.here, pair.there
    here.run("sacctmgr", "-i", "modify", "cluster", there.name, "set", "features=only-there")
    here.run("sacctmgr", "-i", "add", "federation", "fed", f"clusters={here.name},{there.name}")
    try:
        time.sleep(1)  # the controllers are told by slurmdbd
        asked = shell("sleep 1; exit 200", "--cluster-constraint=only-there")
        jobs = [scheduler.submit_batch_job(shell("exit 9")), scheduler.submit_batch_job(asked)]
        assert all(int(job.id) > 1 << 26 for job in jobs)
        assert [job.wait(PATIENCE).exit_code for job in jobs] == [9, 200]
        with create(tmp_path) as later:
            found = [later.get_job(job.id).status() for job in jobs]
        assert [status.exit_code for status in found] == [9, 200]
        assert {status.source for status in found} <= {"queue+record", "accounting+record"}
        held = scheduler.submit_batch_job(
            shell("exit 0", "--cluster-constraint=only-there", hold=True)
        )
        deadline = time.monotonic() + 20
        while held.status().state != "PENDING":  # until the other cluster lists it
            assert time.monotonic() < deadline
        scheduler.release_job(held)
        assert held.wait(PATIENCE).exit_code == 0
    finally:
        here.run("sacctmgr", "-i", "delete", "federation", "fed")
