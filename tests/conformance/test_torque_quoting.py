"""Whatever a shell can carry arrives in a job of TORQUE and OpenPBS byte for byte."""

from __future__ import annotations

from pathlib import Path

import pytest

from services.records import PbsServer
from support.pbs import commands_of, here
from support.quoting import cases, describe, printed
from xenon_adaptors.torque_protocol.submitting import job_name
from xenon_py import JobDescription

CASES = 40
EXAMPLES = 200
INDEX = {"torque": "PBS_ARRAYID", "openpbs": "PBS_ARRAY_INDEX"}


@pytest.mark.parametrize("flavour", ["torque", "openpbs"])
def test_everything_arrives_byte_for_byte(
    flavour: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    """Each case is an array of two tasks; TORQUE adds the index to the name of a task."""
    server: PbsServer = request.getfixturevalue(flavour)
    all_cases = cases(CASES)
    assert sum(case.texts for case in all_cases) >= EXAMPLES
    bases = [tmp_path / str(number) for number in range(len(all_cases))]
    with commands_of(server), here(tmp_path) as scheduler:
        tasks = []
        for base, case in zip(bases, all_cases, strict=True):
            job = describe(base, case, "PBS_JOBNAME", INDEX[flavour], suffix="%a")
            tasks += scheduler.submit_job_array(job, 1, 2)
        for status in scheduler.as_completed(tasks, 120_000):
            assert status.exit_code == 0, status
    for base, case in zip(bases, all_cases, strict=True):
        for task in ("1", "2"):
            name = job_name(case.name) + (f"-{task}" if flavour == "torque" else "")
            assert printed(base, case, task) == case.wanted(name, task), case


@pytest.mark.parametrize("flavour", ["torque", "openpbs"])
def test_what_looks_like_a_directive_is_none(
    flavour: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    """qsub reads directives to the first line of the script that is no comment."""
    server: PbsServer = request.getfixturevalue(flavour)
    hostile = "\n#PBS -q nosuch\n#PBS -N other\n"
    with commands_of(server), here(tmp_path) as scheduler:
        description = JobDescription(
            executable="/usr/bin/printf",
            arguments=["%s|%s", "%s", hostile],
            environment={"VALUE": hostile},
            stdout="out",
            name="mine",
        )
        job = scheduler.submit_batch_job(description)
        assert job.wait(60_000).exit_code == 0
    assert (tmp_path / "out").read_text() == f"%s|{hostile}"
