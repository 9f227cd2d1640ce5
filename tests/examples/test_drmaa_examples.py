"""Each example of the DRMAA page is run as a user would run it, on ``local``."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[2] / "docs/examples/drmaa"
SAID = "Hello world, the answer is 42\nSimon says: Bye world!\n"
INDICES = range(1, 30, 2)


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    shutil.copy(EXAMPLES / "sleeper.sh", tmp_path)
    return tmp_path


def run(name: str, directory: Path, *, launcher: tuple[str, ...] = ()) -> list[str]:
    environment = {
        **os.environ,
        "HOME": str(directory / "home"),
        "XENON_DRMAA_CONTACT": "adaptor=local",
        "SLEEP_SECONDS": "0.3",
        "PAUSE_SECONDS": "0.1",
    }
    done = subprocess.run(
        [sys.executable, "-W", "error", *launcher, name],
        env=environment,
        cwd=directory,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def example(number: str, directory: Path) -> list[str]:
    return run(str(EXAMPLES / f"example{number}.py"), directory)


def test_1_a_session(directory: Path) -> None:
    assert example("1", directory)[0] == "A session was started successfully"


def test_1_1_back_in_a_session(directory: Path) -> None:
    lines = example("1.1", directory)
    assert lines[1].startswith("session contact returns: adaptor=local;session=")
    assert lines[-1] == "Session was restarted successfully"


@pytest.mark.parametrize("number", ["2", "3"])
def test_2_and_3_a_job(number: str, directory: Path) -> None:
    lines = example(number, directory)
    assert lines[1] == "Your job has been submitted with ID local-0"
    assert (lines[2] == "Job: local-0 finished with status 0") is (number == "3")
    assert (directory / "sleeper.out").read_text() == SAID


@pytest.mark.parametrize("number", ["2.1", "3.1", "3.2"])
def test_2_1_and_3_1_and_3_2_an_array(number: str, directory: Path) -> None:
    lines = example(number, directory)
    ids = [f"local-0_{index}" for index in INDICES]
    assert lines[1] == f"Your jobs have been submitted with IDs {ids}"
    collected = [line for line in lines if line.endswith("finished with status 0")]
    assert len(collected) == (len(ids) if number == "3.2" else 0)
    for index in INDICES:
        assert (directory / f"sleeper.out.{index}").read_text() == SAID


def test_4_control(directory: Path) -> None:
    assert "Job: local-0 was aborted: True" in example("4", directory)


def test_5_states(directory: Path) -> None:
    looks = [line for line in example("5", directory) if line.startswith("Look")]
    assert len(looks) == 10
    assert looks[-1] == "Look 10 of 10: job finished normally"


def test_6_the_system(directory: Path) -> None:
    lines = example("6", directory)
    assert lines[1] == "Supported DRM systems: local"
    assert lines[3] == "Version 1.0"


def test_an_unchanged_script(directory: Path) -> None:
    script = directory / "unchanged.py"
    script.write_text(
        "import sys, drmaa, helper\n"
        "from drmaa.errors import ExitTimeoutException\n"
        "from drmaa.const import JobControlAction\n"
        "with drmaa.Session() as s:\n"
        "    jt = s.createJobTemplate()\n"
        "    jt.remoteCommand, jt.args = 'sh', ['-c', 'exit %s' % sys.argv[1]]\n"
        "    print(__name__, helper.ANSWER, s.wait(s.runJob(jt)).exitStatus)\n"
    )
    (directory / "helper.py").write_text("ANSWER = 42\n")
    environment = {**os.environ, "HOME": str(directory)}
    command = [sys.executable, "-W", "error", "-m", "xenon_py.drmaa", "--contact", "adaptor=local"]
    done = subprocess.run(
        [*command, str(script), "6"],
        env=environment,
        cwd="/",
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "__main__ 42 6\n"
    usage = subprocess.run(command[:5], capture_output=True, text=True, check=False)
    assert usage.returncode == 2
    assert usage.stderr.startswith("usage: ")
