"""Adaptors of third parties, installed beside the wheel in an environment of their own.

The sample plugin of the tests, and the complete example of ``docs/write-an-adaptor.md`` as a
reader would type it in.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import venv
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import pytest

from services import packages
from services.errors import ServiceUnavailable

ROOT = Path(__file__).parents[2]
GUIDE = ROOT / "docs" / "write-an-adaptor.md"
BATCH_GUIDE = ROOT / "docs" / "batch.md"
SAMPLE = ROOT / "tests" / "sample_plugin"


def _checked(*command: object, cwd: Path) -> str:
    done = subprocess.run(
        list(map(str, command)), cwd=cwd, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def _install(project: Path, wheel: Path, home: Path) -> Path:
    """Build the project, install it beside the wheel; return the Python of that environment.

    Third-party packages come from the running environment, by their folder: its own installation
    of xenon-py is an editable one, and those do not reach through a ``.pth`` file.
    """
    build = [sys.executable, "-m", "build", "--no-isolation", "--wheel", "--outdir", home / "dist"]
    _checked(*build, project, cwd=home)
    venv.create(home / "venv", with_pip=False, symlinks=True)
    (site,) = (home / "venv").glob("lib/python*/site-packages")
    (built,) = (home / "dist").glob("*.whl")
    install = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--no-index"]
    _checked(*install, "--target", site, wheel, built, cwd=home)
    shared = [path for path in sys.path if path.endswith(("site-packages", "dist-packages"))]
    (site / "shared.pth").write_text("\n".join(shared) + "\n")
    return home / "venv" / "bin" / "python"


def _run_kit(python: Path, where: Path, *files: str) -> dict[str, int]:
    """Run test files with nothing of this checkout on the path; return the outcomes, counted."""
    report = where / "report.xml"
    origin = _checked(python, "-I", "-c", "import xenon_py; print(xenon_py.__file__)", cwd=where)
    assert Path(origin.strip()).is_relative_to(python.parents[1])
    options = ["-q", "-p", "no:cacheprovider", "-c", os.devnull, "--rootdir", where]
    _checked(python, "-I", "-m", "pytest", *options, f"--junitxml={report}", *files, cwd=where)
    (suite,) = ElementTree.parse(report).iter("testsuite")
    reasons = {skip.attrib["message"] for skip in suite.iter("skipped")}
    assert all(reason.startswith("capability not declared: ") for reason in reasons)
    return {name: int(suite.attrib[name]) for name in ("tests", "failures", "errors", "skipped")}


def test_the_sample_plugin_passes_the_kit(wheel: Path, tmp_path: Path) -> None:
    project = tmp_path / "project"
    shutil.copytree(SAMPLE, project, ignore=shutil.ignore_patterns("__pycache__"))
    python = _install(project, wheel, tmp_path)
    counts = _run_kit(python, project, "check_filesystem.py", "check_scheduler.py")
    assert counts["tests"] > 850
    assert counts["skipped"] < 100
    assert (counts["failures"], counts["errors"]) == (0, 0)


def test_the_sample_plugin_is_small() -> None:
    for file in (SAMPLE / "sample_xenon_plugin").glob("*.py"):
        assert len(file.read_text().splitlines()) < 150, file.name


def _files_of_the_guide(guide: Path = GUIDE) -> dict[str, str]:
    text = guide.read_text()
    found = re.findall(r'^```\w+ title="([^"]+)"\n(.*?)^```$', text, re.DOTALL | re.MULTILINE)
    return dict(found)


def _typed_in(files: dict[str, str], project: Path) -> Path:
    for name, text in files.items():
        file = project / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return project


def test_the_example_of_the_guide_passes_the_kit(wheel: Path, tmp_path: Path) -> None:
    files = _files_of_the_guide()
    project = _typed_in(files, tmp_path / "my-adaptors")
    python = _install(project, wheel, tmp_path)
    counts = _run_kit(python, project, *(name for name in files if name.startswith("test_")))
    assert counts["tests"] > 850
    assert (counts["failures"], counts["errors"]) == (0, 0)


@pytest.fixture
def task_spooler(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Start a task spooler of the test's own; end it and its jobs."""
    try:
        packages.install(["task-spooler"])
    except ServiceUnavailable as reason:
        pytest.skip(str(reason))
    monkeypatch.setenv("TS_SOCKET", str(tmp_path / "tsp"))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    silent = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL}
    subprocess.run(["tsp", "-S", "4"], check=True, stderr=subprocess.DEVNULL, **silent)
    yield
    subprocess.run(["tsp", "-K"], check=True, stderr=subprocess.DEVNULL, **silent)


@pytest.mark.usefixtures("task_spooler")
def test_the_batch_example_passes_the_kit(wheel: Path, tmp_path: Path) -> None:
    project = _typed_in(_files_of_the_guide(BATCH_GUIDE), tmp_path / "tsp-adaptor")
    python = _install(project, wheel, tmp_path)
    topics = "cancel or suspend or signal_as or remembered or queue"
    counts = _run_kit(python, project, "test_tsp.py", "-k", topics)
    assert counts["tests"] > 30
    assert (counts["failures"], counts["errors"]) == (0, 0)


def test_the_guide_shows_the_sample_scheduler() -> None:
    sample = SAMPLE / "sample_xenon_plugin" / "nice.py"
    assert _files_of_the_guide()["my_adaptors/nice.py"] == sample.read_text()


def test_the_other_snippets_of_the_guide_run() -> None:
    snippets = re.findall(r"^```python\n(.*?)^```$", GUIDE.read_text(), re.DOTALL | re.MULTILINE)
    assert snippets
    for snippet in snippets:
        exec(compile(snippet, str(GUIDE), "exec"), {})


@pytest.mark.parametrize("kit", ["FileSystemCase", "SchedulerCase"])
def test_the_guide_names_everything_that_a_test_class_may_set(kit: str) -> None:
    from xenon_py.testing.filesystems.base import FileSystemCase
    from xenon_py.testing.schedulers.base import SchedulerCase

    case = {"FileSystemCase": FileSystemCase, "SchedulerCase": SchedulerCase}[kit]
    text = GUIDE.read_text()
    for name in [*case.__annotations__, "create", "adaptor", "scratch"]:
        assert f"`{name}" in text or f"self.{name}" in text, name
