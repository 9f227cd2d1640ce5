"""The conformance kit can fail: it notices adaptors that are broken in one way each."""

from __future__ import annotations

import os
import pathlib
import subprocess
import sys
from xml.etree import ElementTree

import pytest

from xenon_py.testing import FileSystemConformance, SchedulerConformance, harness

TESTS = pathlib.Path(__file__).parents[1]
METADATA = "Metadata-Version: 2.1\nName: kit-mutants\nVersion: 1.0\n"


def _install_mutants(where: pathlib.Path, names: dict[str, list[str]]) -> None:
    """Make a distribution in ``where`` whose entry points are the mutants."""
    info = where / "kit_mutants-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(METADATA)
    lines = []
    for group, mutants in names.items():
        lines += [f"[{group}]", *(f"{name} = mutants:{name}" for name in mutants)]
    (info / "entry_points.txt").write_text("\n".join(lines))


def _run_kit(where: pathlib.Path, half: str, tests: dict[str, str]) -> dict[str, set[str]]:
    """Run these tests of the kit, one per mutant; return the failed ones of each."""
    places = [where, TESTS / "kit_mutants", TESTS / "sample_plugin"]
    environment = {
        **os.environ,
        "MUTANTS": half,
        "PYTHONPATH": os.pathsep.join(map(str, places)),
    }
    report = where / "report.xml"
    check = TESTS / "kit_mutants" / "check_mutants.py"
    command = ["-m", "pytest", "-q", "--tb=no", "-p", "no:cacheprovider", f"--junitxml={report}"]
    chosen = " or ".join(f"(Test{mutant} and {test})" for mutant, test in tests.items())
    run = subprocess.run(
        [
            sys.executable,
            *command,
            "--rootdir",
            str(where),
            "-c",
            os.devnull,
            "-k",
            chosen,
            str(check),
        ],
        cwd=where,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 1, run.stdout + run.stderr
    failed: dict[str, set[str]] = {}
    for case in ElementTree.parse(report).iter("testcase"):
        mutant = case.attrib["classname"].rpartition(".Test")[2]
        names = failed.setdefault(mutant, set())
        if case.find("failure") is not None or case.find("error") is not None:
            names.add(case.attrib["name"])
    return failed


@pytest.fixture
def mutants(monkeypatch: pytest.MonkeyPatch, tmp_path: pathlib.Path) -> dict[str, dict[str, str]]:
    """The mutants, installed: by half of the kit, name -> the test that has to notice it."""
    for place in ("kit_mutants", "sample_plugin"):
        monkeypatch.syspath_prepend(TESTS / place)
    import mutants

    _install_mutants(
        tmp_path,
        {
            "xenon_py.filesystems": [m.__name__ for m in mutants.FILE_SYSTEMS],
            "xenon_py.schedulers": [m.__name__ for m in mutants.SCHEDULERS],
        },
    )
    return {
        "filesystems": {m.__name__: test for m, test in mutants.FILE_SYSTEMS.items()},
        "schedulers": {m.__name__: test for m, test in mutants.SCHEDULERS.items()},
    }


@pytest.mark.parametrize("half", ["filesystems", "schedulers"])
def test_every_mutant_is_noticed(
    mutants: dict[str, dict[str, str]], tmp_path: pathlib.Path, half: str
) -> None:
    failed = _run_kit(tmp_path, half, mutants[half])
    assert set(failed) == set(mutants[half])
    for mutant, test in mutants[half].items():
        assert any(name.startswith(test) for name in failed[mutant]), f"{mutant} got through"


@pytest.mark.parametrize("kit", [FileSystemConformance, SchedulerConformance])
def test_no_test_hides_another_of_the_same_name(kit: type) -> None:
    owners: dict[str, list[str]] = {}
    for topic in kit.__mro__:
        for name in vars(topic):
            if name.startswith("test_"):
                owners.setdefault(name, []).append(topic.__name__)
    assert {name: found for name, found in owners.items() if len(found) > 1} == {}
    assert len(owners) > 80


def test_capabilities_that_are_not_declared_skip_and_say_so() -> None:
    class Record:
        can_append = False
        supports_rename = True

    harness.need(Record, "supports_rename")
    with pytest.raises(pytest.skip.Exception, match="capability not declared: can_append"):
        harness.need(Record, "supports_rename", "can_append")


def test_pattern_shows_shifts() -> None:
    data = harness.pattern(100_003)
    assert len(data) == 100_003
    assert len({data[start : start + 8] for start in range(0, 100_000, 8)}) == 12_500


def test_until_gives_up() -> None:
    with pytest.raises(pytest.fail.Exception, match=r"not within 0\.01 s: never"):
        harness.until(lambda: False, "never", 0.01)


def test_what_an_exception_tells_includes_its_causes() -> None:
    try:
        try:
            raise ValueError("inner S3")
        except ValueError as inner:
            raise KeyError("outer") from inner
    except KeyError as error:
        told = harness.everything_told(error)
    assert "inner S3" in told
    assert "outer" in told
