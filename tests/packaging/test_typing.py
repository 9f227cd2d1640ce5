"""Type checkers see the library from a foreign folder, as users' projects do."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

PROGRAM = """
from concurrent.futures import Future
from datetime import timedelta

from typing_extensions import assert_type

import xenon_py as xenon
from xenon_py import drmaa, exceptions


def on_progress(status: xenon.CopyStatus) -> None:
    print(status.bytes_copied, status.bytes_to_copy)


def files(local: xenon.FileSystem) -> None:
    with xenon.FileSystem.create(
        adaptor="sftp",
        location="host/dir",
        password_credential=xenon.PasswordCredential(username="me", password="x"),
        properties={"strictHostKeyChecking": "false"},
    ) as remote:
        operation = remote.copy("a", local, "b", recursive=True, on_progress=on_progress)
        assert_type(operation, xenon.CopyOperation)
        assert_type(operation.wait(timeout=timedelta(minutes=3)), xenon.CopyStatus)
        for entry in remote.list("dir", recursive=True):
            assert_type(entry, xenon.PathAttributes)
            print(entry.path, entry.size)
        for piece in remote.read_from_file(xenon.Path("x")):
            assert_type(piece, bytes)
        with remote.open("x") as stream, remote.open("y", "r", encoding="utf-8") as text:
            assert_type(stream.read(), bytes)
            assert_type(text.read(), str)
        remote.write_to_file("f", [b"1", b"2"])
        if remote.exists("f"):
            remote.set_posix_file_permissions("f", [xenon.PosixFilePermission.OWNER_READ])


def jobs() -> None:
    with xenon.Scheduler.from_url("slurm+ssh://host") as scheduler:
        description = xenon.JobDescription(executable="/bin/ls", environment={"A": "1"})
        job = scheduler.submit_batch_job(description)
        assert_type(job, xenon.Job)
        assert_type(job.wait(1000).exit_code, "int | None")
        assert_type(job.future(), "Future[xenon.JobStatus]")
        for change in scheduler.watch([job]):
            assert_type(change, xenon.JobStatus)
        interactive, output = scheduler.submit_interactive_job(description, [b"in"])
        assert_type(interactive, xenon.Job)
        for one in output:
            assert_type(one.stdout, bytes)
        for name in scheduler.get_queue_names():
            assert_type(name, str)
        scheduler.get_file_system().create_directories("x")


def errors(error: Exception) -> str:
    if isinstance(error, exceptions.NoSuchPathException):
        return error.path
    return error.msg if isinstance(error, exceptions.XenonException) else ""


with drmaa.Session() as session:
    template = session.createJobTemplate()
    template.remoteCommand = "/bin/true"
    job_id = session.runJob(template)
    print(session.wait(job_id, drmaa.Session.TIMEOUT_WAIT_FOREVER).exitStatus)
"""


def _mypy(folder: Path, source: str) -> str:
    (folder / "program.py").write_text(textwrap.dedent(source))
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--no-incremental", "program.py"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout + done.stderr


def test_a_typed_program_passes(tmp_path: Path) -> None:
    source = """
        from collections.abc import Sequence

        import xenon_py as xenon
        from xenon_adaptors.descriptions import ALL
        from xenon_py.exceptions import NoSuchPathException
        from xenon_py.plugin.filesystem import FileSystemAdaptor

        job: xenon.Job = xenon.Job("7")
        description: xenon.JobDescription = xenon.JobDescription(executable="ls")
        names: Sequence[str] = [record.name for record in ALL]
        kind: type[FileNotFoundError] = NoSuchPathException

        def names_of(adaptor: FileSystemAdaptor) -> list[str]:
            return [info.name for info in adaptor.scandir("/")]

        def read(path: str) -> bytes:
            with xenon.FileSystem.create("file") as files, files.open(path) as stream:
                return stream.read()
        """
    assert "Success: no issues found" in _mypy(tmp_path, source)


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("xenon.Job(7)", "arg-type"),
        ("xenon.FileSystem.create(7)", "arg-type"),
        ("xenon.PasswordCredential(user='x')", "call-arg"),
        ("xenon.NoSuchName", "attr-defined"),
    ],
)
def test_a_wrong_program_does_not_pass(tmp_path: Path, line: str, code: str) -> None:
    assert f"[{code}]" in _mypy(tmp_path, f"import xenon_py as xenon\n{line}\n")


def test_a_whole_program_by_mypy(tmp_path: Path) -> None:
    assert "Success: no issues found" in _mypy(tmp_path, PROGRAM)


def test_a_whole_program_by_pyright(tmp_path: Path) -> None:
    """Strict: no type that it cannot infer."""
    pyright = shutil.which("pyright")
    if pyright is None:
        pytest.skip("pyright is not installed (pip install pyright; it needs node)")
    (tmp_path / "program.py").write_text(PROGRAM)
    settings = {"typeCheckingMode": "strict", "pythonVersion": "3.10", "include": ["program.py"]}
    (tmp_path / "pyrightconfig.json").write_text(json.dumps(settings))
    command = [pyright, "--pythonpath", sys.executable, "--project", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert "0 errors, 0 warnings" in done.stdout, done.stdout + done.stderr
