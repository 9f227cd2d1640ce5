"""Whatever a shell can carry arrives in a job of a real ``at`` byte for byte."""

from __future__ import annotations

from pathlib import Path

import pytest

from services.records import AtHost
from support.at import QUICK
from support.quoting import cases, describe, printed
from xenon_py import Scheduler

CASES = 40
EXAMPLES = 200


def test_everything_arrives_byte_for_byte(atd: AtHost, tmp_path: Path) -> None:
    if not atd.local:
        pytest.skip("at is not on this machine")
    all_cases = cases(CASES)
    assert sum(case.texts for case in all_cases) >= EXAMPLES
    bases = [tmp_path / str(number) for number in range(len(all_cases))]
    with Scheduler.create("at", f"local://{tmp_path}", properties=QUICK) as scheduler:
        described = [describe(base, case) for base, case in zip(bases, all_cases, strict=True)]
        jobs = scheduler.submit_batch_jobs(described)
        for status in scheduler.as_completed(jobs, 120_000):
            assert status.exit_code == 0, status
    for base, case in zip(bases, all_cases, strict=True):
        assert printed(base, case) == case.wanted(), case
