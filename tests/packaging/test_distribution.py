"""What is in the sdist and in the wheel, and what the wheel does where nothing else is."""

from __future__ import annotations

import email
import json
import subprocess
import sys
import tarfile
import textwrap
import zipfile
from pathlib import Path

import pytest

import xenon_py

ROOT = Path(__file__).parents[2]


def _run(python: Path | str, code: str, *options: str) -> str:
    done = subprocess.run(
        [python, *options, "-c", textwrap.dedent(code)],
        capture_output=True,
        text=True,
        check=False,
        cwd="/",
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def _metadata(wheel: Path) -> email.message.Message:
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (n for n in archive.namelist() if n.endswith(".dist-info/METADATA"))
        return email.message_from_bytes(archive.read(name))


def test_the_wheel_holds_the_two_packages_and_nothing_else(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    top = {name.partition("/")[0] for name in names}
    version = xenon_py.__version__
    assert top == {"xenon_py", "xenon_adaptors", f"xenon_py-{version}.dist-info"}
    assert {"xenon_py/py.typed", "xenon_adaptors/py.typed"} <= set(names)
    assert any(name.endswith("licenses/LICENSE") for name in names)
    assert not [name for name in names if name.endswith((".pyc", ".so"))]


def test_the_wheel_holds_every_module_of_the_source_tree(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        packed = {name for name in archive.namelist() if name.endswith(".py")}
    source = {str(path.relative_to(ROOT)) for path in (ROOT / "xenon_py").rglob("*.py")}
    folder = ROOT / "adaptors"
    source |= {str(p.relative_to(folder)) for p in (folder / "xenon_adaptors").rglob("*.py")}
    assert packed == source


def test_metadata(wheel: Path) -> None:
    metadata = _metadata(wheel)
    assert metadata["Name"] == "xenon-py"
    assert metadata["Version"] == xenon_py.__version__
    assert metadata["Requires-Python"] == ">=3.10"
    assert metadata["License-Expression"] == "Apache-2.0"
    needs = metadata.get_all("Requires-Dist", [])
    assert [need for need in needs if "extra ==" not in need] == ["paramiko>=3.4"]
    assert set(metadata.get_all("Provides-Extra", [])) == {
        *("s3", "webdav", "fsspec", "cli", "all", "test", "docs"),
    }


def test_the_sdist_can_be_tested(sdist: Path) -> None:
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert {"pyproject.toml", "README.md", "CHANGELOG.md", "LICENSE", "tests/conftest.py"} <= names


def test_no_python_in_docker() -> None:
    """An ``import docker`` of a machine without that package must fail, not find this folder."""
    assert list((ROOT / "docker").rglob("*.py")) == []


def test_names_and_descriptions_need_nothing_else(bare_python: Path) -> None:
    printed = _run(
        bare_python,
        """
        import json
        from xenon_py.engine import registry as r
        print(json.dumps([
            r.filesystem_names(), [d.name for d in r.filesystem_descriptions()],
            r.scheduler_names(), [d.name for d in r.scheduler_descriptions()],
        ]))
        """,
        "-I",
    )
    files, described_files, schedulers, described_schedulers = json.loads(printed)
    assert files == described_files
    assert schedulers == described_schedulers
    assert "file" in files


@pytest.mark.parametrize(
    ("name", "extra"), [("s3", "s3"), ("webdav", "webdav"), ("fsspec", "fsspec")]
)
def test_a_missing_extra_names_its_cure(bare_python: Path, name: str, extra: str) -> None:
    printed = _run(
        bare_python,
        f"""
        from xenon_py.engine import registry as r
        from xenon_py.exceptions import MissingDependencyException, UnknownAdaptorException
        try:
            r.load_filesystem({name!r})
        except MissingDependencyException as error:
            print(error)
        except UnknownAdaptorException as error:
            assert {name!r} not in r.filesystem_names(), error
            print("absent")
        """,
        "-I",
    )
    assert f"pip install 'xenon-py[{extra}]'" in printed or printed == "absent\n"


def test_without_entry_points_there_are_no_adaptors(unpacked: Path) -> None:
    """The built-in adaptors have no way in besides the one that everybody has."""
    (entry_points,) = unpacked.glob("*.dist-info/entry_points.txt")
    entry_points.unlink()
    printed = _run(
        sys.executable,
        f"""
        import sys
        sys.path.insert(0, {str(unpacked)!r})
        import xenon_py
        from xenon_py.engine import registry as r
        assert xenon_py.__file__.startswith({str(unpacked)!r})
        assert r.filesystem_names() == r.scheduler_names() == []
        for load, name in (r.load_filesystem, "sftp"), (r.load_scheduler, "local"):
            try:
                load(name)
            except r.UnknownAdaptorException as error:
                print(error)
        """,
        "-I",
        "-S",
    )
    assert printed.count("no adaptors are installed at all") == 2


def test_no_second_copy_of_the_adaptors() -> None:
    printed = _run(
        sys.executable,
        f"""
        import sys
        sys.path.insert(0, {str(ROOT)!r})
        try:
            import adaptors.xenon_adaptors
        except ImportError as error:
            print(error)
        """,
    )
    assert "import xenon_adaptors" in printed
