"""``python -m xenon_py.drmaa``: programs written for drmaa-python, as users start them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from xenon_py.drmaa.__main__ import main

_PROGRAM = """
import multiprocessing, sys, drmaa
from drmaa.errors import InvalidJobException

def refuse(number):
    import drmaa
    raise drmaa.errors.InvalidJobException(f"code 18: {number}")

if __name__ == "__main__":
    print(drmaa.__name__, sys.argv[1:], sys.path[0])
    if sys.argv[1:] == ["spawn"]:
        with multiprocessing.get_context("spawn").Pool(1) as pool:
            try:
                pool.apply(refuse, [7])
            except InvalidJobException as error:
                print(error)
    if sys.argv[1:] == ["boom"]:
        raise RuntimeError("it went wrong")
    sys.exit(7)
"""


def run(
    *words: str, directory: Path, module: bool = True, **environment: str
) -> subprocess.CompletedProcess[str]:
    launcher = ["-m", "xenon_py.drmaa"] if module else []
    return subprocess.run(
        [sys.executable, "-W", "error", *launcher, *words],
        cwd=directory,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    (tmp_path / "program.py").write_text(_PROGRAM)
    (tmp_path / "elsewhere").mkdir()
    return tmp_path


def test_a_script(directory: Path) -> None:
    done = run("../program.py", "-x", "--contact", directory=directory / "elsewhere")
    assert done.stdout == f"xenon_py.drmaa ['-x', '--contact'] {directory}\n"
    assert done.returncode == 7, done.stderr


def test_a_module(directory: Path) -> None:
    done = run("--contact", "adaptor=local", "-m", "program", "-m", directory=directory)
    assert done.stdout == f"xenon_py.drmaa ['-m'] {directory}\n"
    assert done.returncode == 7, done.stderr


def test_processes_that_are_spawned_find_it_too(directory: Path) -> None:
    done = run("program.py", "spawn", directory=directory)
    assert done.stdout.endswith("\ncode 18: 7\n"), done.stderr


def test_a_traceback(directory: Path) -> None:
    done = run("program.py", "boom", directory=directory)
    assert done.returncode == 1
    assert done.stderr.endswith("RuntimeError: it went wrong\n")
    assert 'program.py", line 18' in done.stderr


def test_the_path_of_modules(directory: Path) -> None:
    folder = run("--path", directory=directory).stdout.strip()
    assert "drmaa.py" in os.listdir(folder)
    done = run("program.py", directory=directory, module=False, PYTHONPATH=folder)
    assert done.stdout == f"xenon_py.drmaa [] {directory}\n"
    assert done.returncode == 7, done.stderr


def test_help_and_what_is_no_program(
    directory: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    helped = run("--help", directory=directory)
    assert (helped.returncode, helped.stderr) == (0, "")
    assert helped.stdout.startswith("usage: ")
    assert "--contact STRING" in helped.stdout
    monkeypatch.setenv("XENON_DRMAA_CONTACT", "")
    for words in ([], ["--contact"], ["--contact", "adaptor=local"], ["-m"], ["-x", "program.py"]):
        assert main(words) == 2
        assert capsys.readouterr().err.startswith("usage: ")
    assert main(["nowhere.py"]) == 2
    assert capsys.readouterr().err == "nowhere.py: there is no such script\n"
