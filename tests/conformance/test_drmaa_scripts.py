"""Scripts written for drmaa-python, in the manner of programs of the field, run unchanged."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest

from services.records import GridEngineCell, SlurmCluster

SCRIPTS = Path(__file__).parents[1] / "samples/drmaa"
SAID = {
    "server.py": {
        "0 job finished normally",
        "3 job finished, but failed",
        "deleted job finished, but failed",
    },
    "pipeline.py": {
        "(['one\\n'], ['two\\n'])",
        "([\"a=b,c=d 'e'\\n\"], [])",
        "status 4",
        "signal SIGKILL",
        "[0, 0, 0, 0]",
    },
    "workers.py": {"2 workers, True", "it has ended", "all found: True"},
}
Done = subprocess.CompletedProcess[str]


@pytest.fixture(scope="module")
def runs(
    slurm: SlurmCluster, gridengine: GridEngineCell, tmp_path_factory: pytest.TempPathFactory
) -> Mapping[tuple[str, str], Future[Done]]:
    """Run all of them side by side, on all systems."""
    systems: dict[str, Mapping[str, str]] = {"local": {}}
    systems |= {"slurm": slurm.environment} if slurm.local else {}
    systems |= {"gridengine": gridengine.environment} if gridengine.local else {}
    base = tmp_path_factory.mktemp("scripts")
    base.chmod(0o755)
    with ThreadPoolExecutor(len(SAID) * len(systems)) as pool:
        return {
            (script, adaptor): pool.submit(_run, script, adaptor, environment, base)
            for adaptor, environment in systems.items()
            for script in SAID
        }


def _run(script: str, adaptor: str, environment: Mapping[str, str], base: Path) -> Done:
    directory = base / f"{adaptor}-{script}"
    directory.mkdir()
    contact = ["--contact", f"adaptor={adaptor}"]
    return subprocess.run(
        [sys.executable, "-W", "error", "-m", "xenon_py.drmaa", *contact, str(SCRIPTS / script)],
        env={**os.environ, **environment},
        cwd=directory,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


@pytest.mark.parametrize("adaptor", ["local", "slurm", "gridengine"])
@pytest.mark.parametrize("script", SAID)
def test_script(script: str, adaptor: str, runs: Mapping[tuple[str, str], Future[Done]]) -> None:
    if (script, adaptor) not in runs:
        pytest.skip(f"this machine has no commands of {adaptor}")
    done = runs[script, adaptor].result()
    assert done.returncode == 0, done.stdout + done.stderr
    assert set(done.stdout.splitlines()) == SAID[script]
    assert done.stderr == ""
