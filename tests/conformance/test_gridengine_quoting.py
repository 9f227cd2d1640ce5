"""Whatever a shell can carry arrives in a job of a real Grid Engine byte for byte."""

from __future__ import annotations

from pathlib import Path

from services.records import GridEngineCell
from support.gridengine import commands_of, here
from support.quoting import cases, describe, printed
from xenon_adaptors.gridengine_protocol.submitting import job_name

CASES = 40
EXAMPLES = 200


def test_everything_arrives_byte_for_byte(gridengine: GridEngineCell, tmp_path: Path) -> None:
    """Each case is an array of two tasks; names are as Grid Engine allows."""
    all_cases = cases(CASES)
    assert sum(case.texts for case in all_cases) >= EXAMPLES
    bases = [tmp_path / str(number) for number in range(len(all_cases))]
    with commands_of(gridengine), here(tmp_path) as scheduler:
        tasks = []
        for base, case in zip(bases, all_cases, strict=True):
            job = describe(base, case, "JOB_NAME", "SGE_TASK_ID", suffix="%a")
            tasks += scheduler.submit_job_array(job, 1, 2)
        for status in scheduler.as_completed(tasks, 120_000):
            assert status.exit_code == 0, status
    for base, case in zip(bases, all_cases, strict=True):
        for task in ("1", "2"):
            assert printed(base, case, task) == case.wanted(job_name(case.name), task), case
