"""What Slurm's commands print, recorded from a real one, and what becomes of it."""

from __future__ import annotations

import contextlib
import random
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.samples import SAMPLES, answer, recorded
from xenon_adaptors.descriptions import SLURM
from xenon_adaptors.schedulers.slurm import SlurmAdaptor
from xenon_adaptors.slurm_protocol.listing import expand_nodes, parse_sacct, parse_squeue
from xenon_adaptors.slurm_protocol.states import phase_of
from xenon_py.exceptions import (
    IncompatibleVersionException,
    InvalidJobDescriptionException,
    NoSuchJobException,
    NoSuchQueueException,
    NotConnectedException,
    PermissionDeniedException,
    UnsupportedJobDescriptionException,
    XenonException,
)
from xenon_py.model.jobs import ArrayRange, JobReason
from xenon_py.model.properties import resolve_properties
from xenon_py.plugin.batch import Control, CouldNotAskError, Listed, Phase, Site

CLUSTER = "testcluster"
RECORDED = 1795303800_000
IDS = [str(number) for number in range(206, 221)] + ["212_0", "212_1", "212_2", "212_3"]


def adaptor(**properties: str) -> SlurmAdaptor:
    given = {f"slurm.{name.replace('_', '.')}": value for name, value in properties.items()}
    return SlurmAdaptor(resolve_properties(SLURM.supported_properties, given, adaptor="slurm"))


SITE = Site("22.05", ("a", "b"), "a", accounting=True, details={"cluster": CLUSTER})


def told(seen: Listed) -> tuple[object, ...]:
    return seen.state, seen.phase, seen.exit_code, seen.signal, seen.reason


LISTED = {
    "206": ("COMPLETED", Phase.DONE, 0, None, JobReason.COMPLETED),
    "207": ("FAILED", Phase.DONE, 3, None, JobReason.FAILED),
    "208": ("FAILED", Phase.DONE, 137, None, JobReason.FAILED),
    "209": ("FAILED", Phase.DONE, None, 11, JobReason.FAILED),
    "210": ("PENDING", Phase.HELD, None, None, JobReason.NONE),
    "211": ("FAILED", Phase.DONE, None, None, JobReason.LAUNCH_FAILURE),
    "212_0": ("RUNNING", Phase.RUNNING, None, None, JobReason.NONE),
    "212_3": ("PENDING", Phase.PENDING, None, None, JobReason.NONE),
    "213": ("CANCELLED", Phase.DONE, None, None, JobReason.CANCELLED),
    "214": ("CANCELLED", Phase.DONE, None, None, JobReason.CANCELLED),
    "215": ("PENDING", Phase.PENDING, None, None, JobReason.NONE),
    "216": ("CANCELLED", Phase.DONE, None, None, JobReason.DEPENDENCY),
    "217": ("FAILED", Phase.DONE, 128, None, JobReason.FAILED),
    "219": ("SUSPENDED", Phase.SUSPENDED, None, None, JobReason.NONE),
    "220": ("PENDING", Phase.PENDING, None, None, JobReason.NONE),
}


@pytest.mark.parametrize("job_id", LISTED)
def test_listing(job_id: str) -> None:
    listing = parse_squeue(recorded("slurm", "listing")[0], IDS, CLUSTER)
    assert told(listing.jobs[job_id]) == LISTED[job_id]
    assert listing.rejected == ()


def test_listing_tells_times_and_nodes() -> None:
    jobs = parse_squeue(recorded("slurm", "listing")[0], IDS, CLUSTER).jobs
    assert jobs["207"].usage.nodes == ("node-0",)
    assert abs(jobs["207"].usage.end_time - RECORDED) < 60_000
    assert jobs["220"].usage.start_time is None, "the time of a pending job is an estimate"
    assert jobs["215"].message == "DependencyNeverSatisfied"


def test_listing_of_several_clusters() -> None:
    """Each cluster has a part of its own, and equal numbers are different jobs."""
    result = recorded("slurm", "listing")[1]
    assert result.text().startswith("CLUSTER: testcluster\n")
    listing = parse_squeue(result, ["206;testcluster", "207", "208;other"], CLUSTER)
    assert set(listing.jobs) == {"206;testcluster", "207"}
    assert listing.rejected == ()


ACCOUNTED = {
    "206": ("COMPLETED", Phase.DONE, 0, None, JobReason.COMPLETED),
    "208": ("FAILED", Phase.DONE, 9, None, JobReason.FAILED),
    "209": ("FAILED", Phase.DONE, None, 11, JobReason.FAILED),
    "211": ("FAILED", Phase.DONE, None, None, JobReason.LAUNCH_FAILURE),
    "212_0": ("RUNNING", Phase.RUNNING, None, None, JobReason.NONE),
    "213": ("CANCELLED", Phase.DONE, None, None, JobReason.CANCELLED),
    "219": ("SUSPENDED", Phase.SUSPENDED, None, None, JobReason.NONE),
}


@pytest.mark.parametrize("job_id", ACCOUNTED)
def test_accounting(job_id: str) -> None:
    listing = parse_sacct(recorded("slurm", "accounting")[0], IDS, CLUSTER)
    assert told(listing.jobs[job_id]) == ACCOUNTED[job_id]
    assert listing.jobs[job_id].masked_exit
    assert listing.rejected == ()


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("node-0", ("node-0",)),
        ("a[1-3,07],b", ("a1", "a2", "a3", "a07", "b")),
        ("n[08-10]-ib", ("n08-ib", "n09-ib", "n10-ib")),
        ("", ()),
        ("x[", ("x",)),
    ],
)
def test_node_lists(text: str, names: tuple[str, ...]) -> None:
    assert expand_nodes(text) == names


STATES = (
    *("BOOT_FAIL", "CANCELLED", "COMPLETED", "DEADLINE", "NODE_FAIL", "OUT_OF_MEMORY"),
    *("PREEMPTED", "TIMEOUT", "LAUNCH_FAILED", "RECONFIG_FAIL", "REVOKED"),
)


@pytest.mark.parametrize("state", STATES)
def test_no_end_state_is_waited_for_for_ever(state: str) -> None:
    assert phase_of(state) is Phase.DONE
    row = f"7\x1fc\x1f{state}\x1f0:0\x1f1\x1f1\x1f2\x1f1\x1f00:01\x1fn\x1fp\n"
    seen = parse_sacct(answer(row), ["7"], "c").jobs["7"]
    assert seen.phase is Phase.DONE
    assert (seen.exit_code == 0) is (state == "COMPLETED")


def test_a_federated_job_is_told_by_the_cluster_where_it_runs() -> None:
    def row(cluster: str, state: str) -> str:
        return f"67109080\x1f{cluster}\x1f{state}\x1f0:0\x1f1\x1f1\x1f2\x1f1\x1f00:01\x1fn\x1fp\n"

    for rows in ((row("a", "REVOKED"), row("b", "COMPLETED")), (row("b", "COMPLETED"),)):
        listing = parse_sacct(answer("".join(rows)), ["67109080"], "a")
        assert listing.jobs["67109080"].state == "COMPLETED"


def test_the_first_part_stands_for_a_heterogeneous_job() -> None:
    def row(number: str, state: str) -> str:
        return f"{number}\x1fc\x1f{state}\x1f0:0\x1f1\x1f1\x1f2\x1f1\x1f00:01\x1fn\x1fp\n"

    for rows in ((row("7+0", "COMPLETED"), row("7+1", "FAILED")), (row("7+0", "COMPLETED"),)):
        listing = parse_sacct(answer("".join(rows)), ["7"], "c")
        assert {i: seen.state for i, seen in listing.jobs.items()} == {"7": "COMPLETED"}
        assert listing.rejected == ()


def test_a_cluster_that_is_not_in_the_listing_was_not_asked() -> None:
    result = recorded("slurm", "listing")[1]
    listing = parse_squeue(result, ["206;testcluster", "207", "208;other"], CLUSTER)
    assert listing.unasked == {"208;other"}
    assert parse_squeue(answer(""), ["1", "2"], CLUSTER).unasked == frozenset()


@pytest.mark.parametrize(
    "text", ["Socket timed out on send/recv operation", "Zero Bytes were transmitted or received"]
)
def test_no_answer_of_the_controller_leaves_open_whether_there_is_a_job(text: str) -> None:
    said = answer(err=f"sbatch: error: Batch job submission failed: {text}", code=1)
    with pytest.raises(CouldNotAskError, match=text[:20]):
        adaptor().parse_submit(said, SITE)


@pytest.mark.parametrize(
    "path", sorted(Path(SAMPLES, "slurm").glob("err-sbatch-*")), ids=lambda path: path.stem
)
def test_every_recorded_refusal_is_one(path: Path) -> None:
    said = recorded("slurm", path.stem)[0]
    with pytest.raises(XenonException) as caught:
        adaptor().parse_submit(said, SITE)
    assert caught.value.exit_code == said.returncode
    assert caught.value.stderr == said.error_text()


def test_iso_times_of_a_slurm_that_ignores_the_time_format() -> None:
    row = "7\x1fc\x1fCOMPLETED\x1f0:0\x1f2026-11-21T20:36:36\x1fUnknown\x1fNone\x1f1\x1f"
    seen = parse_sacct(answer(f"{row}1-02:03:04\x1fn\x1fp\n"), ["7"], "c").jobs["7"]
    assert seen.usage.submit_time is not None
    assert (seen.usage.start_time, seen.usage.end_time) == (None, None)
    assert seen.usage.cpu_seconds == 93784


@pytest.mark.parametrize("name", ["controller-down", "controller-hanging"])
def test_an_error_text_is_no_listing(name: str) -> None:
    said = recorded("slurm", name)[0]
    failed = answer(said.text(), said.error_text(), 1)
    with pytest.raises(CouldNotAskError):
        parse_squeue(failed, IDS)
    with pytest.raises(CouldNotAskError):
        parse_sacct(failed, IDS)


def test_a_lone_unknown_job_is_no_outage() -> None:
    said = answer(err="slurm_load_jobs error: Invalid job id specified", code=1)
    assert parse_squeue(said, ["7"]).jobs == {}


# --- noise: no exception, and never another job touched -----------------------------------------


def _noisy(lines: list[str], rng: random.Random) -> tuple[list[str], set[str]]:
    """Return the lines with noise, and the jobs whose own line was touched."""
    touched: set[str] = set()
    noisy: list[str] = []
    for line in lines:
        kind = rng.randrange(7)
        job_id = re.split("[ \x1f]", line)[0]
        if kind == 0:
            touched.add(job_id)
            noisy.append(line[: rng.randrange(len(line))])
        elif kind == 1:
            noisy += [line, line]
        elif kind == 2:
            touched.add(job_id)
            noisy.append(f"slurm: {line}")
        elif kind == 3:
            noisy += ["slurm_load_jobs: warning: something", line, "\x00\x1b[0m", ""]
        else:
            noisy.append(line)
    rng.shuffle(noisy)
    return noisy, touched


@pytest.mark.parametrize(
    ("name", "parse"), [("listing", parse_squeue), ("accounting", parse_sacct)]
)
@given(seed=st.integers(0, 2**32))
def test_noise_touches_no_other_job(name: str, parse: object, seed: int) -> None:
    clean = recorded("slurm", name)[0]
    truth = parse(clean, IDS, CLUSTER).jobs  # type: ignore[operator]
    lines, touched = _noisy(clean.text().splitlines(), random.Random(seed))
    seen = parse(answer("\n".join(lines) + "\n"), IDS, CLUSTER).jobs  # type: ignore[operator]
    for job_id in truth.keys() - touched:
        assert seen[job_id] == truth[job_id]
    for job_id in touched & seen.keys():  # what is still told of it is not wrong
        one, other = seen[job_id], truth.get(job_id)
        assert other is not None
        assert (one.state, one.phase, one.exit_code) == (other.state, other.phase, other.exit_code)


@given(st.binary())
def test_garbage_is_never_a_job(data: bytes) -> None:
    garbage = answer(data.decode("utf-8", "surrogateescape"))
    assert parse_squeue(garbage, IDS, CLUSTER).jobs == {}
    assert parse_sacct(garbage, IDS, CLUSTER).jobs == {}
    assert adaptor().parse_find_by_token(garbage, "0123456789abcdef0123", SITE) == []


OTHER_PARSERS = {
    "jobs": ("jobs", lambda said: adaptor().parse_jobs(said, [], SITE)),
    "queues": ("queues", lambda said: adaptor().parse_queues(said, ["mypartition", "x"], SITE)),
    "tokens": ("comments", lambda said: adaptor().parse_find_by_token(said, "0" * 20, SITE)),
    "submission": ("sbatch-parsable", lambda said: adaptor().parse_submit(said, SITE)),
    "control": ("control", lambda said: adaptor().check_control(Control.HOLD, said, "7")),
}


@pytest.mark.parametrize("name", OTHER_PARSERS)
@given(data=st.data())
def test_noise_breaks_no_parser(name: str, data: st.DataObject) -> None:
    """Cut, doubled, mixed with anything: an answer, or an error that says so."""
    sample, parse = OTHER_PARSERS[name]
    clean = recorded("slurm", sample)[0].text()
    at = data.draw(st.integers(0, len(clean)))
    noise = data.draw(st.text(max_size=60))
    text = data.draw(st.sampled_from([clean[:at], clean[at:], clean[:at] + noise + clean[at:]]))
    said = answer(text, noise, data.draw(st.sampled_from([0, 1, 255])))
    with contextlib.suppress(XenonException, CouldNotAskError):
        parse(said)


@given(st.lists(st.text(max_size=80), min_size=4, max_size=4), st.integers(0, 3))
def test_noise_breaks_no_probe(texts: list[str], failed: int) -> None:
    results = [answer(text, code=int(number == failed)) for number, text in enumerate(texts)]
    with contextlib.suppress(XenonException):
        adaptor().site(results)


@given(st.lists(st.text(max_size=80), max_size=5))
def test_banners_hide_no_identifier(lines: list[str]) -> None:
    banner = "".join(f"Welcome: {line}\n" for line in lines)
    noisy = re.sub(r"(?m)^[0-9]+(;[\w.-]+)?$", "-", banner)
    assert adaptor().parse_submit(answer(f"{noisy}4711;other\n", noisy), SITE) == "4711;other"


@given(st.lists(st.sampled_from("0123456789_+[]%-,:; \x1f"), max_size=12).map("".join))
def test_odd_identifiers_are_nobodys(text: str) -> None:
    """Neither a range nor a step nor a part of another job is taken for a job."""
    for line in (f"{text:24}RUNNING", f"{text}\x1fc\x1fFAILED\x1f1:0\x1f" + "\x1f" * 7):
        for parse in (parse_squeue, parse_sacct):
            found = parse(answer(f"{line:300}\n"), IDS, CLUSTER).jobs
            assert set(found) <= {text.strip().removesuffix("+0")}


# --- the site, queues, submission, control -------------------------------------------------------


def test_site() -> None:
    partitions, version, config = recorded("slurm", "probe")
    results = [version, config, partitions, answer(err="down", code=1)]
    site = adaptor().site(results)
    assert (site.queues, site.default_queue) == (("mypartition", "otherpartition"), "mypartition")
    assert site.version == "slurm-wlm 22.05.8"
    assert site.accounting, "the database is away, but there is one"
    assert site.details["cluster"] == "testcluster"
    assert not adaptor(disable_accounting_usage="true").site(results).accounting
    plain = answer(config.text().replace("slurmdbd", "none"))
    assert not adaptor().site([version, plain, partitions, answer(code=1)]).accounting


def test_no_slurm_is_said() -> None:
    missing = answer(err="sbatch: not found", code=127)
    with pytest.raises(IncompatibleVersionException, match="sbatch --version failed"):
        adaptor().site([missing] * 4)


def test_queues() -> None:
    names = ["otherpartition", "mypartition"]
    other, mine = adaptor().parse_queues(recorded("slurm", "queues")[0], names, SITE)
    assert (other.name, mine.name) == tuple(names)
    assert other.scheduler_specific_information["timelimit"] == "2:00:00"
    assert mine.scheduler_specific_information["state"] == "mixed idle"


def test_jobs() -> None:
    found = adaptor().parse_jobs(recorded("slurm", "jobs")[0], [], SITE)
    assert {"212_1", "220"} <= set(found)


def test_found_by_its_token() -> None:
    listed = recorded("slurm", "comments")[0]
    rows = [line.split() for line in listed.text().splitlines()]
    job_id, token = next(row for row in rows if row[1].startswith("xenon:"))
    found = adaptor().parse_find_by_token(listed, token.removeprefix("xenon:"), SITE)
    assert found == [job_id]
    assert adaptor().parse_find_by_token(listed, "0" * 20, SITE) == []


@pytest.mark.parametrize(
    ("name", "job_id"), [("", "2"), ("-array", "3"), ("-with-cluster", "6;testcluster")]
)
def test_submitted(name: str, job_id: str) -> None:
    said = recorded("slurm", f"sbatch-parsable{name}")[0]
    assert adaptor().parse_submit(said, SITE) == job_id
    noisy = answer(f"Welcome to the cluster\n{said.text()}", "sbatch: lua: a hint", 0)
    assert adaptor().parse_submit(noisy, SITE) == job_id


def test_submission_that_waited_exits_as_its_job() -> None:
    assert adaptor().parse_submit(answer("4711\n", code=9), SITE) == "4711"


def test_tasks_of_an_array_on_another_cluster() -> None:
    assert adaptor().array_ids("7;b", ArrayRange(1, 2)) == ["7_1;b", "7_2;b"]


REFUSED = {
    "err-sbatch-invalid-partition": NoSuchQueueException,
    "err-sbatch-invalid-account": InvalidJobDescriptionException,
    "err-sbatch-time-too-long": UnsupportedJobDescriptionException,
    "err-sbatch-time-garbage": InvalidJobDescriptionException,
    "err-sbatch-badoption": InvalidJobDescriptionException,
    "err-sbatch-toomuchmem": UnsupportedJobDescriptionException,
    "err-sbatch-too-many-tasks": UnsupportedJobDescriptionException,
    "err-sbatch-array-range": UnsupportedJobDescriptionException,
    "err-sbatch-feature": UnsupportedJobDescriptionException,
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused(name: str) -> None:
    said = recorded("slurm", name)[0]
    with pytest.raises(REFUSED[name]) as caught:
        adaptor().parse_submit(said, SITE)
    assert caught.value.exit_code == said.returncode


def test_a_controller_that_is_away_refuses_nothing() -> None:
    said = "sbatch: error: Batch job submission failed: Unable to contact slurm controller"
    with pytest.raises(NotConnectedException):
        adaptor().parse_submit(answer(err=said, code=1), SITE)


@pytest.mark.parametrize(
    ("number", "control", "kind"),
    [
        (0, Control.CANCEL, NoSuchJobException),
        (1, Control.CANCEL, NoSuchJobException),
        (2, Control.HOLD, NoSuchJobException),
        (3, Control.SUSPEND, NoSuchJobException),
        (4, Control.RELEASE, NoSuchJobException),
        (5, Control.HOLD, NoSuchJobException),
        (6, Control.SUSPEND, NoSuchJobException),
        (7, Control.SIGNAL, NoSuchJobException),
        (8, Control.CANCEL, PermissionDeniedException),
    ],
)
def test_controls_that_fail(number: int, control: Control, kind: type[XenonException]) -> None:
    with pytest.raises(kind):
        adaptor().check_control(control, recorded("slurm", "control")[number], "7")


def test_suspending_needs_an_operator() -> None:
    said = answer(err="Access/permission denied for job 8", code=1)
    with pytest.raises(PermissionDeniedException, match="operator"):
        adaptor().check_control(Control.SUSPEND, said, "8")
