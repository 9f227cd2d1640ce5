"""Type checkers see the library from a foreign folder, as users' projects do."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from pathlib import Path

import pytest


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
