"""Cut connections while jobs go to a real Grid Engine: none is lost, and none comes twice."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from services.records import GridEngineCell
from services.sshd import Sshd, SshdOptions
from support.cuts import check_once, slow_command, submit_under_cuts
from support.gridengine import commands_of, here, over_ssh
from xenon_adaptors.gridengine_protocol.submitting import find_by_token_command
from xenon_py import JobDescription

ROUNDS = 3  # of each point


@pytest.fixture
def login(
    gridengine: GridEngineCell,
    new_sshd: Callable[..., Sshd],
    tmp_path_factory: pytest.TempPathFactory,
) -> GridEngineCell:
    """A login node of the cell on which qsub takes its time."""
    if not gridengine.local:
        pytest.skip("this machine has no commands of Grid Engine")
    folder = tmp_path_factory.mktemp("slow")
    environment = dict(gridengine.environment)
    real = shutil.which("qsub", path=environment["PATH"])
    assert real
    slow_command(folder, real)
    environment["PATH"] = f"{folder}:{environment['PATH']}"
    options = SshdOptions(set_env=environment, max_startups="200")
    return replace(gridengine, ssh=new_sshd(options).server)


def jobs_named(cell: GridEngineCell) -> dict[str, list[str]]:
    """Identifiers by name of all live jobs."""
    environment = {**os.environ, **cell.environment}
    listing = subprocess.check_output(["qstat", "-xml", "-u", "*"], env=environment)
    found: dict[str, list[str]] = {}
    for row in ET.fromstring(listing).iter("job_list"):
        job_id = row.findtext("JB_job_number", "")
        found.setdefault(row.findtext("JB_name", ""), []).append(job_id)
    return found


def delete(cell: GridEngineCell, ids: list[str]) -> None:
    environment = {**os.environ, **cell.environment}
    subprocess.run(["qdel", *ids], env=environment, check=True, stdout=subprocess.DEVNULL)


@pytest.mark.timeout(280)
def test_cut_at_each_point_of_a_submission(login: GridEngineCell) -> None:
    outcomes = submit_under_cuts(
        login.ssh.port, lambda port: over_ssh(login, port=port), ROUNDS, hold=True
    )
    found = jobs_named(login)
    try:
        check_once(outcomes, found)
    finally:
        delete(login, [job_id for o in outcomes for job_id in found.get(o.name, ())])


def test_a_job_is_found_by_its_token(gridengine: GridEngineCell, tmp_path: Path) -> None:
    """By its context while it waits, and by its record once it began."""
    with commands_of(gridengine), here(tmp_path) as scheduler:
        held = scheduler.submit_batch_job(JobDescription(executable="true", hold=True))
        context = subprocess.check_output(["qstat", "-j", held.id], text=True)
        token = context.split("xenon_token=")[1].split()[0]
        command = find_by_token_command(token)
        assert subprocess.check_output(command, text=True).split() == [held.id]
        scheduler.release_job(held)
        assert held.wait(60_000).exit_code == 0
        assert subprocess.check_output(command, text=True).split() == [held.id]
        command = find_by_token_command("0" * 20)
        assert subprocess.check_output(command, text=True) == ""
