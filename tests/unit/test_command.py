"""The command ``xenon-py`` as a user meets it: exit codes, messages, pipes, Ctrl-C."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

COMMAND = [sys.executable, "-m", "xenon_py"]


def run(*words: str, **options: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # type: ignore[call-overload,no-any-return]
        [*COMMAND, *words],
        text=True,
        timeout=60,
        check=False,
        **{"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options},
    )


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        ((), 2, "usage: xenon-py"),
        (("nonsense",), 2, "invalid choice: 'nonsense'"),
        (("demo", "--seconds", "abc"), 2, "'abc' is no number from 0 to 3600"),
        (("demo", "--seconds", "9999"), 2, "'9999' is no number from 0 to 3600"),
        (("adaptors", "slrm"), 1, "did you mean 'slurm'?"),
        (("adaptors", "zzz"), 1, "there is no adaptor 'zzz'. Installed: "),
    ],
)
def test_wrong_usage(words: tuple[str, ...], code: int, told: str) -> None:
    done = run(*words)
    assert (done.returncode, done.stdout) == (code, "")
    assert told in done.stderr
    assert "Traceback" not in done.stderr


def test_help_and_adaptors() -> None:
    assert "COMMAND" in run("--help").stdout
    shown = run("adaptors", "sftp")
    assert (shown.returncode, shown.stderr) == (0, "")
    assert "supports_rename" in shown.stdout


def test_nobody_reads_on() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "w") as pipe:
        done = run("adaptors", stdout=pipe)
    assert (done.returncode, done.stderr) == (1, "")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full here")
def test_output_that_cannot_be_written() -> None:
    with open("/dev/full", "w") as full:
        done = run("adaptors", stdout=full)
    assert done.returncode == 1
    assert done.stderr.startswith("xenon-py: ")
    assert "No space left" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_interrupted_demo_leaves_nothing(tmp_path: Path) -> None:
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    with subprocess.Popen(
        [*COMMAND, "demo", "--seconds", "100"],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as demo:
        assert demo.stdout
        for line in demo.stdout:
            if "RUNNING" in line:
                break
        demo.send_signal(signal.SIGINT)
        _, told = demo.communicate(timeout=30)
    assert (demo.returncode, told) == (130, "xenon-py: interrupted\n")
    assert os.listdir(tmp_path) == []


PROGRAM = """
import sys, time
import xenon_py as xenon

def main():
    files = xenon.FileSystem.create("file", sys.argv[1])
    def chunks():
        for number in range(10_000):
            if number == 3:
                print("begun", flush=True)
            time.sleep(0.01)
            yield bytes(100_000)
    {call}

try:
    main()
except KeyboardInterrupt:
    sys.exit(130)
"""
CALLS = {
    "copy": 'copy = files.copy("source", files, "target"); print("begun", flush=True); copy.wait()',
    "write": 'files.write_to_file("target", chunks())',
    "open": 'with files.open("target", "wb") as out: out.writelines(chunks())',
}


@pytest.mark.parametrize("name", sorted(CALLS))
def test_ctrl_c_leaves_no_half_file(tmp_path: Path, name: str) -> None:
    whole = {"source": 300_000_000} if name == "copy" else {}
    if whole:
        (tmp_path / "source").write_bytes(os.urandom(1_000_000) * 300)
    program = PROGRAM.replace("{call}", CALLS[name])
    with subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path)], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        assert process.stdout.readline() == "begun\n"
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
    left = {entry.name: entry.stat().st_size for entry in tmp_path.iterdir()}
    assert left == whole or (name == "copy" and left == {**whole, "target": 300_000_000})
    assert process.returncode in ({0, 130} if name == "copy" else {130})
