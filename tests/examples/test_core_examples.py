"""Each example of the documentation for the embedded adaptors is run as a user would run it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[2] / "docs/examples"


def run(name: str, directory: Path, start_in: Path | None = None) -> str:
    environment = {**os.environ, "XENON_EXAMPLE_DIR": str(directory), "TMPDIR": str(directory)}
    environment.pop("PYTHONUNBUFFERED", None)  # it would send each line of rot13.py in two pieces
    done = subprocess.run(
        [sys.executable, "-W", "error", str(EXAMPLES / name)],
        env=environment,
        cwd=start_in or directory,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_quick_start(tmp_path: Path) -> None:
    text = run("quickstart.py", tmp_path)
    assert "state: DONE" in text
    assert "exit_code: 0" in text
    assert text.rstrip().endswith("Hello, World!")


def test_streaming(tmp_path: Path) -> None:
    received = [
        line for line in run("streaming.py", tmp_path, EXAMPLES).splitlines() if "received" in line
    ]
    assert [line.split(None, 1)[1] for line in received] == [
        "Mystic noble gas,",
        "Heavy yet fleeting from grasp,",
        "Blue lile burning ice.",
    ]


def test_copy_with_progress(tmp_path: Path) -> None:
    lines = run("copy_with_progress.py", tmp_path).splitlines()
    assert lines[-1] == "DONE, verified by checksum"
    assert lines[-2].startswith("DONE: 21 of 21 files, 54428800 of 54428800 bytes")
    assert (tmp_path / "target/large").stat().st_size == 50 << 20


def test_array(tmp_path: Path) -> None:
    assert run("job_array.py", tmp_path).splitlines()[-1] == "squares: 1 9 25 49 81"


@pytest.mark.parametrize("arguments", [["demo", "--seconds", "0"], ["adaptors"], ["--help"]])
def test_the_command_line(arguments: list[str], tmp_path: Path) -> None:
    command = [sys.executable, "-m", "xenon_py"]
    done = subprocess.run(
        [*command, *arguments], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    expected = {"demo": "Hello from job local-0", "adaptors": "local ", "--help": "demo"}
    assert expected[arguments[0]] in done.stdout


def test_an_unknown_adaptor_is_told_in_one_line(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "xenon_py"]
    done = subprocess.run(
        [*command, "adaptors", "nosuch"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "nosuch" in done.stderr
    assert "local, ssh" in done.stderr  # of both kinds
