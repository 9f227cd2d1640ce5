"""What the ``torque`` adaptor sends, and what refusals of TORQUE and OpenPBS mean."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.samples import answer, recorded
from xenon_adaptors.descriptions import TORQUE as DESCRIPTION
from xenon_adaptors.schedulers.torque import TorqueAdaptor
from xenon_adaptors.torque_protocol.submitting import job_name
from xenon_py.exceptions import (
    IncompatibleVersionException,
    InvalidJobDescriptionException,
    NoSuchJobException,
    NoSuchQueueException,
    NotConnectedException,
    PermissionDeniedException,
    UnsupportedJobDescriptionException,
    UnsupportedOperationException,
    XenonException,
)
from xenon_py.model.jobs import ArrayRange, JobDescription
from xenon_py.model.properties import resolve_properties
from xenon_py.plugin.batch import BatchJob, Control, CouldNotAskError, Phase, Site
from xenon_py.plugin.runner import CommandResult

TORQUE = Site("TORQUE 6", details={"dialect": "TORQUE", "server": "vm", "json": ""})
OPENPBS = Site(
    "OpenPBS 23", accounting=True, details={"dialect": "OpenPBS", "server": "vm", "json": "yes"}
)
OLD = Site(
    "OpenPBS 13", accounting=True, details={"dialect": "OpenPBS", "server": "vm", "json": ""}
)
SITES = {"torque": TORQUE, "openpbs": OPENPBS}


def adaptor(**properties: str) -> TorqueAdaptor:
    given = {f"torque.{name.replace('_', '.')}": value for name, value in properties.items()}
    resolved = resolve_properties(DESCRIPTION.supported_properties, given, adaptor="torque")
    return TorqueAdaptor(resolved)


def words(site: Site, span: ArrayRange | None = None, **fields: object) -> list[str]:
    description = JobDescription(executable="/bin/true", working_directory="/tmp", **fields)
    return list(adaptor().submit_command(BatchJob(description, "0" * 20, span), site))


def limits(site: Site, **fields: object) -> list[str]:
    command = words(site, **fields)
    return [command[n + 1] for n, word in enumerate(command) if word == "-l"]


def after(option: str, command: list[str]) -> str:
    return command[command.index(option) + 1]


# --- the site -------------------------------------------------------------------------------------


def site_of(system: str, version: CommandResult | None = None, **properties: str) -> Site:
    told = recorded(system, "qstat-queues-and-server")
    first = version or recorded(system, "versions")[0]
    return adaptor(**properties).site([first, told[1], told[-1]])


def test_torque_is_recognised() -> None:
    site = site_of("torque")
    assert site.version == "TORQUE master"
    assert site.queues == ("batch", "long", "closed", "off")
    assert (site.default_queue, site.accounting) == ("batch", False)
    assert site.details["server"] == "vm"


def test_openpbs_is_recognised() -> None:
    site = site_of("openpbs")
    assert site.version == "OpenPBS 23.06.06"
    assert (site.default_queue, site.accounting) == ("workq", True)
    assert site.details["json"]


@pytest.mark.parametrize(
    ("out", "err", "dialect", "json"),
    [
        ("pbs_version = PBSPro_13.1.1.162303\n", "", "OpenPBS", ""),
        ("pbs_version = 19.1.3\n", "", "OpenPBS", "yes"),
        ("", "version: 2.4.16\n", "TORQUE", ""),
        ("Version: 6.1.2\nCommit: x\n", "", "TORQUE", ""),
    ],
)
def test_other_versions(out: str, err: str, dialect: str, json: str) -> None:
    site = site_of("openpbs", answer(out, err))
    assert (site.details["dialect"], site.details["json"]) == (dialect, json)


def test_history_that_is_off() -> None:
    told = recorded("openpbs", "qstat-queues-and-server")
    server = answer(told[-1].text().replace("job_history_enable = True", "x = True"))
    site = adaptor().site([recorded("openpbs", "versions")[0], told[1], server])
    assert not site.accounting
    assert adaptor().accounting_command(["4.vm"], site) is None


def test_slurms_imitation_is_refused() -> None:
    for lenient in ("false", "true"):
        with pytest.raises(IncompatibleVersionException, match="adaptor slurm"):
            said = answer("", "Unknown option: version\nUsage:\n", 2)
            site_of("torque", said, ignore_version=lenient)


def test_grid_engine_is_refused() -> None:
    said = answer("SGE 8.1.9\nusage: qstat [options]\n   [-xml]\n", "", 1)
    with pytest.raises(IncompatibleVersionException, match="adaptor gridengine"):
        site_of("torque", said)


def test_no_pbs_at_all() -> None:
    with pytest.raises(IncompatibleVersionException, match="no TORQUE, OpenPBS"):
        site_of("torque", answer("", "sh: 1: qstat: not found\n", 127))
    with pytest.raises(IncompatibleVersionException):
        site_of("torque", answer("something else"))


def test_another_answer_with_ignore_version() -> None:
    assert site_of("torque", answer("home-made"), ignore_version="true").version == "TORQUE master"


@pytest.mark.parametrize("system", ["torque", "openpbs"])
def test_server_away(system: str) -> None:
    away = next(r for r in recorded(system, "errors") if "PBS_DEFAULT=vm" in r.argv[0])
    with pytest.raises(NotConnectedException, match="does not answer"):
        adaptor().site([recorded(system, "versions")[0], away, away])
    for ask in (adaptor().parse_listing, adaptor().parse_accounting):
        with pytest.raises(CouldNotAskError):
            ask(away, ["4.vm"], SITES[system])


# --- submitting -----------------------------------------------------------------------------------


@pytest.mark.parametrize("system", ["torque", "openpbs"])
def test_identifiers(system: str) -> None:
    results = [r for r in recorded(system, "qsub-ids") if r.stdout and r.ok]
    found = [adaptor().parse_submit(r, SITES[system]) for r in results]
    assert found[:3] == ["1.vm", "2[].vm", "3.vm"]


def test_notices_before_the_identifier() -> None:
    text = "Your project is over quota.\n17.vm\n"
    assert adaptor().parse_submit(answer(text), TORQUE) == "17.vm"
    assert adaptor().parse_submit(answer("0.pbs-1.example.org\n"), OPENPBS) == "0.pbs-1.example.org"


def test_no_identifier_is_no_success() -> None:
    with pytest.raises(XenonException, match="no job identifier"):
        adaptor().parse_submit(answer(""), TORQUE)


def test_the_least_command() -> None:
    common = ["-S", "/bin/sh", "-N", "xenon", "-j", "oe", "-o", "/dev/null", "-m", "n"]
    token = ["-v", "XENON_SUBMISSION=x" + "0" * 20]
    assert words(TORQUE) == ["qsub", *common, *token]
    assert words(OPENPBS) == ["qsub", "-f", *common, *token]


def test_own_options_take_the_place_of_ours() -> None:
    command = words(TORQUE, scheduler_arguments=["-m", "abe", "-v", "A=1"])
    assert command.count("-m") == command.count("-v") == 1
    assert command[-4:] == ["-m", "abe", "-v", "A=1"]


@pytest.mark.parametrize("wrong", [["-z"], ["-I"], ["-W", "block=true"], ["-Wblock=true"]])
def test_options_that_hide_the_identifier_are_refused(wrong: list[str]) -> None:
    with pytest.raises(InvalidJobDescriptionException, match="scheduler_arguments"):
        words(OPENPBS, scheduler_arguments=wrong)


@pytest.mark.parametrize(
    ("fields", "torque", "openpbs"),
    [
        ({}, [], []),
        ({"tasks": 1, "cores_per_task": 1}, [], []),
        ({"cores_per_task": 4}, ["nodes=1:ppn=4"], ["select=1:ncpus=4"]),
        ({"tasks": 3}, ["nodes=3:ppn=1"], ["select=3:ncpus=1:mpiprocs=1"]),
        (
            {"tasks": 8, "tasks_per_node": 4, "cores_per_task": 2},
            ["nodes=2:ppn=8"],
            ["select=2:ncpus=8:mpiprocs=4", "place=scatter"],
        ),
        (
            {"tasks": 3, "tasks_per_node": 4},
            ["nodes=1:ppn=3"],
            ["select=1:ncpus=3:mpiprocs=3"],
        ),
        (
            {"gpus_per_task": 2, "tasks": 2, "tasks_per_node": 2},
            ["nodes=1:ppn=2:gpus=4"],
            ["select=1:ncpus=2:mpiprocs=2:ngpus=4"],
        ),
        ({"max_memory": 500}, ["mem=500mb"], ["select=1:ncpus=1:mem=500mb"]),
        (
            {"max_memory": 500, "tasks": 4, "tasks_per_node": 2},
            ["nodes=2:ppn=2", "mem=1000mb"],
            ["select=2:ncpus=2:mpiprocs=2:mem=500mb", "place=scatter"],
        ),
        ({"max_runtime": 90}, ["walltime=01:30:00"], ["walltime=01:30:00"]),
        ({"max_runtime": 6000}, ["walltime=100:00:00"], ["walltime=100:00:00"]),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, dict) else None,
)
def test_limits(fields: dict[str, int], torque: list[str], openpbs: list[str]) -> None:
    assert limits(TORQUE, **fields) == torque
    assert limits(OPENPBS, **fields) == openpbs


@pytest.mark.parametrize("site", [TORQUE, OPENPBS], ids=["torque", "openpbs"])
def test_policy(site: Site) -> None:
    command = words(
        site,
        hold=True,
        account="money",
        queue_name="long",
        start_time="10:30 02.07.2030",
        inherit_environment=True,
    )
    assert {"-h", "-V"} <= set(command)
    assert after("-A", command) == "money"
    assert after("-q", command) == "long"
    assert after("-a", command) == "203007021030"


def test_dependencies() -> None:
    ids = ["4", "5.vm", "2[].vm"]
    assert after("-W", words(TORQUE, depends_on=ids)) == (
        "depend=afterok:4.vm:5.vm,afterokarray:2[].vm"
    )
    assert after("-W", words(OPENPBS, depends_on=ids)) == "depend=afterok:4.vm:5.vm:2[].vm"
    assert after("-W", words(TORQUE, depends_on=["2[3]"])) == "depend=afterok:2[3].vm"
    with pytest.raises(UnsupportedJobDescriptionException, match=r"2\[\]\.vm"):
        words(OPENPBS, depends_on=["2[3]"])
    with pytest.raises(InvalidJobDescriptionException, match="depends_on"):
        words(TORQUE, depends_on=["all"])


@pytest.mark.parametrize(
    ("span", "torque", "openpbs"),
    [
        (ArrayRange(1, 3), "1-3", "1-3"),
        (ArrayRange(0, 2), "0-2", "0-2"),
        (ArrayRange(1, 10, 2), "1,3,5,7,9", "1-10:2"),
        (ArrayRange(1, 3, 1, 1), "1-3%1", "1-3%1"),
        (ArrayRange(2, 8, 3, 2), "2,5,8%2", "2-8:3%2"),
        (ArrayRange(5, 5), "5", ""),
        (ArrayRange(1, 4, 5), "1", ""),
    ],
    ids=["plain", "zero", "step", "throttle", "both", "one", "step-one"],
)
def test_arrays(span: ArrayRange, torque: str, openpbs: str) -> None:
    assert after("-t", words(TORQUE, span)) == torque
    command = words(OPENPBS, span)
    assert (after("-J", command) if openpbs else "-J" not in command) == (openpbs or True)


def test_an_array_with_too_many_steps() -> None:
    with pytest.raises(UnsupportedJobDescriptionException, match="step"):
        words(TORQUE, ArrayRange(1, 100_000, 2))


def test_identifiers_of_arrays() -> None:
    span = ArrayRange(1, 5, 2)
    assert adaptor().array_ids("7[].vm", span) == ["7[1].vm", "7[3].vm", "7[5].vm"]
    assert adaptor().array_ids("7.vm", ArrayRange(5, 5)) == ["7.vm"]


def test_an_array_of_one_knows_its_index() -> None:
    description = JobDescription(executable="true")
    one = BatchJob(description, "0" * 20, ArrayRange(5, 5))
    assert adaptor().script_lines(one) == (': "${PBS_ARRAY_INDEX:=5}"',)
    for span in (None, ArrayRange(1, 2)):
        assert adaptor().script_lines(BatchJob(description, "0" * 20, span)) == ()


def test_start_per_task_is_refused() -> None:
    with pytest.raises(UnsupportedJobDescriptionException, match="start_per_task"):
        words(TORQUE, tasks=2, start_per_task=True)


@given(st.text(max_size=40))
def test_every_name_becomes_one_that_pbs_takes(text: str) -> None:
    name = job_name(text)
    assert name.isascii()
    assert 1 <= len(name) <= 15
    assert name[0].isalnum()
    assert not set(name) & set(' /:[]@,"\\\n')


# --- refusals -------------------------------------------------------------------------------------

REFUSALS = [
    ("-q nosuch", NoSuchQueueException, NoSuchQueueException),
    ("-q closed", PermissionDeniedException, PermissionDeniedException),
    ("-q off", UnsupportedJobDescriptionException, UnsupportedJobDescriptionException),
    (
        "-l nosuchres=3",
        UnsupportedJobDescriptionException,
        UnsupportedJobDescriptionException,
    ),
    ("-l walltime=abc", InvalidJobDescriptionException, InvalidJobDescriptionException),
    ("-l mem=lots", InvalidJobDescriptionException, InvalidJobDescriptionException),
    (
        "-q long -l walltime",
        UnsupportedJobDescriptionException,
        UnsupportedJobDescriptionException,
    ),
    ("-l nodes=50", UnsupportedJobDescriptionException, None),
    ("-l nodes=1:ppn=99", UnsupportedJobDescriptionException, None),
    ("-W depend=afterok:99999", InvalidJobDescriptionException, None),
    ("-q batch@nosuchhost", NotConnectedException, NotConnectedException),
    ("--nosuchopt", InvalidJobDescriptionException, InvalidJobDescriptionException),
    ("nosuchfile.sh", XenonException, XenonException),
    ("-J 1 ok.sh", None, InvalidJobDescriptionException),
    ("-t 1-3", None, InvalidJobDescriptionException),
    ("-d /tmp", None, InvalidJobDescriptionException),
    ("-l select=1:nosuch=1", None, UnsupportedJobDescriptionException),
    ("-l ncpus=1 -l select=1", None, InvalidJobDescriptionException),
]


@pytest.mark.parametrize("system", ["torque", "openpbs"])
@pytest.mark.parametrize(("option", "torque", "openpbs"), REFUSALS, ids=[r[0] for r in REFUSALS])
def test_refusals(
    system: str,
    option: str,
    torque: type[XenonException] | None,
    openpbs: type[XenonException] | None,
) -> None:
    kind = torque if system == "torque" else openpbs
    if kind is None:
        return
    result = next(r for r in recorded(system, "errors") if f"qsub {option}" in r.argv[0])
    with pytest.raises(kind) as caught:
        adaptor().parse_submit(result, SITES[system])
    assert type(caught.value) is kind
    assert result.error_text().split("\n")[0][:20].strip("[ ") in str(caught.value.stderr)


def test_a_hint_where_nodes_are_missing() -> None:
    result = next(r for r in recorded("torque", "errors") if "nodes=50" in r.argv[0])
    with pytest.raises(UnsupportedJobDescriptionException, match="tasks_per_node"):
        adaptor().parse_submit(result, TORQUE)


def test_a_server_that_breaks_off_leaves_it_open() -> None:
    said = b"qsub: submit error (End of File)\n"
    result = CommandResult(tuple(words(TORQUE)), 67, None, b"", said)
    with pytest.raises(CouldNotAskError, match="End of File"):
        adaptor().parse_submit(result, TORQUE)


# --- asking ---------------------------------------------------------------------------------------


def test_one_question_for_all_jobs() -> None:
    many = [f"{number}.vm" for number in range(300)]
    for site in (TORQUE, OPENPBS):
        command = adaptor().listing_command(many, site)
        assert command[:3] == ("env", "TZ=UTC", "qstat")
        assert not any(word[0].isdigit() for word in command)
    assert "-x" not in adaptor().listing_command(many, OPENPBS), "not the history of all users"
    assert "-F" not in adaptor().listing_command(many, TORQUE)


def test_old_pbs_pro_is_asked_for_these_jobs_only() -> None:
    """Its text can be made to look like another user's job."""
    command = adaptor().listing_command(["4", "2[1].vm", "2[2].vm"], OLD)
    assert command[3:] == ("-t", "-f", "4.vm", "2[].vm")
    gone = answer(
        "",
        "qstat: 4.vm Job has finished, use -x or -H to obtain historical job "
        "information\nqstat: Unknown Job Id 2[].vm\n",
        153,
    )
    assert adaptor().parse_listing(gone, ["4", "2[1].vm"], OLD).jobs == {}
    assert adaptor().find_by_token_command("t", OLD) is None


def test_the_listing_of_torque() -> None:
    result = recorded("torque", "qstat-x-xml")[4]
    found = adaptor().parse_listing(result, ["0", "2[3]", "4.vm", "99999"], TORQUE)
    assert set(found.jobs) == {"0", "2[3]", "4.vm"}
    assert found.jobs["2[3]"].job_id == "2[3]"


def test_history() -> None:
    result = recorded("openpbs", "qstat-x-history")[1]
    found = adaptor().parse_accounting(result, ["1.vm"], OPENPBS)
    assert found.jobs["1.vm"].exit_code == 0
    off = recorded("openpbs", "history-disabled")[1]
    assert adaptor().parse_accounting(off, ["419.vm"], OPENPBS).jobs == {}
    unknown = next(r for r in recorded("openpbs", "errors") if "qstat -x 99999" in r.argv[0])
    assert adaptor().parse_accounting(unknown, ["99999"], OPENPBS).jobs == {}
    assert adaptor().accounting_command(["1"], TORQUE) is None


@pytest.mark.parametrize("text", ["", "garbage"])
def test_history_that_gives_no_answer(text: str) -> None:
    with pytest.raises(CouldNotAskError):
        adaptor().parse_accounting(answer(text, "qstat: cannot connect", 255), ["1"], OPENPBS)
    if text:
        with pytest.raises(CouldNotAskError):
            adaptor().parse_accounting(answer(text), ["1"], OPENPBS)


def test_tasks_of_a_held_array_are_held() -> None:
    rows = "".join(
        f'\t\t"{name}":\t{{\n\t\t\t"job_state":\t"{state}"\n\t\t}},\n'
        for name, state in (("96[].vm", "H"), ("96[0].vm", "Q"), ("97.vm", "Q"))
    )
    text = '{\n\t"timestamp":\t1,\n\t"Jobs":\t{\n' + rows[:-2] + "\n\t}\n}\n"
    found = adaptor().parse_listing(answer(text), ["96[0]", "97"], OPENPBS)
    assert [seen.phase for seen in found.jobs.values()] == [Phase.HELD, Phase.PENDING]


def test_live_jobs_by_queue() -> None:
    result = recorded("torque", "qstat-x-xml")[0]
    assert adaptor().parse_jobs(result, [], TORQUE) == [
        "3.vm",
        "4.vm",
        "5.vm",
        "6.vm",
        "7.vm",
        "8.vm",
    ]
    assert adaptor().parse_jobs(result, ["long"], TORQUE) == ["6.vm", "8.vm"]


def test_queue_statuses() -> None:
    result = recorded("torque", "qstat-queues-and-server")[1]
    found = adaptor().parse_queues(result, ["long", "batch"], TORQUE)
    assert [status.name for status in found] == ["long", "batch"]
    assert found[0].scheduler_specific_information["enabled"] == "True"


def test_a_job_is_found_by_its_token() -> None:
    token = "12345678901234567890"
    result = recorded("torque", "qstat-x-xml")[0]
    text = result.text().replace("PBS_O_QUEUE=long", f"PBS_O_QUEUE=long,XENON_SUBMISSION=x{token}")
    assert adaptor().parse_find_by_token(answer(text), token, TORQUE) == ["6.vm", "8.vm"]
    text = recorded("openpbs", "qstat-json")[1].text()
    text = text.replace('"PBS_O_QUEUE":\t"long"', f'"XENON_SUBMISSION":\t"x{token}"')
    assert adaptor().parse_find_by_token(answer(text), token, OPENPBS) == ["6.vm", "10.vm"]
    assert adaptor().find_by_token_command(token, TORQUE) == ("env", "TZ=UTC", "qstat", "-x")
    assert "-x" in (adaptor().find_by_token_command(token, OPENPBS) or ())


def test_records_bear_the_whole_identifier() -> None:
    assert adaptor().record_id("4", TORQUE) == "4.vm"
    assert adaptor().record_id("2[1].other", TORQUE) == "2[1].other"
    assert adaptor().system_of("4", TORQUE) == "vm"


# --- control --------------------------------------------------------------------------------------


def test_control_commands() -> None:
    def command(control: Control, job_id: str, site: Site = TORQUE, signal: str = "") -> str:
        return " ".join(adaptor().control_command(control, [job_id], site, signal))

    assert command(Control.CANCEL, "4") == "qdel 4.vm"
    assert command(Control.CANCEL, "2[3].vm", OPENPBS) == "qdel 2[3].vm"
    assert command(Control.HOLD, "4.vm") == "qhold 4.vm"
    assert command(Control.HOLD, "2[3].vm") == "qhold -t 3 2[].vm"
    assert command(Control.RELEASE, "2[].vm", OPENPBS) == "qrls 2[].vm"
    assert command(Control.SUSPEND, "4.vm") == "qsig -s SIGSTOP 4.vm"
    assert command(Control.RESUME, "4.vm") == "qsig -s SIGCONT 4.vm"
    assert command(Control.SIGNAL, "4.vm", signal="USR1") == "qsig -s SIGUSR1 4.vm"


@pytest.mark.parametrize("control", [Control.HOLD, Control.RELEASE])
def test_single_tasks_of_openpbs_are_not_held(control: Control) -> None:
    with pytest.raises(UnsupportedOperationException, match=r"all of it: 2\[\]\.vm"):
        adaptor().control_command(control, ["2[3].vm"], OPENPBS)


@pytest.mark.parametrize("wrong", ["all", "ALL", "", "3-1", "-a", "@vm", "batch", "4 5"])
@pytest.mark.parametrize("control", list(Control))
def test_what_is_no_identifier_is_never_sent(control: Control, wrong: str) -> None:
    with pytest.raises(NoSuchJobException):
        adaptor().control_command(control, [wrong], TORQUE, "TERM")


CONTROLS = [
    ("torque", "control-as-owner", "qdel 8.vm", NoSuchJobException, "ended"),
    ("torque", "control-as-owner", "qdel 99999", NoSuchJobException, "knows no job"),
    ("torque", "control-as-owner", "qhold 1.vm", NoSuchJobException, "ended"),
    ("torque", "control-as-owner", "qsig -s suspend", PermissionDeniedException, "may not"),
    ("torque", "control-as-owner", "qsig -s NOSUCH", XenonException, "illegal signal"),
    ("torque", "errors", "qhold 99999", NoSuchJobException, "knows no job"),
    ("torque", "errors", "qrls 99999", NoSuchJobException, "knows no job"),
    ("torque", "errors", "qsig -s suspend 99999", NoSuchJobException, "knows no job"),
    ("torque", "expired-job", "qdel 428", NoSuchJobException, "knows no job"),
    ("openpbs", "control-as-owner", "qdel 99999", NoSuchJobException, "knows no job"),
    ("openpbs", "control-as-owner", "qdel 1.vm", NoSuchJobException, "ended"),
    ("openpbs", "control-as-owner", "qrls 1.vm", NoSuchJobException, "ended"),
    ("openpbs", "control-as-owner", "qsig -s suspend", PermissionDeniedException, "may not"),
    ("openpbs", "control-as-owner", "qsig -s NOSUCH", XenonException, "illegal signal"),
    ("openpbs", "control-as-owner", "qdel all", NoSuchJobException, "knows no job"),
    ("openpbs", "errors", "qhold 99999", NoSuchJobException, "knows no job"),
]


@pytest.mark.parametrize(
    ("system", "file", "command", "kind", "text"),
    CONTROLS,
    ids=[f"{c[0]}-{c[2]}" for c in CONTROLS],
)
def test_refused_control(
    system: str, file: str, command: str, kind: type[XenonException], text: str
) -> None:
    found = [r for r in recorded(system, file) if command in r.argv[0] and not r.ok]
    for result in found:
        with pytest.raises(kind, match=text):
            adaptor().check_control(Control.CANCEL, result, "1.vm")
    assert found


def test_control_while_the_server_is_away() -> None:
    away = answer("", "Connection refused\nqdel: cannot connect to server vm (errno=15010)\n", 160)
    with pytest.raises(NotConnectedException):
        adaptor().check_control(Control.CANCEL, away, "1.vm")


def test_control_that_went_well() -> None:
    adaptor().check_control(Control.CANCEL, answer("", "some notice\n"), "1.vm")


def test_the_grace_time_has_three_names() -> None:
    for name in ("accounting_grace", "accounting_grace_time", "accounting_grace_timeout"):
        assert adaptor(**{name: "7000"}).grace() == 7.0
