"""Adaptors by entry point: real metadata of small distributions made for each test."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest

from xenon_adaptors import descriptions
from xenon_py import exceptions as exc
from xenon_py.engine import registry
from xenon_py.model.descriptions import FileSystemAdaptorDescription

Install = Callable[..., Path]

GOOD = """
    from xenon_py.model.descriptions import FileSystemAdaptorDescription
    from xenon_py.plugin.filesystem import FileSystemAdaptor

    class Good(FileSystemAdaptor):
        description = FileSystemAdaptorDescription(name="good", requires="extra")
"""
GOOD_SCHEDULER = """
    from xenon_py.model.descriptions import SchedulerAdaptorDescription
    from xenon_py.plugin.process import ProcessAdaptor

    class Good(ProcessAdaptor):
        description = SchedulerAdaptorDescription(name="good")
"""


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Install:
    """Return a function that installs a distribution with one module, as pip would lay it out."""
    modules = set(sys.modules)

    def function(
        distribution: str, module: str, source: str, entry_points: str | bytes, *, at: str = "site"
    ) -> Path:
        site = tmp_path / at
        info = site / f"{distribution.replace('-', '_')}-1.0.dist-info"
        info.mkdir(parents=True)
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: 1\n")
        if isinstance(entry_points, str):
            entry_points = textwrap.dedent(entry_points).encode()
        (info / "entry_points.txt").write_bytes(entry_points)
        (site / f"{module}.py").write_text(textwrap.dedent(source))
        if str(site) not in sys.path:
            monkeypatch.syspath_prepend(str(site))
        return site

    yield function
    for name in set(sys.modules) - modules:
        del sys.modules[name]


def filesystem(line: str) -> str:
    return f"[xenon_py.filesystems]\n{line}\n"


def test_third_parties_come_after_the_built_in_ones_sorted(install: Install) -> None:
    before = registry.filesystem_names()
    install("z-dist", "z_mod", "", "[xenon_py.filesystems]\nzfs = z_mod:Z\nafs = z_mod:A\n")
    assert registry.filesystem_names() == [*before, "afs", "zfs"]
    assert registry.filesystem_names().name == [*before, "afs", "zfs"]


def test_the_order_is_that_of_pyxenon(install: Install) -> None:
    names = ["webdav", "ftp", "file", "s3", "sftp", "fsspec"]
    text = "\n".join(f"{name} = nowhere:X" for name in names if name not in _installed())
    install("all", "m", "", filesystem(text))
    assert registry.filesystem_names()[:6] == ["s3", "file", "sftp", "ftp", "webdav", "fsspec"]


def _installed() -> list[str]:
    return list(registry.filesystem_names())


def test_listing_imports_nothing(install: Install) -> None:
    install(
        "good", "good_mod", "raise RuntimeError('imported')", filesystem("good = good_mod:Good")
    )
    assert "good" in registry.filesystem_names()
    assert "good_mod" not in sys.modules


def test_load_and_describe(install: Install) -> None:
    install("good", "good_mod", GOOD, filesystem("good = good_mod:Good"))
    loaded = registry.load_filesystem("good")
    assert loaded.__name__ == "Good"
    assert registry.filesystem_description("good") is loaded.description
    assert loaded.description in registry.filesystem_descriptions()


def test_load_a_scheduler(install: Install) -> None:
    install("good", "good_mod", GOOD_SCHEDULER, "[xenon_py.schedulers]\ngood = good_mod:Good\n")
    assert registry.load_scheduler("good").description.name == "good"
    assert registry.scheduler_description("good") in registry.scheduler_descriptions()
    assert "good" not in registry.filesystem_names()


def test_duplicates_name_both_distributions_but_only_on_use(install: Install) -> None:
    install("one-dist", "one_mod", GOOD, filesystem("good = one_mod:Good"))
    install("two-dist", "two_mod", GOOD, filesystem("good = two_mod:Good\nother = two_mod:Other"))
    assert registry.filesystem_names().count("good") == 1
    assert "other" in registry.filesystem_names()
    for use in (registry.load_filesystem, registry.filesystem_description):
        with pytest.raises(exc.DuplicateAdaptorException, match="one-dist and two-dist"):
            use("good")


def test_a_copy_further_down_the_path_is_hidden(install: Install) -> None:
    install("good", "good_mod", GOOD, filesystem("good = good_mod:Good"), at="second")
    install("good", "good_mod", GOOD, filesystem("good = good_mod:Good"), at="first")
    assert registry.load_filesystem("good").__name__ == "Good"


@pytest.mark.parametrize(
    ("source", "why"),
    [
        ("raise RuntimeError('boom')", "RuntimeError: boom"),
        ("import no_such_module_of_ours", "no_such_module_of_ours"),
        ("class Good: pass", "no subclass of FileSystemAdaptor"),
        ("Good = 7", "no subclass of FileSystemAdaptor"),
        ("", "Good"),
        ("this is no python", "SyntaxError"),
        (GOOD.replace('name="good"', 'name="bad"'), "name 'bad'"),
        (GOOD.replace("        description =", "        other ="), "FileSystemAdaptorDescription"),
    ],
)
def test_a_broken_plugin_is_told_on_use_only(install: Install, source: str, why: str) -> None:
    install("poor-dist", "poor", source, filesystem("good = poor:Good"))
    assert "good" in registry.filesystem_names()
    with pytest.raises(exc.BrokenAdaptorException, match=why) as caught:
        registry.load_filesystem("good")
    assert "poor-dist" in str(caught.value)
    assert caught.value.adaptor == "good"


def test_a_broken_plugin_keeps_its_cause_and_does_not_hurt_the_list(
    install: Install, caplog: pytest.LogCaptureFixture
) -> None:
    install("poor", "poor", "raise RuntimeError('boom')", filesystem("poor = poor:Poor"))
    install("good", "good_mod", GOOD, filesystem("good = good_mod:Good"))
    with pytest.raises(exc.BrokenAdaptorException) as caught:
        registry.load_filesystem("poor")
    assert isinstance(caught.value.__cause__, RuntimeError)
    names = [record.name for record in registry.filesystem_descriptions()]
    assert "good" in names
    assert "poor" not in names
    assert "boom" in caplog.text


DECLARED = (
    GOOD.replace("from xenon_py.plugin", "import not_installed_library\n    from xenon_py.plugin"),
    "[xenon_py.filesystems]\ngood = needy:Good\n[xenon_py.descriptions]\nx = needy_says:ALL\n",
    """from xenon_py.model.descriptions import FileSystemAdaptorDescription
ALL = (FileSystemAdaptorDescription(name="good", requires="extra"),)
""",
)


def test_a_missing_extra_says_what_to_install(install: Install) -> None:
    source, entry_points, says = DECLARED
    (install("needy-dist", "needy", source, entry_points) / "needy_says.py").write_text(says)
    with pytest.raises(exc.MissingDependencyException) as caught:
        registry.load_filesystem("good")
    assert "pip install 'needy-dist[extra]'" in str(caught.value)
    assert "not_installed_library" in str(caught.value)
    assert isinstance(caught.value, ImportError)
    assert isinstance(caught.value.__cause__, ModuleNotFoundError)
    assert registry.filesystem_description("good").requires == "extra"
    assert "good" in [record.name for record in registry.filesystem_descriptions()]


def test_broken_descriptions_do_not_hurt(
    install: Install, caplog: pytest.LogCaptureFixture
) -> None:
    install("poor", "poor", "ALL = 1/0", "[xenon_py.descriptions]\nx = poor:ALL\n")
    assert registry.filesystem_description("s3") is descriptions.S3
    assert "poor" in caplog.text


@pytest.mark.parametrize(
    "entry_points",
    [
        b"[xenon_py.filesystems]\nnonsense\n= \n[\n[xenon_py.filesystems\ngood = good_mod:Good",
        b"# 1\n[other]\nx=y\n [xenon_py.filesystems] \n#no = x:Y\n;no = x:Y\ngood=good_mod:Good",
    ],
)
def test_odd_entry_point_files(install: Install, entry_points: bytes) -> None:
    install("odd", "good_mod", GOOD, entry_points)
    assert registry.load_filesystem("good").__name__ == "Good"
    assert "no" not in registry.filesystem_names()


def test_unreadable_entry_points_are_logged(
    install: Install, caplog: pytest.LogCaptureFixture
) -> None:
    install("odd", "odd_mod", "", b"[xenon_py.filesystems]\n\xff = x:y\n")
    install("good", "good_mod", GOOD, filesystem("good = good_mod:Good"))
    assert "good" in registry.filesystem_names()
    assert "unreadable" in caplog.text


def test_a_distribution_without_a_name_is_logged(
    install: Install, caplog: pytest.LogCaptureFixture
) -> None:
    site = install("left-over", "left", "", filesystem("left = left:Left"))
    (site / "left_over-1.0.dist-info" / "METADATA").unlink()
    install("good", "good_mod", GOOD, filesystem("good = good_mod:Good"))
    assert "good" in registry.filesystem_names()
    assert "left" not in registry.filesystem_names()
    assert "without a name" in caplog.text


def test_spellings_of_one_distribution_are_no_duplicates(install: Install) -> None:
    install("Good_Dist", "good_mod", GOOD, filesystem("good = good_mod:Good"), at="second")
    install("good-dist", "good_mod", GOOD, filesystem("good = good_mod:Good"), at="first")
    assert registry.load_filesystem("good").__name__ == "Good"


def test_unknown_name_tells_the_nearest(install: Install) -> None:
    install("good", "good_mod", GOOD, filesystem("gooood = good_mod:Good"))
    with pytest.raises(exc.UnknownAdaptorException, match="did you mean 'gooood'") as caught:
        registry.load_filesystem("goood")
    assert caught.value.code == "NOT_FOUND"
    with pytest.raises(exc.UnknownAdaptorException, match="gooood"):
        registry.filesystem_description("completely different")
    install("jobs", "jobs_mod", GOOD, "[xenon_py.schedulers]\nruns = jobs_mod:Good", at="jobs")
    with pytest.raises(exc.UnknownAdaptorException, match=r"is a scheduler adaptor: use Scheduler"):
        registry.load_filesystem("runs")
    with pytest.raises(exc.IllegalArgumentException):
        registry.load_filesystem(None)  # type: ignore[arg-type]


def test_without_any_distribution_the_hint_is_to_install() -> None:
    code = (
        "from xenon_py.engine import registry\n"
        "assert registry.filesystem_names() == registry.scheduler_names() == []\n"
        "try: registry.load_filesystem('sftp')\n"
        "except registry.UnknownAdaptorException as error: print(error)\n"
    )
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [
            sys.executable,
            "-I",
            "-S",
            "-c",
            f"import sys; sys.path.insert(0, {str(root)!r})\n{code}",
        ],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
    )
    assert "pip install -e ." in done.stdout


def test_every_documented_adaptor_is_described_without_being_installed() -> None:
    for record in descriptions.ALL:
        if isinstance(record, FileSystemAdaptorDescription):
            assert registry.filesystem_description(record.name) is record
        else:
            assert registry.scheduler_description(record.name) is record


def test_registered_classes_bear_the_declared_descriptions() -> None:
    known = {(type(record), record.name): record for record in descriptions.ALL}
    classes = [
        *(registry.load_filesystem(name) for name in registry.filesystem_names()),
        *(registry.load_scheduler(name) for name in registry.scheduler_names()),
    ]
    for adaptor in classes:
        record = adaptor.description
        assert record is known[type(record), record.name]
