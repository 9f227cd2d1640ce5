"""The job script, run by real shells."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from xenon_py.model.jobs import JobDescription
from xenon_py.plugin.scripts import (
    STAGE_STATUS,
    JobEnd,
    ScriptIds,
    parse_end,
    parse_start,
    render_script,
    shell_path,
)

SHELLS = [shell for shell in ("dash", "bash") if shutil.which(shell)]


class Place:
    """A home with a job record, and a working directory."""

    def __init__(self, base: Path) -> None:
        self.home = base / "home"
        self.record = self.home / ".xenon/jobs/tok"
        self.work = base / "work dir's"
        self.record.mkdir(parents=True)
        self.work.mkdir()

    def run(self, shell: str = "sh", **fields: object) -> tuple[int, JobEnd | None]:
        for file in self.record.iterdir():
            file.unlink()
        fields.setdefault("working_directory", str(self.work))
        description = JobDescription(**fields)
        script = render_script(description, "tok", ScriptIds("$JID"))
        environment = {"HOME": str(self.home), "JID": "17", "PATH": os.environ["PATH"]}
        done = subprocess.run(
            [shell],
            input=script.encode("utf-8", "surrogateescape"),
            env=environment,
            capture_output=True,
            check=False,
        )
        end = self.record / "end"
        return done.returncode, parse_end(end.read_text()) if end.exists() else None


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


@pytest.mark.parametrize("shell", SHELLS)
def test_every_exit_code_is_told_as_an_exit_code(place: Place, shell: str) -> None:
    for code in (0, 1, 3, 99, 100, 125, 126, 127, 128, 129, 130, 137, 139, 141, 143, 200, 254, 255):
        status, end = place.run(shell, executable="/bin/sh", arguments=["-c", f"exit {code}"])
        assert status == code
        assert end is not None
        assert (end.status, end.signal, end.stage) == (code, None, "")


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize(
    ("name", "number"), [("KILL", 9), ("TERM", 15), ("SEGV", 11), ("USR1", 10)]
)
def test_a_signal_is_told_as_a_signal(place: Place, shell: str, name: str, number: int) -> None:
    status, end = place.run(shell, executable="/bin/sh", arguments=["-c", f"kill -{name} $$"])
    assert status == -number
    assert end is not None
    assert end.signal == number


def test_start_is_noted(place: Place) -> None:
    place.run(executable="true")
    start = parse_start((place.record / "start").read_text())
    assert start is not None
    assert start.job_id == "17"
    assert start.time > 0
    assert start.host == os.uname().nodename


@pytest.mark.parametrize(
    ("fields", "stage"),
    [
        ({"working_directory": "/nonexistent"}, "working directory"),
        ({"stdin": "/nonexistent"}, "stdin"),
        ({"stdout": "/nonexistent/x"}, "stdout"),
        ({"stderr": "/nonexistent/x"}, "stderr"),
    ],
)
def test_what_could_not_be_set_up_is_told(place: Place, fields: dict[str, str], stage: str) -> None:
    status, end = place.run(executable="true", **fields)
    assert status == STAGE_STATUS
    assert end is not None
    assert end.stage == stage
    assert "nonexistent" in end.message


def test_a_missing_program_is_127_and_says_so_on_its_error_stream(place: Place) -> None:
    error = str(place.work / "err")
    status, end = place.run(executable="/nonexistent/program", stderr=error)
    assert status == 127
    assert end is not None
    assert end.status == 127
    assert "nonexistent" in Path(error).read_text()


def test_streams_and_job_id_in_paths(place: Place) -> None:
    both = f"{place.work}/out %j%%a.txt"
    place.run(
        executable="/bin/sh",
        arguments=["-c", "cat; echo err >&2"],
        stdin=str(place.work / "in"),
        stdout=both,
        stderr=both,
    )
    (place.work / "in").write_text("hello\n")
    status, _ = place.run(
        executable="/bin/sh",
        arguments=["-c", "cat; echo err >&2"],
        stdin=str(place.work / "in"),
        stdout=both,
        stderr=both,
    )
    assert status == 0
    assert (place.work / "out 17%%a.txt").read_text() == "hello\nerr\n"


def test_a_job_that_changes_path_and_home_is_still_noted(place: Place) -> None:
    status, end = place.run(
        executable="/bin/true", environment={"PATH": "/nowhere", "HOME": "/nowhere"}
    )
    assert status == 0
    assert end is not None
    assert end.status == 0


def test_without_a_record_directory_the_job_runs_all_the_same(place: Place) -> None:
    shutil.rmtree(place.home)
    place.home.mkdir()
    description = JobDescription(
        executable="/bin/sh", arguments=["-c", "exit 7"], working_directory=str(place.work)
    )
    script = render_script(description, "tok", ScriptIds("$JID"))
    done = subprocess.run(
        ["sh"], input=script, text=True, env={"HOME": str(place.home), "JID": "1"}, check=False
    )
    assert done.returncode == 7


_TEXT = st.text(
    st.characters(blacklist_characters="\0", blacklist_categories=("Cs",)), max_size=40
) | st.binary(max_size=20).map(lambda b: b.replace(b"\0", b"").decode("utf-8", "surrogateescape"))


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(arguments=st.lists(_TEXT, max_size=4), value=_TEXT)
def test_arguments_and_environment_arrive_byte_for_byte(
    place: Place, arguments: list[str], value: str
) -> None:
    out = place.work / "out"
    out.unlink(missing_ok=True)
    status, _ = place.run(
        executable="/bin/sh",
        arguments=["-c", 'printf "%s\\0" "$VALUE" "$@"', "sh", *arguments],
        environment={"VALUE": value},
        stdout=str(out),
    )
    assert status == 0
    words = out.read_bytes().split(b"\0")[:-1]
    assert words == [text.encode("utf-8", "surrogateescape") for text in (value, *arguments)]


@given(st.text(st.characters(blacklist_characters="\0", blacklist_categories=("Cs",)), max_size=30))
@settings(max_examples=60, deadline=None)
def test_shell_path_expands_only_what_is_documented(path: str) -> None:
    word = shell_path(path, array=True)
    done = subprocess.run(
        ["sh", "-c", f'printf "%s." {word}'],
        env={"XENON_JOB_ID": "17", "XENON_ARRAY_TASK_ID": "3"},
        capture_output=True,
        check=True,
    )
    meanings = {"%j": "17", "%a": "3"}
    assert done.stdout.decode()[:-1] == re.sub("%[ja]", lambda m: meanings[m.group()], path)


@given(st.text(max_size=200))
def test_damaged_records_are_no_records(text: str) -> None:
    for parse in (parse_end, parse_start):
        parsed = parse(text)
        assert parsed is None or "time" in text
