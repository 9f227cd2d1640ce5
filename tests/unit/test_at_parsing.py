"""What ``at`` and ``atq`` print, recorded from real ones, and what becomes of it."""

from __future__ import annotations

import datetime
import subprocess
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.samples import answer, recorded
from xenon_adaptors.at_protocol import answers, programs
from xenon_adaptors.descriptions import AT
from xenon_adaptors.schedulers.at import QUEUES, AtAdaptor, _when
from xenon_py.exceptions import (
    IncompatibleVersionException,
    InvalidJobDescriptionException,
    NoSuchJobException,
    NoSuchQueueException,
    PermissionDeniedException,
    UnsupportedOperationException,
    XenonException,
)
from xenon_py.model.jobs import JobDescription, JobReason
from xenon_py.model.properties import resolve_properties
from xenon_py.plugin.batch import BatchJob, Control, CouldNotAskError, Phase, Site
from xenon_py.plugin.runner import CommandResult

SITE = Site()


def adaptor() -> AtAdaptor:
    return AtAdaptor(resolve_properties(AT.supported_properties, {}, adaptor="at"))


def piece(result: CommandResult, begin: str) -> CommandResult:
    """Return the lines of a recording from the first that begins so."""
    lines = result.text().splitlines(keepends=True)
    start = next(n for n, line in enumerate(lines) if line.startswith(begin))
    return answer("".join(lines[start:]))


def job(**fields: object) -> BatchJob:
    description = JobDescription(executable="/bin/true", working_directory="/tmp", **fields)
    return BatchJob(description, "0123456789abcdef0123")


# --- submitting -----------------------------------------------------------------------------------


def test_the_identifier_is_on_standard_error() -> None:
    assert adaptor().parse_submit(recorded("at", "submit")[0], SITE) == "1"


def test_a_daemon_that_is_away_is_told(caplog: pytest.LogCaptureFixture) -> None:
    said = recorded("at", "atd-not-running-submit")[0].error_text()
    assert adaptor().parse_submit(answer(err=said), SITE) == "44"
    assert "job 44 of at waits: no atd runs" in caplog.text


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ("You do not have permission to use at.\n", PermissionDeniedException),
        ("syntax error. Last token seen: n\nGarbled time\n", InvalidJobDescriptionException),
        ("Garbled time\n", InvalidJobDescriptionException),
        ("Cannot open lockfile\n", XenonException),
    ],
)
def test_refusals(said: str, kind: type[XenonException]) -> None:
    with pytest.raises(kind) as caught:
        adaptor().parse_submit(answer(err=said, code=1), SITE)
    assert said.strip() in str(caught.value)


def test_success_without_an_identifier_is_a_failure() -> None:
    with pytest.raises(XenonException):
        adaptor().parse_submit(answer(err="warning: commands will be executed\n"), SITE)


@pytest.mark.parametrize("queue", ["1", "=", "aa", "ä", "batch"])
def test_only_letters_are_queues(queue: str) -> None:
    with pytest.raises(NoSuchQueueException):
        adaptor().submit_command(job(queue_name=queue), SITE)


@pytest.mark.parametrize("inherit", [None, False, True])
def test_words_of_the_submission(inherit: bool | None) -> None:
    words = adaptor().submit_command(job(queue_name="Z", inherit_environment=inherit), SITE)
    assert words[4:] == ("0123456789abcdef0123", "all" if inherit else "clean", "Z", "now")


def test_times_are_told_in_utc(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "America/New_York")
    time.tzset()
    try:
        summer = datetime.datetime(2026, 7, 1, 12, 0)
        assert _when("", summer) == ("now",)
        assert _when("10:00 22.11.2026", summer) == ("-t", "202611221500")  # as in TZ.txt
        assert _when("10:00 22.07.2026", summer) == ("-t", "202607221400")  # daylight saving
    finally:
        monkeypatch.undo()
        time.tzset()


# --- asking ---------------------------------------------------------------------------------------


def test_pending_jobs() -> None:
    listing = piece(recorded("at", "atq-two-queues-and-epoch-format")[0], "2\t1795")
    found = adaptor().parse_listing(listing, ["2", "3", "4"], SITE)
    assert list(found.jobs) == ["2", "3"]
    assert found.jobs["3"].phase is Phase.PENDING
    assert found.jobs["3"].information == {"due": "1795305540", "user": "xenon", "queue": "b"}
    assert not found.rejected


def test_running_jobs() -> None:
    text = "46\t1795294200 = xenon\n47\t1795294260 Z xenon\n"
    found = adaptor().parse_listing(answer(text), ["46", "47"], SITE)
    assert [j.phase for j in found.jobs.values()] == [Phase.RUNNING, Phase.PENDING]


def test_pending_jobs_tell_that_no_daemon_runs() -> None:
    text = f"44\t1795293840 a xenon\n{programs.NO_DAEMON}\n"
    found = adaptor().parse_listing(answer(text), ["44"], SITE)
    assert "no atd runs" in found.jobs["44"].message
    assert not found.rejected


def test_a_bad_line_hides_no_job() -> None:
    found = adaptor().parse_listing(answer("1\t2 a me\nnoise\n3\t4 a me\n"), ["1", "3"], SITE)
    assert list(found.jobs) == ["1", "3"]
    assert found.rejected == ("noise",)


def test_denied_is_no_listing() -> None:
    said = recorded("at", "denied")[0].error_text()
    with pytest.raises(CouldNotAskError, match="permission"):
        adaptor().parse_listing(answer(err=said, code=1), ["1"], SITE)
    with pytest.raises(CouldNotAskError):
        adaptor().parse_jobs(answer(err=said, code=1), [], SITE)


def test_fates_of_jobs_that_are_not_listed() -> None:
    text = (
        "running 1 host a 100\ncancelled 2 host a 100\ngone 3 host a 100\n"
        "ended 4 host a 100\nwaiting 5 host a 100\n"
        "gone 6 host a 300\nrunning 6 host a 200\nnoise\n"
    )
    found = adaptor().parse_accounting(answer(text), list("1234567"), SITE)
    assert {i: j.phase for i, j in found.jobs.items()} == {
        "1": Phase.RUNNING,
        "2": Phase.DONE,
        "3": Phase.DONE,
        "6": Phase.DONE,
    }
    assert found.jobs["2"].reason is JobReason.CANCELLED
    assert found.jobs["3"].reason is JobReason.UNKNOWN
    assert all(j.exit_code is None for j in found.jobs.values())
    assert found.rejected == ("noise",)


def test_records_that_cannot_be_read_are_no_answer() -> None:
    with pytest.raises(CouldNotAskError):
        adaptor().parse_accounting(answer(code=1), ["1"], SITE)


def test_queues_of_running_jobs_come_from_the_records() -> None:
    text = (
        "1\t100 = me\n2\t100 = me\n3\t100 c me\n"
        f"{programs.RECORDED}\n1 host c 100\n1 host d 90\n9 host e 100\n"
    )
    at = adaptor()
    assert sorted(at.parse_jobs(answer(text), [], SITE)) == ["1", "2", "3"]
    assert at.parse_jobs(answer(text), ["c"], SITE) == ["1", "3"]
    assert at.parse_jobs(answer(text), ["d", "e"], SITE) == []
    counts = [
        q.scheduler_specific_information for q in at.parse_queues(answer(text), ["c", "d"], SITE)
    ]
    assert counts == [{"pending": "1", "running": "1"}, {"pending": "0", "running": "0"}]


@given(st.text(max_size=200))
def test_nothing_that_is_printed_breaks_a_parser(text: str) -> None:
    at = adaptor()
    at.parse_listing(answer(text), ["1"], SITE)
    at.parse_accounting(answer(text), ["1"], SITE)
    at.parse_jobs(answer(text), [], SITE)


# --- site and control -----------------------------------------------------------------------------


def test_site() -> None:
    version = answer(err="at version 3.2.5\nPlease report bugs\n")
    site = adaptor().site([answer(), version, answer(), answer("h\n")])
    assert site.version == "at version 3.2.5"
    assert site.queues == QUEUES
    assert len(QUEUES) == 52
    assert site.default_queue == "a"
    assert adaptor().system_of("7", site) == "h"


def test_missing_programs_are_named() -> None:
    with pytest.raises(IncompatibleVersionException, match="no at and no setsid"):
        adaptor().site([answer("at\nsetsid\n"), *[answer(code=127)] * 2, answer("h\n")])


def test_denied_users_are_told_at_once() -> None:
    said = recorded("at", "denied")[0].error_text()
    with pytest.raises(PermissionDeniedException, match=r"at\.allow"):
        adaptor().site([answer(), answer(), answer(err=said, code=1), answer("h\n")])


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ("Cannot find jobid 9999\n", NoSuchJobException),
        ("You do not have permission to use atrm.\n", PermissionDeniedException),
        ("not our job\n", XenonException),
        ("something else\n", XenonException),
    ],
)
def test_failed_control(said: str, kind: type[XenonException]) -> None:
    with pytest.raises(kind):
        adaptor().check_control(Control.CANCEL, answer(err=said, code=1), "9999")


def test_the_warning_of_atrm_is_no_failure() -> None:
    adaptor().check_control(Control.CANCEL, answer(err="Warning: deleting running job\n"), "1")


@pytest.mark.parametrize(
    "control", [Control.HOLD, Control.RELEASE, Control.SUSPEND, Control.RESUME]
)
def test_other_control_is_not_supported(control: Control) -> None:
    with pytest.raises(UnsupportedOperationException):
        adaptor().control_command(control, ["1"], SITE)


# --- the programs ---------------------------------------------------------------------------------


@pytest.mark.parametrize("shell", ["dash", "bash"])
def test_the_programs_are_shell(shell: str) -> None:
    made = [
        programs.submit("t", False, "a", ["now"]),
        programs.listing(),
        programs.listing_with_records(),
        programs.fates(["1"]),
        programs.cancel("1"),
        programs.signal("1", "10"),
        programs.find_by_token("t"),
    ]
    for words in made:
        done = subprocess.run([shell, "-n", "-c", words[2]], capture_output=True, check=False)
        assert (done.returncode, done.stderr) == (0, b"")


def test_answers_know_the_away_text() -> None:
    away = recorded("at", "atd-not-running-atrm")[0].error_text()
    assert answers.daemon_is_away(away)
    assert not answers.daemon_is_away(recorded("at", "submit")[0].error_text())
