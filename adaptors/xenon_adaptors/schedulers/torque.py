"""The ``torque`` adaptor: TORQUE, OpenPBS and PBS Professional by their command-line tools."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import ClassVar

from xenon_adaptors.descriptions import TORQUE
from xenon_adaptors.torque_protocol import refusals, rows
from xenon_adaptors.torque_protocol.dialects import DIALECTS, OPENPBS, Dialect, detect, knows_json
from xenon_adaptors.torque_protocol.ids import JOB_ID, JobId, full_id, named_in, parse_id, pick
from xenon_adaptors.torque_protocol.rows import Row, Rows
from xenon_adaptors.torque_protocol.states import listed, phase_of
from xenon_adaptors.torque_protocol.submitting import is_single, parse_qsub, qsub_command
from xenon_py.exceptions import NoSuchJobException, NotConnectedException
from xenon_py.model.descriptions import SchedulerAdaptorDescription
from xenon_py.model.jobs import ArrayRange, QueueStatus
from xenon_py.plugin.batch import (
    BatchAdaptor,
    BatchJob,
    Control,
    CouldNotAskError,
    Listed,
    Listing,
    Phase,
    Site,
)
from xenon_py.plugin.controls import answers_by_job, groups_of
from xenon_py.plugin.runner import CommandResult

_QSTAT = ("env", "TZ=UTC", "qstat")
"""The dates that ``qstat`` prints are those of its own time zone, which they do not tell."""

_CONTROLS = {
    Control.CANCEL: ("qdel",),
    Control.HOLD: ("qhold",),
    Control.RELEASE: ("qrls",),
    Control.SUSPEND: ("qsig", "-s", "SIGSTOP"),
    Control.RESUME: ("qsig", "-s", "SIGCONT"),
}
_LEAST_CODE = 153
"""The exit code of the first error of PBS, 15001, modulo 256; those of the last are small."""

_GONE = re.compile(r"unknown job id|job has finished|not configured to maintain", re.IGNORECASE)


class TorqueAdaptor(BatchAdaptor):
    """TORQUE and OpenPBS: ``qsub``, ``qstat``, ``qdel``, ``qhold``, ``qrls``, ``qsig``.

    A suspended job is stopped by a signal, as only operators may do it otherwise; PBS goes on to
    list it as running.
    """

    description: ClassVar[SchedulerAdaptorDescription] = TORQUE
    job_id_text: ClassVar[str] = "$PBS_JOBID"
    task_id_text: ClassVar[str] = "$PBS_JOBID"
    array_index_text: ClassVar[str] = "${PBS_ARRAY_INDEX:-$PBS_ARRAYID}"
    system_text: ClassVar[str] = "${PBS_JOBID#*.}"
    id_pattern: ClassVar[re.Pattern[str]] = JOB_ID
    scrub: ClassVar[tuple[str, ...]] = ("PBS_",)
    keep: ClassVar[tuple[str, ...]] = (
        *("PBS_DEFAULT", "PBS_SERVER", "PBS_CONF_FILE", "PBS_EXEC", "PBS_HOME"),
        *("PBS_PRIMARY", "PBS_SECONDARY", "PBS_BATCH_SERVICE_PORT", "PBS_AUTH_METHOD"),
    )
    suspended_state: ClassVar[str] = "S"
    codes_are_errors: ClassVar[bool] = True

    def probe_commands(self) -> Sequence[Sequence[str]]:
        """Ask for the kind of PBS, the queues and the settings of the server."""
        return (("qstat", "--version"), ("qstat", "-Q", "-f"), ("qstat", "-B", "-f"))

    def site(self, results: Sequence[CommandResult]) -> Site:
        """Return version and queues and, among the details, dialect and name of the server."""
        version, queues, server = results
        lenient = self.properties.boolean("torque.ignore.version")
        dialect, number = detect(version, lenient=lenient)
        if not queues.ok or not server.ok:
            failed = server if queues.ok else queues
            said = failed.error_text().strip()
            raise failed.failure(NotConnectedException, f"the PBS server does not answer: {said}")
        told = rows.parse_text(server.text(), "Server").jobs
        name, settings = next(iter(told.items()), ("", {}))
        number = number or settings.get("pbs_version", "")
        history = settings.get("job_history_enable") == "True"
        return Site(
            version=f"{dialect.name} {number}".strip(),
            queues=tuple(rows.parse_text(queues.text(), "Queue").jobs),
            default_queue=settings.get("default_queue", ""),
            accounting=dialect is OPENPBS and history,
            details={
                "dialect": dialect.name,
                "server": name,
                "json": "yes" if dialect is OPENPBS and knows_json(number) else "",
            },
        )

    def grace(self) -> float:
        """Return for how long a job that the server forgot may be missing everywhere."""
        return self.properties.integer("torque.accounting.grace") / 1000

    # --- submitting -----------------------------------------------------------------------------

    def submit_command(self, job: BatchJob, site: Site) -> tuple[str, ...]:
        """Return ``qsub`` with options as words."""
        return qsub_command(job, _dialect(site), site.details["server"])

    def parse_submit(self, result: CommandResult, site: Site) -> str:
        """Return the identifier."""
        return parse_qsub(result, _dialect(site))

    def array_ids(self, job_id: str, span: ArrayRange) -> list[str]:
        """Return ``7[1].server`` and so on; the job itself, if it is an array of one in OpenPBS."""
        ident = parse_id(job_id)
        if not ident.brackets:
            return [job_id]
        return [str(replace(ident, brackets=f"[{index}]")) for index in span.indices()]

    def record_id(self, job_id: str, site: Site) -> str:
        """Return the identifier with its server."""
        return str(full_id(job_id, site.details["server"]))

    def system_of(self, job_id: str, site: Site) -> str:
        """Return the name of the server."""
        return full_id(job_id, site.details["server"]).server

    def script_lines(self, job: BatchJob) -> tuple[str, ...]:
        """Return the index of an array of one, which OpenPBS does not tell: it has none."""
        if job.span is None or not is_single(job.span):
            return ()
        return (f': "${{PBS_ARRAY_INDEX:={job.span.begin}}}"',)

    # --- asking ---------------------------------------------------------------------------------

    def listing_command(self, job_ids: Sequence[str], site: Site) -> tuple[str, ...]:
        """Return one ``qstat`` for all jobs, tasks of arrays one by one.

        Asking by identifier costs a request for each, and JSON then has the first only. PBS Pro
        before 14 prints text, in which a variable of any user's job may look like another job; so
        it is asked for these jobs only.
        """
        if _dialect(site) is not OPENPBS:
            return (*_QSTAT, "-x", "-t")
        if site.details["json"]:
            return (*_QSTAT, "-t", "-f", "-F", "json")
        return (*_QSTAT, "-t", "-f", *_parents(job_ids, site))

    def parse_listing(self, result: CommandResult, job_ids: Sequence[str], site: Site) -> Listing:
        """Return what ``qstat`` says."""
        return _listing(_read(result, site), job_ids, site)

    def accounting_command(self, job_ids: Sequence[str], site: Site) -> tuple[str, ...] | None:
        """Return the query of the history that OpenPBS keeps; TORQUE lists ended jobs itself."""
        if not site.accounting:
            return None
        return (*_QSTAT, "-x", "-t", "-f", *_parents(job_ids, site))

    def parse_accounting(
        self, result: CommandResult, job_ids: Sequence[str], site: Site
    ) -> Listing:
        """Return what the history says."""
        return _listing(_by_id(result), job_ids, site)

    def jobs_command(self, queues: Sequence[str], site: Site) -> tuple[str, ...]:
        """Return ``qstat`` for all jobs."""
        del queues
        if _dialect(site) is OPENPBS and not site.details["json"]:
            return (*_QSTAT, "-t", "-f")
        return self.listing_command((), site)

    def parse_jobs(self, result: CommandResult, queues: Sequence[str], site: Site) -> list[str]:
        """Return the identifiers of those that have not ended."""
        dialect = _dialect(site)
        return [
            name
            for name, row in _read(result, site).jobs.items()
            if phase_of(row["job_state"], dialect) is not Phase.DONE
            and parse_id(name).brackets != "[]"
            and (not queues or row.get("queue") in queues)
        ]

    def queues_command(self, queues: Sequence[str], site: Site) -> tuple[str, ...]:
        """Return the query for all queues."""
        del queues, site
        return ("qstat", "-Q", "-f")

    def parse_queues(
        self, result: CommandResult, queues: Sequence[str], site: Site
    ) -> list[QueueStatus]:
        """Return the attributes of each queue."""
        del site
        found = rows.parse_text(rows.answer_of(result), "Queue").jobs
        return [QueueStatus(name, found.get(name, {})) for name in queues]

    def find_by_token_command(self, token: str, site: Site) -> tuple[str, ...] | None:
        """Return the query for all jobs, with their variables."""
        del token
        if _dialect(site) is not OPENPBS:
            return (*_QSTAT, "-x")
        if not site.details["json"]:
            return None
        return (*_QSTAT, *(("-x",) if site.accounting else ()), "-f", "-F", "json")

    def parse_find_by_token(self, result: CommandResult, token: str, site: Site) -> list[str]:
        """Return the jobs that have the token in a variable."""
        mark = f"x{token}"
        return [
            name
            for name, row in _read(result, site).jobs.items()
            if any(k.startswith("Variable_List") and mark in value for k, value in row.items())
        ]

    # --- controlling ----------------------------------------------------------------------------

    def control_command(
        self, control: Control, job_ids: Sequence[str], site: Site, signal: str = ""
    ) -> tuple[str, ...]:
        """Return the command for a control action.

        Only identifiers are ever sent: ``qdel all`` would delete all jobs of the user.
        """
        command = _CONTROLS.get(control) or ("qsig", "-s", f"SIG{signal}")
        idents = [_ident(job_id, site) for job_id in job_ids]
        if control not in {Control.HOLD, Control.RELEASE} or not any(i.index for i in idents):
            return (*command, *map(str, idents))
        if not _dialect(site).task_holds:
            raise self.unsupported(
                f"to {control.value} single tasks of an array in OpenPBS; "
                f"{control.value} all of it: {idents[0].parent}"
            )
        indices = ",".join(ident.index for ident in idents)
        return (*command, "-t", indices, str(idents[0].parent))

    def control_groups(
        self, control: Control, job_ids: Sequence[str], site: Site
    ) -> list[Sequence[str]]:
        """Return jobs together only for ``qdel``: TORQUE's ``qhold`` does not say whom it means."""
        keys = {parse_id(job_id).key for job_id in job_ids}
        if control is Control.CANCEL and len(keys) == len(job_ids):
            return groups_of(job_ids, 500)
        return super().control_groups(control, job_ids, site)

    def control_results(
        self, control: Control, result: CommandResult, job_ids: Sequence[str]
    ) -> list[CommandResult]:
        """Return what was said of each job: a line of an error ends with its identifier.

        The exit code is that of one of the errors (153 and above, or below 128, where a signal
        is none of these) and must not be taken for that of another.
        """
        del control
        code = result.returncode
        if code and not 128 < code < _LEAST_CODE:
            result = replace(result, returncode=1)
        return answers_by_job(result, [parse_id(one).key for one in job_ids], named_in)

    def check_control(self, control: Control, result: CommandResult, job_id: str) -> None:
        """Raise what the answer means."""
        refusals.check_control(control, result, job_id)


def _dialect(site: Site) -> Dialect:
    return DIALECTS[site.details["dialect"]]


def _ident(job_id: str, site: Site) -> JobId:
    try:
        return full_id(job_id, site.details["server"])
    except ValueError as error:
        raise NoSuchJobException.because(str(error), job=job_id) from error


def _parents(job_ids: Sequence[str], site: Site) -> list[str]:
    """Return what to ask for: an array once for all of its tasks."""
    idents = (full_id(job_id, site.details["server"]) for job_id in job_ids)
    return list(dict.fromkeys(str(ident.parent) for ident in idents))


def _read(result: CommandResult, site: Site) -> Rows:
    """Return the jobs of the listing, in whatever form it comes."""
    if _dialect(site) is not OPENPBS:
        return rows.parse_xml(rows.answer_of(result))
    return rows.parse_json(rows.answer_of(result)) if site.details["json"] else _by_id(result)


def _by_id(result: CommandResult) -> Rows:
    """Return the jobs of a query by identifiers: those that are unknown are told as errors."""
    complaints = [line for line in result.error_text().splitlines() if line.strip()]
    if not result.ok and not (complaints and all(map(_GONE.search, complaints))):
        raise CouldNotAskError(result.error_text().strip() or "qstat failed and said nothing")
    text = result.text()
    if text.strip() and "Job Id: " not in text:
        raise CouldNotAskError(f"qstat printed no list of jobs: {text[:200]!r}")
    return rows.parse_text(text)


def _listing(found: Rows, job_ids: Sequence[str], site: Site) -> Listing:
    dialect, server = _dialect(site), site.details["server"]
    picked = pick(found.jobs, job_ids, server)
    held = {name for name, row in found.jobs.items() if row["job_state"] == "H"}
    jobs = {job_id: _listed(job_id, row, dialect, held, server) for job_id, row in picked.items()}
    return Listing(jobs, found.rejected)


def _listed(job_id: str, row: Row, dialect: Dialect, held: set[str], server: str) -> Listed:
    """Return what is known of a job; OpenPBS lists the tasks of a held array as queued."""
    ident = full_id(job_id, server)
    if ident.index and row["job_state"] == "Q" and str(ident.parent) in held:
        row = {**row, "job_state": "H"}
    return listed(job_id, row, dialect)
