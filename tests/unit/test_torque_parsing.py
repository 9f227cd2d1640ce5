"""What qstat of TORQUE and OpenPBS prints, recorded from real ones, and what becomes of it."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support.samples import answer, recorded
from xenon_adaptors.torque_protocol.dialects import OPENPBS, TORQUE, Dialect
from xenon_adaptors.torque_protocol.ids import full_id, parse_id, pick, same_server
from xenon_adaptors.torque_protocol.rows import answer_of, parse_json, parse_text, parse_xml
from xenon_adaptors.torque_protocol.states import listed, phase_of
from xenon_py.model.jobs import JobReason
from xenon_py.plugin.batch import CouldNotAskError, Listed, Phase

ALL_XML = recorded("torque", "qstat-x-xml")[0].text()
ALL_JSON = recorded("openpbs", "qstat-json")[1].text()
ALL_TEXT = recorded("openpbs", "qstat-f-all")[0].text()


def told(seen: Listed) -> tuple[object, ...]:
    return seen.state, seen.phase, seen.exit_code, seen.signal, seen.reason


def fields(**more: str) -> dict[str, str]:
    return {"job_state": "C", **more}


# --- recordings -----------------------------------------------------------------------------------


def test_torque_all_jobs() -> None:
    found = parse_xml(ALL_XML)
    assert found.rejected == ()
    jobs = {name: listed(name, row, TORQUE) for name, row in found.jobs.items()}
    assert told(jobs["0.vm"]) == ("C", Phase.DONE, 0, None, JobReason.UNKNOWN)
    assert told(jobs["12.vm"]) == ("C", Phase.DONE, 3, None, JobReason.UNKNOWN)
    assert told(jobs["14.vm"]) == ("C", Phase.DONE, 137, None, JobReason.UNKNOWN)
    assert jobs["3.vm"].phase is Phase.HELD
    assert jobs["4.vm"].phase is Phase.RUNNING
    usage = jobs["1.vm"].usage
    assert usage.submit_time == 1795294386_000
    assert (usage.start_time, usage.end_time) == (1795294389_000, 1795294390_000)
    assert (usage.wall_seconds, usage.nodes) == (1.0, ("vm",))
    assert jobs["6.vm"].name == "named"
    assert jobs["6.vm"].information["queue"] == "long"


def test_torque_tasks_of_arrays() -> None:
    whole = recorded("torque", "qstat-x-xml")[4].text()
    assert {"2[1].vm", "2[2].vm", "2[3].vm"} <= parse_xml(whole).jobs.keys()
    assert "2[].vm" not in parse_xml(whole).jobs


def test_torque_prints_a_document_for_each_identifier() -> None:
    text = recorded("torque", "qstat-x-xml")[2].text()
    assert text.count("<?xml") == 2
    assert list(parse_xml(text).jobs) == ["4.vm", "3.vm"]


def test_torque_control_characters() -> None:
    result = recorded("torque", "qstat-x-control-character")[0]
    assert b"\x01" in result.stdout or b"&#1;" in result.stdout
    assert list(parse_xml(answer_of(result)).jobs) == ["439.vm"]


def test_openpbs_all_jobs() -> None:
    found = parse_json(ALL_JSON)
    assert found.rejected == ()
    jobs = {name: listed(name, row, OPENPBS) for name, row in found.jobs.items()}
    assert told(jobs["13.vm"]) == ("F", Phase.DONE, 0, None, JobReason.UNKNOWN)
    assert told(jobs["15.vm"]) == ("F", Phase.DONE, 255, None, JobReason.UNKNOWN)
    assert jobs["5.vm"].phase is Phase.HELD
    assert jobs["6.vm"].phase is Phase.RUNNING
    assert jobs["6.vm"].usage.nodes == ("vm",)
    assert jobs["1.vm"].usage.end_time == 1795294350_000, "the dates are UTC"


def test_openpbs_tasks_of_arrays() -> None:
    text = recorded("openpbs", "array-finished")[2].text()
    jobs = parse_text(text).jobs
    assert list(jobs) == ["418[].vm", "418[1].vm", "418[2].vm", "418[3].vm"]
    assert listed("418[2].vm", jobs["418[2].vm"], OPENPBS).exit_code == 0


def test_json_and_text_tell_the_same() -> None:
    by_json = parse_json(recorded("openpbs", "qstat-json")[0].text()).jobs
    by_text = parse_text(recorded("openpbs", "qstat-f")[0].text()).jobs
    assert by_text
    for name, row in by_text.items():
        for key in ("job_state", "queue", "ctime", "Resource_List.select", "exec_host"):
            assert row.get(key) == by_json[name].get(key), (name, key)


def test_xml_and_text_tell_the_same() -> None:
    by_xml = parse_xml(ALL_XML).jobs
    by_text = parse_text(recorded("torque", "qstat-f-all")[0].text()).jobs
    assert len(by_text) > 10
    for name, row in by_text.items():
        for key in ("Job_Name", "queue", "exit_status", "Output_Path", "submit_args"):
            assert row.get(key) == by_xml[name].get(key), (name, key)


def test_long_lines_of_text_go_on_behind_a_tab() -> None:
    jobs = parse_text(recorded("torque", "qstat-f")[0].text()).jobs
    assert jobs
    for row in jobs.values():
        assert "PBS_O_LOGNAME=xenon,PBS_O_PATH=/opt/cluster/torque/bin" in row["Variable_List"]
        assert "\t" not in "".join(row.values())


@pytest.mark.parametrize("system", ["torque", "openpbs"])
def test_queues_and_server(system: str) -> None:
    results = recorded(system, "qstat-queues-and-server")
    queues = parse_text(results[1].text(), "Queue").jobs
    assert list(queues)[1:] == ["long", "closed", "off"]
    assert (queues["long"]["enabled"], queues["off"]["enabled"]) == ("True", "False")
    assert queues["long"]["resources_max.walltime"] == "02:00:00"
    server = parse_text(results[-1].text(), "Server").jobs["vm"]
    assert server["default_queue"] in queues


@pytest.mark.parametrize(
    ("system", "name"),
    [("torque", "qstat-x-xml"), ("openpbs", "qstat-json"), ("openpbs", "qstat-x-history")],
)
def test_every_state_that_was_recorded_is_known(system: str, name: str) -> None:
    dialect = TORQUE if system == "torque" else OPENPBS
    text = "".join(result.text() for result in recorded(system, name))
    states = set(re.findall(r"<job_state>(.)<|job_state(?:\":\t\"| = )(.)", text))
    assert states
    for pair in states:
        assert phase_of("".join(pair), dialect) is not Phase.UNKNOWN


# --- ends -----------------------------------------------------------------------------------------

RAN = {"start_time": "1", "stime": "Sat Nov 21 20:52:29 2026"}

ENDS = [
    (TORQUE, "0", RAN, (0, None, JobReason.UNKNOWN)),
    (TORQUE, "255", RAN, (255, None, JobReason.UNKNOWN)),
    (TORQUE, "256", RAN, (256, None, JobReason.UNKNOWN)),
    (TORQUE, "137", RAN, (137, None, JobReason.UNKNOWN)),
    (TORQUE, "271", RAN, (None, 15, JobReason.UNKNOWN)),
    (TORQUE, "267", RAN, (None, 11, JobReason.UNKNOWN)),
    (TORQUE, "-11", RAN, (None, None, JobReason.TIME_LIMIT)),
    (TORQUE, "-12", RAN, (None, None, JobReason.TIME_LIMIT)),
    (TORQUE, "-10", RAN, (None, None, JobReason.MEMORY)),
    (TORQUE, "-1", {}, (None, None, JobReason.LAUNCH_FAILURE)),
    (TORQUE, "-29", {}, (None, None, JobReason.LAUNCH_FAILURE)),
    (TORQUE, "", {}, (None, None, JobReason.CANCELLED)),
    (TORQUE, "271", {}, (None, None, JobReason.CANCELLED)),
    (TORQUE, "271", {"depend": "afterok:4.vm"}, (None, None, JobReason.DEPENDENCY)),
    (
        TORQUE,
        "271",
        {"submit_args": "-W depend=afterok:4.vm x", "substate": "55"},
        (None, None, JobReason.DEPENDENCY),
    ),
    (OPENPBS, "0", RAN, (0, None, JobReason.UNKNOWN)),
    (OPENPBS, "265", RAN, (None, 9, JobReason.UNKNOWN)),
    (OPENPBS, "271", {**RAN, "substate": "91"}, (None, 15, JobReason.CANCELLED)),
    (OPENPBS, "-29", RAN, (None, None, JobReason.TIME_LIMIT)),
    (OPENPBS, "-27", RAN, (None, None, JobReason.MEMORY)),
    (OPENPBS, "-25", RAN, (None, None, JobReason.UNKNOWN)),
    (OPENPBS, "-11", {}, (None, None, JobReason.LAUNCH_FAILURE)),
    (OPENPBS, "", {"substate": "91"}, (None, None, JobReason.CANCELLED)),
    (
        OPENPBS,
        "",
        {"substate": "92", "Submit_arguments": "-h -W depend=afterany:1 ok.sh"},
        (None, None, JobReason.DEPENDENCY),
    ),
    (OPENPBS, "", {**RAN, "substate": "92"}, (None, None, JobReason.UNKNOWN)),
    (OPENPBS, "none", RAN, (None, None, JobReason.UNKNOWN)),
]


@pytest.mark.parametrize(
    ("dialect", "status", "more", "expected"),
    ENDS,
    ids=[f"{d.name}-{s or 'absent'}-{n}" for n, (d, s, _, _) in enumerate(ENDS)],
)
def test_ends(
    dialect: Dialect, status: str, more: dict[str, str], expected: tuple[object, ...]
) -> None:
    row = {"job_state": min(dialect.ended), **more}
    if status:
        row[dialect.exit_status] = status
    seen = listed("1.vm", row, dialect)
    assert (seen.exit_code, seen.signal, seen.reason) == expected
    assert seen.phase is Phase.DONE
    if seen.reason is not JobReason.UNKNOWN:
        assert seen.message


def test_an_exit_status_before_the_end_does_not_count() -> None:
    seen = listed("1.vm", fields(job_state="R", exit_status="0"), TORQUE)
    assert (seen.phase, seen.exit_code) == (Phase.RUNNING, None)


def test_a_task_of_which_only_the_end_is_told() -> None:
    seen = listed("1[2].vm", {"job_state": "X"}, OPENPBS)
    assert (seen.phase, seen.exit_code) == (Phase.ENDED, None)
    seen = listed("1[2].vm", {"job_state": "X", "Exit_status": "4"}, OPENPBS)
    assert (seen.phase, seen.exit_code) == (Phase.DONE, 4)


def test_why_a_job_waits() -> None:
    comment = "Can Never Run: Insufficient amount of resource: ncpus"
    seen = listed("1.vm", {"job_state": "Q", "comment": comment}, OPENPBS)
    assert (seen.phase, seen.message) == (Phase.PENDING, comment)
    assert seen.information["comment"] == comment
    assert listed("1.vm", {"job_state": "R", "comment": "Job run at x"}, OPENPBS).message == ""


def test_an_unknown_state_is_handed_on() -> None:
    seen = listed("1.vm", {"job_state": "Z"}, TORQUE)
    assert (seen.state, seen.phase) == ("Z", Phase.UNKNOWN)
    assert phase_of("F", TORQUE) is Phase.UNKNOWN
    assert phase_of("C", OPENPBS) is Phase.UNKNOWN


def test_nodes() -> None:
    assert listed("1.vm", fields(exec_host="a/0+a/1+b/0-3+c/2*4"), TORQUE).usage.nodes == (
        *("a", "b"),
        "c",
    )


@pytest.mark.parametrize("text", ["x", "Sat Foo 21 20:52:29 2026", "", "Sat Nov 21 2026"])
def test_odd_times_are_no_times(text: str) -> None:
    usage = listed("1.vm", fields(ctime=text, **{"resources_used.walltime": text}), OPENPBS).usage
    assert (usage.submit_time, usage.wall_seconds) == (None, None)


# --- identifiers ----------------------------------------------------------------------------------


def test_identifiers() -> None:
    assert str(full_id("0", "vm")) == "0.vm"
    assert str(full_id("2[3].other", "vm")) == "2[3].other"
    assert (parse_id("2[3].vm").index, str(parse_id("2[3].vm").parent)) == ("3", "2[].vm")
    assert parse_id("2[].a.b.c").server == "a.b.c"
    for wrong in ("all", "", "a b", "3-1", "4.", "-1", "4;x", "2[1", "4.vm x"):
        with pytest.raises(ValueError, match="no identifier"):
            parse_id(wrong)


def test_answers_under_the_name_asked_by() -> None:
    rows = {"4.vm": 1, "4.other": 2, "5[1].vm": 3, "6.vm.local": 4}
    assert pick(rows, ["4", "4.other", "5[1]", "5", "6.vm"], "vm") == {
        "4": 1,
        "4.other": 2,
        "5[1]": 3,
        "6.vm": 4,
    }
    assert same_server("vm", "vm.local")
    assert not same_server("vm", "vmx")


# --- noise ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    ["garbage", "<html></html>", '<?xml version="1.0"?>\n<Data><Job>', ALL_XML[:-10], "<Data>"],
)
def test_what_is_no_whole_xml(text: str) -> None:
    with pytest.raises(CouldNotAskError):
        parse_xml(text)


@pytest.mark.parametrize("text", ["", "garbage", "{}", "[]", '{"a": 1}', ALL_JSON[:5000], "{"])
def test_what_is_no_whole_json(text: str) -> None:
    with pytest.raises(CouldNotAskError):
        parse_json(text)


def test_no_jobs() -> None:
    assert parse_xml('<?xml version="1.0"?>\n<Data></Data>\n').jobs == {}
    assert parse_xml("").jobs == {}, "some versions print nothing"
    head = '{\n\t"timestamp":\t1,\n\t"pbs_version":\t"23.06.06",\n\t"pbs_server":\t"vm"\n}\n'
    assert parse_json(head).jobs == {}


def test_a_notice_before_the_answer() -> None:
    assert parse_xml(f"This system goes down tonight.\n{ALL_XML}").jobs.keys() >= {"0.vm"}
    assert parse_json(f"This system goes down tonight.\n{ALL_JSON}").jobs.keys() >= {"0.vm"}


def test_a_broken_job_of_xml_hurts_no_other() -> None:
    good = parse_xml(ALL_XML).jobs
    broken = ALL_XML.replace("<Job_Name>named</Job_Name>", "<Job_Name>na<med</Job_Name>")
    found = parse_xml(broken)
    assert found.rejected
    assert {n: r for n, r in found.jobs.items() if n != "6.vm"} == {
        n: r for n, r in good.items() if n != "6.vm"
    }
    assert found.jobs["6.vm"]["job_state"] == "R", "what can be read of it is"


def test_a_broken_job_of_json_hurts_no_other() -> None:
    good = parse_json(ALL_JSON).jobs
    broken = ALL_JSON.replace('"Job_Name":\t"named"', '"Job_Name":\t"na"med"')
    found = parse_json(broken)
    assert found.rejected
    assert {n: r for n, r in found.jobs.items() if n != "6.vm"} == {
        n: r for n, r in good.items() if n != "6.vm"
    }
    assert found.jobs["6.vm"]["job_state"] == "R"


@settings(max_examples=15)
@given(st.text(max_size=30))
def test_a_variable_that_looks_like_another_job(value: str) -> None:
    """JSON that is broken by one job's variable is read job by job; nobody can speak for others."""
    hostile = '\n\t\t"13.vm":\t{\n\t\t\t"job_state":\t"R"'.replace('"', '\\"') + value
    broken = ALL_JSON.replace('"Job_Name":\t"named"', f'"Job_Name":\t"{hostile}"x"')
    assert listed("13.vm", parse_json(broken).jobs["13.vm"], OPENPBS).exit_code == 0


def test_a_cut_block_of_text_is_rejected() -> None:
    whole = parse_text(ALL_TEXT).jobs
    last = list(whole)[-1]
    found = parse_text(ALL_TEXT.rstrip("\n"))
    assert last not in found.jobs
    assert found.rejected
    assert found.jobs == {name: row for name, row in whole.items() if name != last}


@settings(max_examples=30)
@given(st.integers(0, len(ALL_XML) - 12))
def test_xml_that_is_cut_anywhere(length: int) -> None:
    if length == 0:
        return
    with pytest.raises(CouldNotAskError):
        parse_xml(ALL_XML[:length])


@settings(max_examples=15)
@given(st.integers(1, len(ALL_TEXT)))
def test_text_that_is_cut_anywhere_tells_only_truth(length: int) -> None:
    whole = parse_text(ALL_TEXT).jobs
    for name, row in parse_text(ALL_TEXT[:length]).jobs.items():
        assert row == whole[name]


@given(st.binary(max_size=300))
def test_noise_never_fails_otherwise(noise: bytes) -> None:
    text = noise.decode("utf-8", "replace")
    for parse in (parse_xml, parse_json):
        try:
            found = parse(text)
        except CouldNotAskError:
            continue
        assert found.jobs == {}
    assert parse_text(text).jobs == {}


@given(
    st.dictionaries(
        st.sampled_from(
            [
                "job_state",
                "exit_status",
                "Exit_status",
                "ctime",
                "start_time",
                "resources_used.cput",
                "exec_host",
            ]
        ),
        st.text(max_size=12),
    )
)
def test_odd_values_never_fail(row: dict[str, str]) -> None:
    for dialect in (TORQUE, OPENPBS):
        seen = listed("1.vm", row, dialect)
        assert seen.phase is not Phase.DONE or row["job_state"] in dialect.ended


def test_a_command_that_failed_is_no_answer() -> None:
    with pytest.raises(CouldNotAskError, match="connect"):
        answer_of(answer(ALL_XML, "qstat: cannot connect to server vm", 111))
