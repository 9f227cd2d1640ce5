"""Snakemake's drmaa executor plugin, from the package index, runs unchanged on the wheel.

Both are installed into an environment of their own, which is kept below the state directory of the
test services: a second run only installs the wheel anew.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import signal
import subprocess
import sys
import time
import venv
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from services.records import SlurmCluster
from services.state import make_directory, state_directory

SNAKEFILE = Path(__file__).parents[2] / "docs/examples/drmaa/Snakefile"
REQUIREMENTS = ("snakemake>=9", "snakemake-executor-plugin-drmaa==0.1.5")

pytestmark = pytest.mark.skipif(sys.version_info < (3, 11), reason="Snakemake 9 needs Python 3.11")


@pytest.fixture(scope="module")
def python(wheel: Path) -> Path:
    """Return the Python of an environment that holds the wheel and Snakemake."""
    key = hashlib.sha256(f"{sys.version} {REQUIREMENTS}".encode()).hexdigest()[:8]
    home = make_directory(state_directory()) / f"snakemake-{key}"
    into = [sys.executable, "-m", "pip", "--python", home / "bin/python", "install", "-q"]
    if (home / "complete").exists():
        subprocess.run([*into, "--force-reinstall", "--no-deps", wheel], check=True)
    else:
        venv.create(home, clear=True, with_pip=False, symlinks=True)
        subprocess.run([*into, "--no-compile", wheel, *REQUIREMENTS], check=True)
        (home / "complete").touch()
    return home / "bin/python"


@dataclass(frozen=True)
class System:
    """Where the rules run."""

    contact: str
    options: str
    environment: Mapping[str, str]


@pytest.fixture(params=["local", "slurm"])
def system(request: pytest.FixtureRequest) -> System:
    if request.param == "local":
        return System("adaptor=local", "", {})
    cluster: SlurmCluster = request.getfixturevalue("slurm")
    if not cluster.local:
        pytest.skip("this machine has no commands of Slurm")
    return System("adaptor=slurm", "--mem=1000 --cpus-per-task={threads}", cluster.environment)


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """Return a directory that jobs on this machine can enter, with a home beside it."""
    (tmp_path / "home").mkdir()
    (tmp_path / "work").mkdir()
    return tmp_path / "work"


def start(python: Path, system: System, directory: Path) -> subprocess.Popen[bytes]:
    """Start Snakemake in the directory; what it prints goes to a file beside it."""
    unwanted = ("PYTHONDONTWRITEBYTECODE", "PYTHONPATH")  # each job starts a Snakemake, too
    environment = {k: v for k, v in os.environ.items() if k not in unwanted}
    environment |= {**system.environment, "HOME": str(directory.parent / "home")}
    options = ["--executor", "drmaa", "--jobs", "2", "--drmaa-log-dir", "logs"]
    options += ["--seconds-between-status-checks", "1", f"--drmaa-args= {system.options}"]
    program = [python, "-m", "xenon_py.drmaa", "--contact", system.contact, "-m", "snakemake"]
    with open(directory.parent / "printed", "wb") as printed:
        return subprocess.Popen(
            [*program, *options],
            cwd=directory,
            env=environment,
            stdout=printed,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def end(process: subprocess.Popen[bytes], directory: Path) -> str:
    """Wait for its end; return what it printed."""
    try:
        process.wait(120)
    finally:
        process.kill()
    return (directory.parent / "printed").read_text()


def test_three_rules(python: Path, system: System, directory: Path) -> None:
    shutil.copy(SNAKEFILE, directory)
    process = start(python, system, directory)
    printed = end(process, directory)
    assert process.returncode == 0, printed
    assert (directory / "total.txt").read_text() == "1 a\n2 b\n3 c\n"
    assert printed.count("Submitted DRMAA job") == 3
    assert len(list((directory / "logs").glob("snakejob.*"))) == 6


def test_a_rule_that_fails(python: Path, system: System, directory: Path) -> None:
    (directory / "Snakefile").write_text(
        'rule bad:\n    output: "never.txt"\n    shell: "echo reached > trace; exit 3"\n'
    )
    process = start(python, system, directory)
    printed = end(process, directory)
    assert process.returncode == 1
    assert (directory / "trace").exists()
    assert "Error in rule bad:" in printed
    assert "1 of 1 steps" not in printed


def test_an_interrupt_ends_the_jobs(python: Path, system: System, directory: Path) -> None:
    rule = 'rule slow:\n    output: "never.txt"\n    shell: "%s"\n'
    (directory / "Snakefile").write_text(rule % "echo $$ >begun; mv begun started; exec sleep 300")
    process = start(python, system, directory)
    started, printed = directory / "started", directory.parent / "printed"
    deadline = time.monotonic() + 120
    while not (started.exists() and "with external jobid" in printed.read_text()):
        assert process.poll() is None, printed.read_text()
        assert time.monotonic() < deadline
        time.sleep(0.1)
    time.sleep(0.3)  # Snakemake notes the job a moment after it has printed that
    process.send_signal(signal.SIGINT)
    assert "Terminating processes on user request" in end(process, directory)
    assert process.returncode == 1
    job = Path(f"/proc/{int(started.read_text())}/cmdline")
    while job.exists() and b"300" in job.read_bytes():  # a zombie has no words
        assert time.monotonic() < deadline
        time.sleep(0.1)
