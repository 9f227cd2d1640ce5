"""The program that starts the tasks of a parallel job, with a ``qrsh`` of ours."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from xenon_adaptors.gridengine_protocol.tasks import launcher
from xenon_py.model.jobs import JobDescription

WORD = "a'b\n$HOME;ü"
QRSH = '#!/bin/sh\n[ "$1" = -inherit ] || exit 9\necho "$2" >>"$HOSTS"\nshift 2\nexec "$@"\n'


def run(tmp_path: Path, hosts: str, script: str, **fields: object) -> tuple[int, list[str]]:
    """Start ``script`` once per task; return the exit code and what the tasks printed."""
    description = JobDescription(
        executable="/bin/sh",
        arguments=["-c", script, "sh", WORD],
        working_directory=tmp_path,
        environment={"VALUE": WORD},
        start_per_task=True,
        **fields,
    )
    (tmp_path / "hosts").write_text(hosts)
    (tmp_path / "qrsh").write_text(QRSH)
    (tmp_path / "qrsh").chmod(0o755)
    done = subprocess.run(
        [*launcher(description), description.executable, *description.arguments],
        env={
            **os.environ,
            "VALUE": WORD,  # the job script has set it
            "PE_HOSTFILE": str(tmp_path / "hosts"),
            "SGE_BINARY_PATH": str(tmp_path),
            "HOSTS": str(tmp_path / "used"),
        },
        cwd=tmp_path,
        input="line\n",
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, sorted(done.stdout.split("\0")[:-1])


PRINT = 'printf "%s|%s|%s|%s\\0" "$(cat)" "$1" "$VALUE" "$PWD"'


def test_one_process_per_task(tmp_path: Path) -> None:
    rest = f"|{WORD}|{WORD}|{tmp_path}"
    found = run(tmp_path, "here 2 q x\nthere 1 q x\nfar 1 q x\n", PRINT, tasks=4)
    assert found == (0, sorted([f"line{rest}", rest, rest, rest]))
    assert sorted((tmp_path / "used").read_text().split()) == ["far", "there"]


def test_several_slots_per_task(tmp_path: Path) -> None:
    code, told = run(tmp_path, "here 4 q x\nthere 2 q x\n", PRINT, tasks=3, cores_per_task=2)
    assert (code, len(told)) == (0, 3)


@pytest.mark.parametrize(("script", "code"), [("exit 3", 3), ("kill -9 $$", 137)])
def test_the_exit_code_is_that_of_a_task_that_failed(
    tmp_path: Path, script: str, code: int
) -> None:
    script = f'if [ "$(cat)" ]; then exit 0; fi; {script}'
    assert run(tmp_path, "here 1 q x\nthere 1 q x\n", script, tasks=2)[0] == code


def test_nothing_is_put_before_a_single_task() -> None:
    assert launcher(JobDescription(executable="x", start_per_task=True)) == ()
    assert launcher(JobDescription(executable="x", tasks=4)) == ()
