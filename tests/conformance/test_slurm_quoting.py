"""Whatever a shell can carry arrives in a job of a real Slurm byte for byte."""

from __future__ import annotations

from pathlib import Path

import pytest

from services.records import SlurmCluster
from support.quoting import cases, describe, printed
from xenon_py import Scheduler

JOBS = 125
EXAMPLES = 500


def test_everything_arrives_byte_for_byte(
    slurm: SlurmCluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not slurm.local:
        pytest.skip("this machine has no commands of Slurm")
    for name, value in slurm.environment.items():
        monkeypatch.setenv(name, value)
    all_cases = cases(JOBS)
    assert sum(case.texts for case in all_cases) >= EXAMPLES
    bases = [tmp_path / str(number) for number in range(len(all_cases))]
    with Scheduler.create("slurm", location=f"local://{tmp_path}") as scheduler:
        described = [
            describe(b, c, "SLURM_JOB_NAME") for b, c in zip(bases, all_cases, strict=True)
        ]
        jobs = scheduler.submit_batch_jobs(described)
        for status in scheduler.as_completed(jobs, 180_000):
            assert status.exit_code == 0, status
    for base, case in zip(bases, all_cases, strict=True):
        assert printed(base, case) == case.wanted(case.name or "xenon"), case
