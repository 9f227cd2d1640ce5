"""The examples of the DRMAA page on a real Slurm, run as a user would run them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from services.records import SlurmCluster

EXAMPLES = Path(__file__).parents[2] / "docs/examples/drmaa"
ANSWERS = {
    "1": "A session was started successfully",
    "1.1": "Session was restarted successfully",
    "2": "Cleaning up",
    "2.1": "Cleaning up",
    "3": "finished with status 0",
    "3.1": "All jobs have ended",
    "3.2": "_29 finished with status 0",
    "4": "was aborted: True",
    "5": "Look 10 of 10: job",
    "6": "Supported DRM systems: slurm",
}


@pytest.mark.parametrize("number", ANSWERS)
def test_example(number: str, slurm: SlurmCluster, tmp_path: Path) -> None:
    if not slurm.local:
        pytest.skip("this machine has no commands of Slurm")
    shutil.copy(EXAMPLES / "sleeper.sh", tmp_path)
    own = {"XENON_DRMAA_CONTACT": "adaptor=slurm", "SLEEP_SECONDS": "0", "PAUSE_SECONDS": "0.5"}
    done = subprocess.run(
        [sys.executable, "-W", "error", str(EXAMPLES / f"example{number}.py")],
        env={**os.environ, **slurm.environment, **own},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert ANSWERS[number] in done.stdout
