"""From templates to job descriptions, native options, contact strings, job records: pure parts."""

from __future__ import annotations

import datetime
import os
import shlex
import stat
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xenon_py import drmaa
from xenon_py.drmaa.categories import categories
from xenon_py.drmaa.contact import Contact, complete_contact, parse_contact
from xenon_py.drmaa.jobinfo import LOST, JobInfo, Result, result_of, state_of
from xenon_py.drmaa.mapping import Place, description_of
from xenon_py.drmaa.native import split_native
from xenon_py.drmaa.store import SessionFile, prune
from xenon_py.drmaa.table import JobTable, parent_of
from xenon_py.model.jobs import Job, JobDescription, JobReason, JobStatus, JobUsage

NOW = datetime.datetime(2026, 1, 31, 12, 30, 15, tzinfo=datetime.timezone.utc)


def describe(adaptor: str = "slurm", *, bulk: bool = False, **attributes: Any) -> JobDescription:
    template = drmaa.JobTemplate(remoteCommand="/bin/tool", **attributes)
    place = Place(adaptor, lambda: "/home/me", "/here", {"/logs", "/here/logs"}.__contains__)
    return description_of(template, place, NOW, bulk=bulk)


def test_a_whole_template() -> None:
    description = describe(
        args=["a b", ""],
        jobEnvironment={"A": "1,2=3"},
        jobName="name",
        jobSubmissionState="drmaa_hold",
        hardWallclockTimeLimit="0:01:01",
        startTime="13:00:30",
        email=["a@b", "c@d"],
        nativeSpecification="-p long --mem=5G -A 'my account'",
        inputPath=":/in",
        outputPath="host:/out.%j",
        errorPath=":err",
    )
    assert description == JobDescription(
        executable="/bin/tool",
        arguments=["a b", ""],
        environment={"A": "1,2=3"},
        name="name",
        hold=True,
        max_runtime=2,
        start_time="13:01 31.01.2026",
        working_directory="/here",
        stdin="/in",
        stdout="/out.%j",
        stderr="err",
        inherit_environment=True,
        scheduler_arguments=[
            "--mail-user=a@b,c@d",
            "--mail-type=END,FAIL",
            "-p",
            "long",
            "--mem=5G",
            "-A",
            "my account",
        ],
    )


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (":/a", "/a"),
        ("/a", "/a"),
        ("/a:b", "/a:b"),
        ("node7:/a", "/a"),
        (":$drmaa_hd_ph$/x", "/home/me/x"),
        ("$drmaa_hd_ph$x", "/home/me/x"),
        (":$drmaa_wd_ph$/x", "x"),
        (":/logs", "/logs/tool.o%j"),
        (":logs", "logs/tool.o%j"),
        (":/any/", "/any/tool.o%j"),
        (":/dev/null", ""),
    ],
)
def test_paths(given: str, expected: str) -> None:
    assert describe(outputPath=given).stdout == expected


def test_joined_files() -> None:
    description = describe(outputPath=":/x", errorPath=":/y", joinFiles=True)
    assert (description.stdout, description.stderr) == ("/x", "/x")


def test_index_placeholders() -> None:
    description = describe(bulk=True, outputPath=":/o.$drmaa_incr_ph$")
    assert description.stdout == "/o.%a"
    assert describe(args=["$drmaa_incr_ph$"]).arguments == ["$drmaa_incr_ph$"]
    template = {"workingDirectory": "/d/$drmaa_incr_ph$"}
    assert describe(bulk=True, **template).working_directory == "/d/$drmaa_incr_ph$"


@pytest.mark.parametrize(
    ("attributes", "code"),
    [
        ({"outputPath": ":/o.$drmaa_incr_ph$"}, 17),
        ({"workingDirectory": "/d/$drmaa_incr_ph$"}, 17),
        ({"workingDirectory": "$drmaa_wd_ph$"}, 17),
        ({"workingDirectory": "/x/$drmaa_hd_ph$"}, 17),
        ({"outputPath": ":x$drmaa_wd_ph$"}, 17),
        ({"startTime": "noon"}, 13),
        ({"softWallclockTimeLimit": 60}, 14),
        ({"transferFiles": "i", "inputPath": ":$drmaa_incr_ph$"}, 17),
        ({"softRunDurationLimit": "0:01:00"}, 14),
        ({"jobCategory": "long"}, 17),
        ({"nativeSpecification": "--array=1-3"}, 17),
        ({"nativeSpecification": "-p"}, 17),
        ({"nativeSpecification": "'open"}, 17),
    ],
)
def test_refused_at_submission(attributes: dict[str, Any], code: int) -> None:
    with pytest.raises(drmaa.errors.DrmaaException, match=rf"^code {code}: "):
        describe(**attributes)


@pytest.mark.parametrize(
    ("adaptor", "limits", "minutes", "options"),
    [
        ("gridengine", {"hardWallclockTimeLimit": "1:00:01"}, 0, ["-l", "h_rt=3601"]),
        (
            "gridengine",
            {"softWallclockTimeLimit": 50, "hardRunDurationLimit": "30", "softRunDurationLimit": 9},
            0,
            ["-l", "s_rt=50,h_cpu=30,s_cpu=9"],
        ),
        ("torque", {"hardWallclockTimeLimit": "1:30"}, 0, ["-l", "walltime=90"]),
        ("torque", {"hardRunDurationLimit": 60}, 0, ["-l", "cput=60"]),
        ("slurm", {"hardWallclockTimeLimit": 61}, 2, []),
        ("slurm", {"hardWallclockTimeLimit": 600, "hardRunDurationLimit": 61}, 2, []),
        ("local", {"hardWallclockTimeLimit": "0:59"}, 1, []),
        ("ssh", {"hardWallclockTimeLimit": b"60"}, 1, []),
        ("at", {}, 0, []),
    ],
)
def test_limits(adaptor: str, limits: dict[str, Any], minutes: int, options: list[str]) -> None:
    description = describe(adaptor, **limits)
    assert (description.max_runtime, description.scheduler_arguments) == (minutes, options)


@pytest.mark.parametrize(
    ("adaptor", "limit"),
    [
        ("at", "hardWallclockTimeLimit"),
        ("local", "hardRunDurationLimit"),
        ("ssh", "softWallclockTimeLimit"),
        ("slurm", "softWallclockTimeLimit"),
        ("torque", "softWallclockTimeLimit"),
        ("torque", "softRunDurationLimit"),
    ],
)
def test_limits_that_a_system_has_not(adaptor: str, limit: str) -> None:
    with pytest.raises(drmaa.InvalidAttributeValueException, match=f"{adaptor} cannot .*{limit}"):
        describe(adaptor, **{limit: 60})


def test_files_to_be_transferred_are_left_out() -> None:
    paths = {"inputPath": "h:/i", "outputPath": ":/o", "errorPath": ":/e"}
    description = describe(transferFiles="io", **paths)
    assert (description.stdin, description.stdout, description.stderr) == ("", "", "/e")


def test_no_command() -> None:
    place = Place("local", str, "", bool)
    with pytest.raises(drmaa.DeniedByDrmException, match="drmaa_remote_command"):
        description_of(drmaa.JobTemplate(), place, NOW)


def test_mail_where_there_is_none() -> None:
    with pytest.raises(drmaa.InvalidAttributeValueException):
        describe("local", email=["a@b"])
    assert describe("local", email=["a@b"], blockEmail=True).scheduler_arguments == []


def test_a_start_that_is_past_is_now() -> None:
    assert describe(startTime="2020/01/01 10:00").start_time == ""


CATEGORIES = """
# job_categories: { wrong: "-p wrong" }
cache_job_state: 0,
job_categories: {
  default: "--nice=1", # for all
  long: "-p long --comment='a }'",
},
"""


def test_categories_of_slurm(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / ".slurm_drmaa.conf").write_text(CATEGORIES)
    (tmp_path / "own").write_text('job_categories: {own: "-C fast"}')
    found = categories("slurm", {"SLURM_DRMAA_CONF": str(tmp_path / "own")})
    assert found == {"default": "--nice=1", "long": "-p long --comment='a }'", "own": "-C fast"}
    template = drmaa.JobTemplate(remoteCommand="x", jobCategory="long", nativeSpecification="-p me")
    place = Place("slurm", str, "", bool, found)
    description = description_of(template, place, NOW)
    expected = ["--nice=1", "-p", "long", "--comment=a }", "-p", "me"]
    assert description.scheduler_arguments == expected


def test_categories_of_grid_engine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "default/common").mkdir(parents=True)
    (tmp_path / "default/common/qtask").write_text("# tasks\nbig -l mem=9G -q all.q\nplain\n")
    (tmp_path / ".qtask").write_text("!big -q mine.q\n")
    found = categories("gridengine", {"SGE_ROOT": str(tmp_path)})
    assert found == {"big": "-q mine.q", "plain": ""}
    assert categories("local") == {}


def test_native_options_win() -> None:
    description = describe(jobName="a", outputPath=":/x", nativeSpecification="-J b -o /dev/null")
    assert (description.name, description.stdout) == ("b", "")


@pytest.mark.parametrize(
    ("adaptor", "text", "fields", "rest"),
    [
        ("local", "-q multi", {"queue_name": "multi"}, []),
        ("ssh", "--queue=single", {"queue_name": "single"}, []),
        ("at", "", {}, []),
        ("slurm", "-p a,b -N2 -H", {}, ["-p", "a,b", "-N2", "-H"]),
        ("slurm", "--partition=a --export=NONE", {}, ["--partition=a", "--export=NONE"]),
        ("slurm", "-o 'my out'", {"stdout": "my out"}, []),
        ("gridengine", "-q a.q,b.q@node -P proj", {}, ["-q", "a.q,b.q@node", "-P", "proj"]),
        ("gridengine", "-b y -shell no -S /bin/bash -V", {}, ["-V"]),
        ("gridengine", "-w e -l 'h=a|b'", {}, ["-w", "e", "-l", "h=a|b"]),
        ("gridengine", "-j y -o host:/out", {"join": "y", "stdout": "host:/out"}, []),
        ("gridengine", '-j n -v "A=it\'s"', {"join": "n"}, ["-v", "A=it's"]),
        ("torque", "-l nodes=1:ppn=2 -q q@server", {}, ["-l", "nodes=1:ppn=2", "-q", "q@server"]),
        (
            "torque",
            "-N x -A me -d /d",
            {"name": "x", "account": "me", "working_directory": "/d"},
            [],
        ),
        ("torque", "-j oe -S /bin/bash -h", {"join": "y"}, ["-h"]),
        ("torque", "-W depend=afterok:1", {}, ["-W", "depend=afterok:1"]),
    ],
)
def test_native_options(adaptor: str, text: str, fields: dict[str, str], rest: list[str]) -> None:
    assert split_native(adaptor, text) == (fields, rest)


@pytest.mark.parametrize(
    ("adaptor", "text"),
    [
        ("slurm", "--wrap=x"),
        ("slurm", "-a 1-3"),
        ("gridengine", "-b n"),
        ("gridengine", "-w v"),
        ("gridengine", "-sync y"),
        ("gridengine", "-t 1-3"),
        ("gridengine", "-cwd"),
        ("gridengine", "-q"),
        ("torque", "-J 1-3"),
        ("torque", "-I"),
    ],
)
def test_native_options_that_are_refused(adaptor: str, text: str) -> None:
    with pytest.raises(drmaa.DeniedByDrmException, match=r"^code 17: nativeSpecification"):
        split_native(adaptor, text)


def test_joined_by_native_options() -> None:
    description = describe("gridengine", errorPath=":/e", nativeSpecification="-j y -o /o")
    assert (description.stdout, description.stderr) == ("/o", "/o")
    description = describe("torque", outputPath=":/o", joinFiles=True, nativeSpecification="-j n")
    assert (description.stdout, description.stderr) == ("/o", "")


@pytest.mark.parametrize(
    ("adaptor", "options"),
    [
        ("slurm", ["--mail-user=a@b,c@d", "--mail-type=END,FAIL"]),
        ("gridengine", ["-M", "a@b,c@d", "-m", "e"]),
        ("torque", ["-M", "a@b,c@d", "-m", "ae"]),
    ],
)
def test_mail(adaptor: str, options: list[str]) -> None:
    assert describe(adaptor, email=["a@b", "c@d"]).scheduler_arguments == options
    assert describe(adaptor, email=["a@b"], blockEmail=True).scheduler_arguments == []


def test_words_of_grid_engine_in_paths() -> None:
    description = describe(
        "gridengine", outputPath=":$HOME/$JOB_ID.out", nativeSpecification="-e n:e.$TASK_ID"
    )
    assert (description.stdout, description.stderr) == ("/home/me/%j.out", "e.%a")
    assert describe("slurm", outputPath=":/$JOB_ID").stdout == "/$JOB_ID"


@pytest.mark.parametrize(
    ("adaptor", "inherits"),
    [("slurm", True), ("torque", True), ("gridengine", None), ("at", None), ("ssh", None)],
)
def test_what_environment_is_handed_on(adaptor: str, inherits: bool | None) -> None:
    assert describe(adaptor).inherit_environment is inherits


_WORDS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1)


@given(st.lists(_WORDS.filter(lambda word: not word.startswith("-"))))
def test_native_words_arrive_as_quoted(words: list[str]) -> None:
    assert split_native("slurm", shlex.join(words)) == ({}, words)


@given(_WORDS.filter(lambda word: "=" not in word))
def test_native_values_arrive_as_quoted(value: str) -> None:
    for text in (f"-J {shlex.quote(value)}", f"--job-name={shlex.quote(value)}"):
        assert split_native("slurm", text) == ({"name": value}, [])


def test_contact_strings() -> None:
    text = (
        "adaptor=slurm;location=ssh://u@h:22/d;property.slurm.poll.delay=5;done=exited;session=a1"
    )
    contact = parse_contact(text)
    expected = (("slurm.poll.delay", "5"),)
    assert contact == Contact("slurm", "ssh://u@h:22/d", expected, "a1", True)
    assert str(contact) == text


@pytest.mark.parametrize(
    "text", ["nonsense", "a=b", "session=../x", "adaptor=a;adaptor=b", "done=x"]
)
def test_wrong_contact_strings(text: str) -> None:
    with pytest.raises(drmaa.InvalidContactStringException, match=r"^code 7: "):
        parse_contact(text)


def test_usual_contact(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("XENON_DRMAA_CONTACT", raising=False)
    assert complete_contact(None).adaptor == "local"
    (tmp_path / "sbatch").touch(stat.S_IRWXU)
    assert complete_contact("session=x") == Contact("slurm", session="x")
    monkeypatch.setenv("XENON_DRMAA_CONTACT", "adaptor=local;location=/tmp")
    assert complete_contact("") == Contact("local", "/tmp")


def status(reason: JobReason, **values: Any) -> JobStatus:
    return JobStatus(Job("1"), done=True, reason=reason, **values)


@pytest.mark.parametrize(
    ("reason", "values", "expected"),
    [
        (JobReason.COMPLETED, {"exit_code": 0}, ("done", True, False, "", False, False, 0)),
        (JobReason.FAILED, {"exit_code": 137}, ("failed", True, False, "", False, False, 137)),
        (JobReason.SIGNALLED, {"signal": 9}, ("failed", False, True, "SIGKILL", False, False, 0)),
        (
            JobReason.SIGNALLED,
            {"signal": 11, "core_dumped": True},
            ("failed", False, True, "SIGSEGV", True, False, 0),
        ),
        (JobReason.CANCELLED, {"signal": 15}, ("failed", False, False, "", False, True, 0)),
        (JobReason.CANCELLED, {}, ("failed", False, False, "", False, True, 0)),
        (JobReason.CANCELLED, {"exit_code": 0}, ("failed", False, False, "", False, True, 0)),
        (JobReason.LAUNCH_FAILURE, {}, ("failed", False, False, "", False, True, 0)),
        (JobReason.NODE_FAILURE, {}, ("failed", False, False, "", False, True, 0)),
        (JobReason.TIME_LIMIT, {"signal": 9}, ("failed", False, True, "SIGKILL", False, False, 0)),
    ],
)
def test_ends(reason: JobReason, values: dict[str, Any], expected: tuple[object, ...]) -> None:
    result = result_of(status(reason, **values))
    assert result.info
    assert (result.state, *result.info[1:7]) == expected
    assert [type(value) for value in result.info] == [str, bool, bool, str, bool, bool, int, dict]


def test_unknown_ends() -> None:
    assert result_of(status(JobReason.LOST)) == LOST
    assert result_of(status(JobReason.UNKNOWN)) == LOST


def test_the_other_meaning_of_done() -> None:
    failed = status(JobReason.FAILED, exit_code=3)
    assert result_of(failed, exited=True).state == "done"
    assert result_of(status(JobReason.SIGNALLED, signal=9), exited=True).state == "done"
    assert result_of(status(JobReason.CANCELLED, signal=9), exited=True).state == "failed"


def test_usage() -> None:
    usage = JobUsage(1000, 2000, 4500, None, 1.5, 1 << 20, ("n1", "n2"))
    found = result_of(status(JobReason.SIGNALLED, signal=9, usage=usage)).info
    assert found
    expected = {"ru_wallclock": 2.5, "walltime": 2.5, "cpu": 1.5, "maxvmem": 1 << 20}
    expected |= {"submission_time": 1, "start_time": 2, "end_time": 4.5, "exit_status": 137}
    assert {name: float(found.resourceUsage[name]) for name in expected} == expected
    assert found.resourceUsage["hosts"] == "n1,n2"


@pytest.mark.parametrize(
    ("adaptor", "word", "running", "reason", "expected"),
    [
        ("slurm", "PENDING", False, "", "queued_active"),
        ("slurm", "PENDING", False, "JobHeldUser", "user_on_hold"),
        ("slurm", "PENDING", False, "JobHeldAdmin", "system_on_hold"),
        ("slurm", "REQUEUE_HOLD", False, "", "user_on_hold"),
        ("slurm", "COMPLETING", True, "", "running"),
        ("slurm", "SUSPENDED", False, "", "user_suspended"),
        ("slurm", "A_NEW_WORD", False, "", "queued_active"),
        ("local", "HELD", False, "", "user_on_hold"),
        ("ssh", "RUNNING", True, "", "running"),
        ("local", "SUSPENDED", False, "", "user_suspended"),
        ("at", "UNKNOWN", False, "", "undetermined"),
        ("gridengine", "qw", False, "", "queued_active"),
        ("gridengine", "hqw", False, "", "user_on_hold"),
        ("gridengine", "hRq", False, "", "user_on_hold"),
        ("gridengine", "t", True, "", "running"),
        ("gridengine", "dr", True, "", "running"),
        ("gridengine", "s", False, "", "user_suspended"),
        ("gridengine", "S", False, "", "system_suspended"),
        ("gridengine", "T", False, "", "system_suspended"),
        ("torque", "Q", False, "", "queued_active"),
        ("torque", "T", False, "", "queued_active"),
        ("torque", "W", False, "", "queued_active"),
        ("torque", "H", False, "", "user_on_hold"),
        ("torque", "S", False, "", "user_suspended"),
        ("torque", "E", True, "", "running"),
    ],
)
def test_states(adaptor: str, word: str, running: bool, reason: str, expected: str) -> None:
    information = {"reason": reason} if reason else {}
    seen = JobStatus(
        Job("1"), state=word, running=running, scheduler_specific_information=information
    )
    assert state_of(seen, adaptor) == expected


def test_a_suspension_by_another() -> None:
    for adaptor, word in (("slurm", "SUSPENDED"), ("gridengine", "s"), ("torque", "S")):
        seen = JobStatus(Job("1"), state=word)
        assert state_of(seen, adaptor, suspended_by_us=False) == "system_suspended"


@pytest.mark.parametrize(
    ("job_id", "parent"),
    [
        ("12_3", "12"),
        ("local-5_3", "local-5"),
        ("12.3", "12"),
        ("12[3].server", "12[].server"),
        ("12_3.cluster", "12.cluster"),
        ("12", "12"),
    ],
)
def test_parents(job_id: str, parent: str) -> None:
    assert parent_of(job_id) == parent


def test_a_session_is_found_again(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    table = JobTable(SessionFile("s"), "me")
    table.add(["1"])
    table.add(["2_1", "2_2"], "2")
    info = JobInfo("2_1", True, False, "", False, False, 0, {})
    table.settle("2_1", Result("done", info))
    table.reap(["1"])
    table.close()
    path = tmp_path / ".xenon/drmaa/s.jsonl"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    path.write_text(path.read_text() + '{"reaped": ["2_')  # the program was killed here
    again = JobTable(SessionFile("s"), "me")
    assert again.find("2") == ["2_1", "2_2"]
    assert again.get("1") is None
    first = again.get("2_1")
    assert first
    assert first.result == Result("done", info)
    assert again.job_ids(live=True) == ["2_2"]
    again.reap(["2_1"])
    assert JobTable(SessionFile("s"), "me").job_ids() == ["2_2"]
    other = JobTable(SessionFile("s"), "another").get("2_2")
    assert other
    assert other.result == LOST


def test_old_sessions_are_removed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    SessionFile("old").append([{"reaped": ["1"]}])
    SessionFile("new").append([{"reaped": ["1"]}])
    os.utime(tmp_path / ".xenon/drmaa/old.jsonl", (0, 0))
    prune()
    assert [path.name for path in (tmp_path / ".xenon/drmaa").iterdir()] == ["new.jsonl"]


def test_any_of_many_jobs_is_found_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A look at every job for each one that is reaped would take minutes."""
    monkeypatch.setenv("HOME", str(tmp_path))
    table = JobTable(SessionFile("s"), "")
    jobs = [str(number) for number in range(10_000)]
    table.add(jobs)
    assert table.unwatched(None) == jobs
    begun = time.process_time()
    for job in reversed(jobs):
        table.settle(job, LOST)
        table.unwatched(None)
        assert table.take(None, 0, list) == (job, LOST)
    assert time.process_time() - begun < 4
    assert table.job_ids() == []
