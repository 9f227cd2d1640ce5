"""The examples of the DRMAA page on a real Slurm and a real Grid Engine, as a user would run them.

Those of one system run side by side, begun by the first test of its class.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest

from services.records import GridEngineCell, SlurmCluster

EXAMPLES = Path(__file__).parents[2] / "docs/examples/drmaa"
ANSWERS = {
    "1": "A session was started successfully",
    "1.1": "Session was restarted successfully",
    "2": "Cleaning up",
    "2.1": "Cleaning up",
    "3": "finished with status 0",
    "3.1": "All jobs have ended",
    "3.2": "29 finished with status 0",
    "4": "was aborted: True",
    "5": "Look 10 of 10: job",
    "6": "Supported DRM systems: ",
}
Runs = Mapping[str, "Future[subprocess.CompletedProcess[str]]"]


def _run(
    number: str, directory: Path, environment: Mapping[str, str]
) -> subprocess.CompletedProcess[str]:
    directory.mkdir()
    shutil.copy(EXAMPLES / "sleeper.sh", directory)
    return subprocess.run(
        [sys.executable, "-W", "error", str(EXAMPLES / f"example{number}.py")],
        env=environment,
        cwd=directory,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


class OfTheTutorial:
    """The examples; a class per system says what environment makes it the one that is used."""

    @pytest.fixture(scope="class")
    @classmethod
    def runs(
        cls, system: Mapping[str, str], tmp_path_factory: pytest.TempPathFactory
    ) -> Iterator[Runs]:
        base = tmp_path_factory.mktemp("examples")
        base.chmod(0o755)
        own = {"SLEEP_SECONDS": "0", "PAUSE_SECONDS": "0.5"}
        environment = {**os.environ, **system, **own}
        with ThreadPoolExecutor(4) as pool:
            yield {n: pool.submit(_run, n, base / n, environment) for n in ANSWERS}

    @pytest.mark.parametrize("number", ANSWERS)
    def test_example(self, number: str, runs: Runs, system: Mapping[str, str]) -> None:
        done = runs[number].result()
        assert done.returncode == 0, done.stderr
        assert ANSWERS[number] in done.stdout
        adaptor = system["XENON_DRMAA_CONTACT"].partition("=")[2]
        assert number != "6" or f"Supported DRM systems: {adaptor}" in done.stdout


class TestSlurm(OfTheTutorial):
    @pytest.fixture(scope="class")
    @classmethod
    def system(cls, slurm: SlurmCluster) -> Mapping[str, str]:
        if not slurm.local:
            pytest.skip("this machine has no commands of Slurm")
        return {**slurm.environment, "XENON_DRMAA_CONTACT": "adaptor=slurm"}


class TestGridEngine(OfTheTutorial):
    @pytest.fixture(scope="class")
    @classmethod
    def system(cls, gridengine: GridEngineCell) -> Mapping[str, str]:
        if not gridengine.local:
            pytest.skip("this machine has no commands of Grid Engine")
        return {**gridengine.environment, "XENON_DRMAA_CONTACT": "adaptor=gridengine"}
