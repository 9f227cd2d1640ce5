"""What Grid Engine's commands print, recorded from a real one, and what becomes of it."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.samples import answer, recorded
from xenon_adaptors.descriptions import GRIDENGINE
from xenon_adaptors.gridengine_protocol.listing import live_jobs, phase_of
from xenon_adaptors.gridengine_protocol.submitting import job_name
from xenon_adaptors.schedulers.gridengine import GridEngineAdaptor
from xenon_py.exceptions import (
    IncompatibleVersionException,
    NoSuchJobException,
    NoSuchQueueException,
    PermissionDeniedException,
    UnsupportedJobDescriptionException,
    UnsupportedOperationException,
    XenonException,
)
from xenon_py.model.jobs import ArrayRange, JobDescription, JobReason
from xenon_py.model.properties import resolve_properties
from xenon_py.plugin.batch import BatchJob, Control, CouldNotAskError, Phase, Site

SITE = Site(details={"cluster": "p1", "pe.smp": "$pe_slots", "pe.mpi": "$round_robin"})


def adaptor(**properties: str) -> GridEngineAdaptor:
    given = {f"gridengine.{name.replace('_', '.')}": value for name, value in properties.items()}
    resolved = resolve_properties(GRIDENGINE.supported_properties, given, adaptor="gridengine")
    return GridEngineAdaptor(resolved)


def words(span: ArrayRange | None = None, **fields: object) -> list[str]:
    description = JobDescription(executable="/bin/true", working_directory="/tmp", **fields)
    return list(adaptor().submit_command(BatchJob(description, "token", span), SITE))


def after(option: str, command: list[str]) -> str:
    return command[command.index(option) + 1]


# --- submitting -----------------------------------------------------------------------------------


def test_identifiers() -> None:
    found = [adaptor().parse_submit(r, SITE) for r in recorded("gridengine", "qsub-ids")[:6]]
    assert found == ["4", "5", "6", "7", "8", "9"]


def test_a_warning_before_the_identifier() -> None:
    text = "warning: no suitable queues\n17\n"
    assert adaptor().parse_submit(answer(text), SITE) == "17"


def test_a_qsub_that_waited_for_the_job() -> None:
    said = answer("635\n", "Job 635 exited with exit code 7.\n", code=7)
    assert adaptor().parse_submit(said, SITE) == "635"


@pytest.mark.parametrize(
    ("index", "kind"),
    [
        (0, NoSuchQueueException),
        (2, UnsupportedJobDescriptionException),
        (6, UnsupportedJobDescriptionException),
        (7, UnsupportedJobDescriptionException),
        (16, XenonException),
    ],
)
def test_refusals(index: int, kind: type[XenonException]) -> None:
    with pytest.raises(kind):
        adaptor().parse_submit(recorded("gridengine", "qsub-errors")[index], SITE)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("", "xenon"),
        ("a b/c", "a_b_c"),
        ("1st", "x1st"),
        ("none", "xnone"),
        ("ü", "x_"),
        ("ok", "ok"),
    ],
)
def test_names_that_it_takes(name: str, expected: str) -> None:
    assert job_name(name) == expected


def test_nothing_that_is_not_set_is_told() -> None:
    assert words() == [
        *("qsub", "-terse", "-S", "/bin/sh", "-wd", "/", "-o", "/dev/null", "-e", "/dev/null"),
        *("-b", "n", "-now", "n", "-ac", "xenon_token=token"),
        *("-N", "xenon"),
    ]


def test_resources() -> None:
    command = words(max_runtime=2, max_memory=100, temp_space=5, queue_name="q", account="a")
    assert after("-l", command) == "h_rt=120,h_vmem=100M,tmpspace=5M"
    assert (after("-q", command), after("-A", command)) == ("q", "a")


def test_slots_and_environments() -> None:
    command = words(cores_per_task=4, max_memory=400)
    assert command[command.index("-pe") + 1 :][:2] == ["smp", "4"]
    assert after("-l", command) == "h_vmem=100M"  # of each slot
    given = words(cores_per_task=4, scheduler_arguments=["-pe", "own", "4"])
    assert given.count("-pe") == 1
    with pytest.raises(UnsupportedJobDescriptionException, match="allocation rule 2"):
        words(tasks=4, tasks_per_node=2)


def test_arrays() -> None:
    command = words(ArrayRange(1, 9, 2, 3))
    assert (after("-t", command), after("-tc", command)) == ("1-9:2", "3")
    assert adaptor().array_ids("7", ArrayRange(1, 5, 2)) == ["7.1", "7.3", "7.5"]
    with pytest.raises(UnsupportedJobDescriptionException):
        words(ArrayRange(0, 3))


# --- asking ---------------------------------------------------------------------------------------


def test_live_jobs() -> None:
    result = recorded("gridengine", "qstat-xml")[0]
    found = adaptor().parse_listing(result, ["4", "6.1", "9", "99"], SITE).jobs
    assert {i: (j.state, j.phase) for i, j in found.items()} == {
        "4": ("r", Phase.RUNNING),
        "6.1": ("r", Phase.RUNNING),
        "9": ("qw", Phase.PENDING),
    }
    assert found["4"].name == "normal"
    assert found["4"].information["queue"] == "default@vm"


@pytest.mark.parametrize(
    ("state", "phase"),
    [
        *(("qw", Phase.PENDING), ("hqw", Phase.HELD), ("Eqw", Phase.STUCK), ("Rq", Phase.PENDING)),
        *(("t", Phase.RUNNING), ("r", Phase.RUNNING), ("hr", Phase.RUNNING), ("dr", Phase.RUNNING)),
        *(("s", Phase.SUSPENDED), ("S", Phase.SUSPENDED), ("Ss", Phase.SUSPENDED)),
        ("", Phase.UNKNOWN),
    ],
)
def test_states(state: str, phase: Phase) -> None:
    assert phase_of(state) is phase


def test_faults_of_the_xml_are_undone() -> None:
    text = listing("<JB_job_number>1</JB_job_number><JB_name>a%lt;\x01b</JB_name>")
    assert live_jobs(answer(text))[0]["JB_name"] == "a<b"


def listing(*jobs: str) -> str:
    """Make up what qstat prints."""
    return f"<j><queue_info/>{''.join(f'<job_list>{job}</job_list>' for job in jobs)}</j>"


def row(number: str, state: str, more: str = "") -> str:
    return f"<JB_job_number>{number}</JB_job_number><state>{state}</state>{more}"


def test_ended_jobs_of_qstat() -> None:
    """It names them, arrays as a whole, and does not say how they ended."""
    text = recorded("gridengine", "qstat-az-xml")[0].text()
    found = adaptor().parse_listing(answer(text), ["2", "3", "4.1", "4.3", "9"], SITE).jobs
    assert {i: j.phase for i, j in found.items()} == {
        "2": Phase.RUNNING,
        "3": Phase.ENDED,
        "4.1": Phase.ENDED,
        "4.3": Phase.ENDED,
    }
    assert [r["id"] for r in live_jobs(answer(text))] == ["2"]


def test_times_of_live_jobs_are_utc() -> None:
    text = recorded("gridengine", "qstat-az-xml")[0].text()
    usage = adaptor().parse_listing(answer(text), ["2"], SITE).jobs["2"].usage
    assert usage.start_time == 1795309707_000


def test_why_jobs_are_in_error_state() -> None:
    tasks = [row("7", "Eqw", f"<tasks>{task}</tasks>") for task in (1, 2, 5)]
    said = (
        "job_number:                 3\n"
        "error reason    1:          11/21/2026 20:41:44 [1001:1]: error: can't open x\n"
        "job_number:                 7\n"
        "error reason    1:          one: two\n"
        "error reason    2:          three\n"
    )
    text = f"{listing(row('3', 'Eqw'), row('4', 'qw'), *tasks)}\n-- xenon errors --\n{said}"
    ids = ["3", "4", "7.1", "7.2", "7.5"]
    found = adaptor().parse_listing(answer(text), ids, SITE).jobs
    assert "can't open x" in found["3"].message
    assert "qmod -cj 3" in found["3"].message
    assert found["3"].reason is JobReason.LAUNCH_FAILURE
    assert (found["4"].phase, found["4"].message) == (Phase.PENDING, "")
    assert found["7.1"].message.startswith("one: two;")
    assert found["7.2"].message.startswith("three;")
    assert found["7.5"].message.startswith("no reason is told;")


@pytest.mark.parametrize(
    "url",
    [
        "http://arc.liv.ac.uk/repos/darcs/sge/source/dist/util/resources/schemas/qstat/qstat.xsd",
        "http://gridengine.sunsource.net/source/qstat.xsd?content-type=text/plain&amp;revision=1.11",
        "https://github.com/hpc-gridware/clusterscheduler/raw/master/qstat.xsd",
    ],
)
def test_the_schema_of_other_versions_does_not_matter(url: str) -> None:
    text = listing(row("1", "r")).replace("<j>", f"<job_info  xmlns:xsd='{url}'>")
    found = adaptor().parse_listing(answer(text.replace("</j>", "</job_info>")), ["1"], SITE)
    assert found.jobs["1"].phase is Phase.RUNNING


def test_unknown_elements_and_times_of_other_versions() -> None:
    more = "<JAT_start_time>2026-11-21T20:38:45.123</JAT_start_time><JB_new>x</JB_new>"
    text = listing(row("1", "r", more), row("2", "r", "<JAT_start_time>then</JAT_start_time>"))
    found = adaptor().parse_listing(answer(text), ["1", "2"], SITE).jobs
    assert found["1"].usage.start_time == 1795293525_123
    assert found["2"].usage.start_time is None


def test_unknown_jobs_of_qstat_are_no_listing() -> None:
    """Some versions print a document of another kind, and broken elements in it."""
    for text in ("<unknown_jobs ><ST_name>9</ST_name></unknown_jobs>", "<unknown_jobs><></></x>"):
        with pytest.raises(CouldNotAskError):
            adaptor().parse_listing(answer(text), ["9"], SITE)


@pytest.mark.parametrize("result", [answer(""), answer("<a>"), answer("error", code=1)])
def test_what_is_no_listing_changes_no_job(result: object) -> None:
    with pytest.raises(CouldNotAskError):
        adaptor().parse_listing(result, ["1"], SITE)  # type: ignore[arg-type]


@given(st.text(max_size=200))
def test_nothing_that_is_printed_breaks_a_parser(text: str) -> None:
    marked = f"-- xenon accounting file 1 2\n{text}\n-- xenon accounting end\n"
    for printed in (text, marked, marked.replace("file 1 2", "qacct")):
        with contextlib.suppress(CouldNotAskError):
            adaptor().parse_listing(answer(printed), ["1"], SITE)
        with contextlib.suppress(CouldNotAskError):
            adaptor().parse_accounting(answer(printed), ["1"], SITE)


def test_queues() -> None:
    results = [r for r in recorded("gridengine", "qstat-g-c") if "<?xml" in r.text()]
    status = adaptor().parse_queues(results[0], ["default", "no"], SITE)
    assert status[0].scheduler_specific_information["total"]
    assert status[1].scheduler_specific_information == {}


def test_tokens_of_jobs() -> None:
    command = adaptor().find_by_token_command("0123abcd", SITE)
    assert command[-1] == "0123abcd"
    assert adaptor().parse_find_by_token(answer("7\n7\n"), "0123abcd", SITE) == ["7"]
    with pytest.raises(CouldNotAskError):
        adaptor().parse_find_by_token(answer(code=1), "0123abcd", SITE)


# --- site and control -----------------------------------------------------------------------------


def test_site() -> None:
    version = recorded("gridengine", "versions")[0]
    environments = answer("pe_name smp\nslots 9\nallocation_rule $pe_slots\n")
    answers = [version, answer("a\nb\n"), environments, answer("p1\n"), answer(code=2)]
    site = adaptor().site(answers)
    assert site.version == "SGE 8.1.9"
    assert site.queues == ("a", "b")
    assert site.details == {"pe.smp": "$pe_slots", "cluster": "p1"}


def test_no_version() -> None:
    results = [answer("what"), answer("a\n"), answer(), answer(), answer()]
    with pytest.raises(IncompatibleVersionException):
        adaptor().site(results)
    assert adaptor(ignore_version="true").site(results).version == ""


def test_errors_of_control_are_on_standard_output() -> None:
    results = recorded("gridengine", "qdel")
    for done in results[:5]:
        adaptor().check_control(Control.CANCEL, done, "4")
    with pytest.raises(NoSuchJobException):
        adaptor().check_control(Control.CANCEL, results[5], "99999")
    denied = answer("denied: x is not manager\n", code=1)
    with pytest.raises(PermissionDeniedException):
        adaptor().check_control(Control.SUSPEND, denied, "1")


def test_commands_of_control() -> None:
    assert adaptor().control_command(Control.SUSPEND, ["7.2"], SITE) == ("qmod", "-sj", "7.2")
    with pytest.raises(UnsupportedOperationException):
        adaptor().control_command(Control.SIGNAL, ["7"], SITE, "10")


def test_how_a_person_asks() -> None:
    assert adaptor().by_hand("7.2", SITE) == [("qstat", "-j", "7"), ("qacct", "-j", "7", "-t", "2")]
