"""The contract of a command-line batch system: tables and pure functions, no input or output.

The engine runs the commands (here or over ssh), renders the job script, keeps the job records,
submits exactly once, polls for all jobs at once, and turns answers into honest statuses. An adaptor
says which commands to run and what their output means. Every method here is a pure function of its
arguments (and of the adaptor's properties), so that it can be tested on recorded text.

Parsers get output from outside: they never assert, one bad line never hides or changes another job,
and a state word they do not know is handed on as it is.
"""

from __future__ import annotations

import enum
import re
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from xenon_py.exceptions import UnsupportedOperationException, XenonException
from xenon_py.model.descriptions import SchedulerAdaptorDescription
from xenon_py.model.jobs import ArrayRange, JobDescription, JobReason, JobUsage, QueueStatus
from xenon_py.model.properties import Properties
from xenon_py.plugin.controls import Control as Control  # noqa: PLC0414 - told on
from xenon_py.plugin.runner import CommandResult

INTERACTIVE_ERRORS = "5"
"""Number of the open file to which an interactive command has to write the job's errors."""


class Phase(enum.Enum):
    """Where a job is in its life.

    Three need words: UNKNOWN is a state word that is neither running nor done. ENDED is a job of
    which the system tells only that it ended: other sources tell how. STUCK is a job that cannot
    go on until a person does something: whoever waits is told so, and it is asked for again.
    """

    PENDING = "pending"
    HELD = "held"
    RUNNING = "running"
    SUSPENDED = "suspended"
    DONE = "done"
    ENDED = "ended"
    STUCK = "stuck"
    UNKNOWN = "unknown"


class CouldNotAskError(Exception):
    """A query gave no usable answer: the system is away, hangs, or speaks another language.

    Adaptors raise it from parsers. No job changes by it; statuses become stale.
    """


@dataclass(frozen=True)
class Site:
    """What was found out once per connection.

    Attributes:
        version: of the system, as it says.
        queues: names of the queues.
        default_queue: ``""`` when there is none.
        accounting: ended jobs can be asked for.
        details: whatever else the adaptor wants to remember, e.g. the dialect.
    """

    version: str = ""
    queues: tuple[str, ...] = ()
    default_queue: str = ""
    accounting: bool = False
    details: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class BatchJob:
    """A job to submit, complete and checked.

    Attributes:
        description: what the user asked for; its directory is absolute, and other paths are
            absolute or start from it.
        token: unique; names the submission and its job record.
        span: indices, for an array.
    """

    description: JobDescription
    token: str
    span: ArrayRange | None = None


@dataclass(frozen=True)
class Listed:
    """What a system says of one job.

    Attributes:
        job_id: as the user knows it (an array task: with its index).
        state: the system's own word.
        phase: what that means.
        exit_code: when done and known.
        signal: number of the signal that ended it, if one did.
        core_dumped: whether that left a core file; ``None`` = unknown.
        reason: why it ended, when the system says so; UNKNOWN lets the engine conclude.
        message: the system's text about an error or about why it waits.
        name: of the job; ``""`` = not asked for.
        usage: what it used.
        information: further columns, for people.
        masked_exit: the exit code may have lost bits (``sacct`` does that at 128 and above), so a
            better source wins over it.
    """

    job_id: str
    state: str
    phase: Phase
    exit_code: int | None = None
    signal: int | None = None
    core_dumped: bool | None = None
    reason: JobReason = JobReason.UNKNOWN
    message: str = ""
    name: str = ""
    usage: JobUsage = JobUsage()
    information: Mapping[str, str] = field(default_factory=dict)
    masked_exit: bool = False


@dataclass(frozen=True)
class Listing:
    """A parsed answer.

    Attributes:
        jobs: those in it.
        rejected: the lines that could not be understood.
        unasked: jobs of which it can tell nothing, as their part of the system did not answer.
    """

    jobs: Mapping[str, Listed]
    rejected: tuple[str, ...] = ()
    unasked: frozenset[str] = frozenset()


class BatchAdaptor(ABC):
    """Base of command-line batch systems.

    Attributes:
        description: the adaptor's record.
        job_id_text: what expands, in shell, inside of a job, to its identifier, e.g.
            ``$SLURM_JOB_ID``.
        task_id_text: likewise for a task of an array; ``""`` = no arrays.
        array_index_text: what expands to the index of an array task.
        system_text: what expands to the name of the system among others of its kind, e.g.
            ``$SLURM_CLUSTER_NAME``; ``""`` = not told.
        rank_text: what expands to the number of a process of an interactive job, from 0.
        id_pattern: what an identifier that users may give looks like.
        scrub: beginnings of variable names that act as options of the commands; they are taken
            out of the environment of every command, and of a job that inherits its environment.
        keep: names that are kept although they begin so, e.g. ``SLURM_CONF``.
        environment: variables to set for every command, e.g. to fix time formats.
        max_ids: how many identifiers one query takes.
        suspended_state: what to tell as the state of a job that this library suspended, where the
            system goes on to list it as running; ``""`` where it does not.
        submits_at_once: how many submit commands may run side by side on the submit host.
        codes_are_errors: exit codes of the submit command from 129 on are its own error numbers
            where it says something, and no signals.
    """

    description: ClassVar[SchedulerAdaptorDescription]
    job_id_text: ClassVar[str]
    task_id_text: ClassVar[str] = ""
    array_index_text: ClassVar[str] = ""
    system_text: ClassVar[str] = ""
    rank_text: ClassVar[str] = "0"
    id_pattern: ClassVar[re.Pattern[str]] = re.compile(r"[0-9]+")
    scrub: ClassVar[tuple[str, ...]] = ()
    keep: ClassVar[tuple[str, ...]] = ()
    environment: ClassVar[Mapping[str, str]] = {}
    max_ids: ClassVar[int] = 1000
    suspended_state: ClassVar[str] = ""
    submits_at_once: ClassVar[int] = 1
    codes_are_errors: ClassVar[bool] = False

    def __init__(self, properties: Properties) -> None:
        self.properties = properties

    # --- finding out about the site -------------------------------------------------------------

    @abstractmethod
    def probe_commands(self) -> Sequence[Sequence[str]]:
        """Return the commands that tell about the site; run once, in one round trip."""

    @abstractmethod
    def site(self, results: Sequence[CommandResult]) -> Site:
        """Return what the answers to ``probe_commands`` (in the same order) say.

        Raises:
            XenonException: this is no site of ours; the message says why.
        """

    def poll_delay(self) -> float:
        """Return the least number of seconds between two queries.

        It is the property ``<adaptor>.poll.delay`` (ms), and 1 where the adaptor declares none.
        """
        try:
            return self.properties.integer(f"{self.description.name}.poll.delay") / 1000
        except KeyError:  # an adaptor of a third party need not declare it
            return 1.0

    def grace(self) -> float:
        """Return for how many seconds a job may be unknown before it counts as lost."""
        return 60.0

    def default_runtime(self) -> int:
        """Return the minutes a job gets that does not say; 0 = the site's own default."""
        return 0

    # --- submitting -----------------------------------------------------------------------------

    @abstractmethod
    def submit_command(self, job: BatchJob, site: Site) -> tuple[str, ...]:
        """Return the submit command; it reads the job script on standard input.

        Options go as words of the command, never as directives: nothing needs quoting then. The
        script does ``cd``, environment and redirections; the system's own output goes nowhere.

        Raises:
            UnsupportedJobDescriptionException: a field that this system cannot honour.
        """

    @abstractmethod
    def parse_submit(self, result: CommandResult, site: Site) -> str:
        """Return the identifier that a successful submit command printed.

        Raises:
            CouldNotAskError: it is not known whether the job was submitted.
            XenonException: it failed; ``result.failure`` makes one with everything in it.
        """

    def array_ids(self, job_id: str, span: ArrayRange) -> list[str]:
        """Return the identifiers of the tasks of an array."""
        return [f"{job_id}_{index}" for index in span.indices()]

    def record_id(self, job_id: str, site: Site) -> str:
        """Return what a job knows of itself by ``job_id_text``, given the identifier users have."""
        del site
        return job_id

    def system_of(self, job_id: str, site: Site) -> str | None:
        """Return what ``system_text`` expands to in a job; ``None`` = that cannot be known."""
        del job_id, site
        return ""

    def known_id(self, job_id: str, system: str, site: Site) -> str:
        """Return the identifier for users, given what a job knows by its two texts."""
        del system, site
        return job_id

    def launcher(self, description: JobDescription) -> tuple[str, ...]:
        """Return words to put before the executable for ``start_per_task``."""
        del description
        return ()

    def script_lines(self, job: BatchJob) -> tuple[str, ...]:
        """Return lines of shell that this system needs at the head of the job script."""
        del job
        return ()

    # --- asking ---------------------------------------------------------------------------------

    @abstractmethod
    def listing_command(self, job_ids: Sequence[str], site: Site) -> tuple[str, ...]:
        """Return the command that lists the live jobs (and ended ones still in memory)."""

    @abstractmethod
    def parse_listing(self, result: CommandResult, job_ids: Sequence[str], site: Site) -> Listing:
        """Return what the listing says of these jobs.

        Raises:
            CouldNotAskError: it is no listing.
        """

    def accounting_command(self, job_ids: Sequence[str], site: Site) -> tuple[str, ...] | None:
        """Return the command that tells of ended jobs; ``None`` where there is none."""
        del job_ids, site
        return None

    def parse_accounting(
        self, result: CommandResult, job_ids: Sequence[str], site: Site
    ) -> Listing:
        """Return what accounting says of these jobs.

        Raises:
            CouldNotAskError: it is no answer.
        """
        raise CouldNotAskError(f"{self.description.name} has no accounting")

    def by_hand(self, job_id: str, site: Site) -> list[tuple[str, ...]]:
        """Return commands by which a person may ask for a job."""
        accounting = self.accounting_command([job_id], site)
        return [self.listing_command([job_id], site), *([accounting] if accounting else [])]

    @abstractmethod
    def jobs_command(self, queues: Sequence[str], site: Site) -> tuple[str, ...]:
        """Return the command that lists all live jobs in these queues (none = all)."""

    @abstractmethod
    def parse_jobs(self, result: CommandResult, queues: Sequence[str], site: Site) -> list[str]:
        """Return their identifiers, one for each array task.

        Raises:
            CouldNotAskError: it is no listing.
        """

    @abstractmethod
    def queues_command(self, queues: Sequence[str], site: Site) -> tuple[str, ...]:
        """Return the command that tells about queues."""

    @abstractmethod
    def parse_queues(
        self, result: CommandResult, queues: Sequence[str], site: Site
    ) -> list[QueueStatus]:
        """Return the status of each of these queues, in order."""

    # --- controlling ----------------------------------------------------------------------------

    @abstractmethod
    def control_command(
        self, control: Control, job_ids: Sequence[str], site: Site, signal: str = ""
    ) -> tuple[str, ...]:
        """Return the command for a control action.

        Args:
            control: which.
            job_ids: one job, or a group of ``control_groups``.
            site: what is known of the system.
            signal: number of the signal to send.

        Raises:
            UnsupportedOperationException: this system has none.
        """

    @abstractmethod
    def check_control(self, control: Control, result: CommandResult, job_id: str) -> None:
        """Raise what a failed control command means, nothing if it did what was asked.

        Raises:
            NoSuchJobException: the job is not known, or has ended.
            PermissionDeniedException: the user may not.
            XenonException: anything else.
        """

    def control_groups(
        self, control: Control, job_ids: Sequence[str], site: Site
    ) -> list[Sequence[str]]:
        """Return the jobs by command: those of a group are given to ``control_command`` together.

        Here each is alone; who makes groups tells by ``control_results`` whom an answer means.
        """
        del control, site
        return [[job_id] for job_id in job_ids]

    def control_results(
        self, control: Control, result: CommandResult, job_ids: Sequence[str]
    ) -> list[CommandResult]:
        """Return for each job of a group, in order, what is to be given to ``check_control``.

        ``controls.answers_by_job`` helps. A group of one job is not asked for.
        """
        del control
        return [result] * len(job_ids)

    # --- interactive ----------------------------------------------------------------------------

    def interactive_command(
        self, job: BatchJob, site: Site, script: Sequence[str]
    ) -> tuple[str, ...]:
        """Return the command that runs a job with its streams connected (``srun``).

        Args:
            job: the job.
            site: where.
            script: words to run on the node, once per task; they do what the job script does.
        """
        del job, site, script
        raise self.unsupported("interactive jobs")

    def interactive_failure(self, result: CommandResult, site: Site) -> XenonException:
        """Return what it means that the interactive command ended before the job began."""
        del site
        return result.failure(XenonException, "the interactive job did not start")

    def find_by_token_command(self, token: str, site: Site) -> tuple[str, ...] | None:
        """Return the command that finds the jobs submitted under a token, if there is a way."""
        del token, site
        return None

    def parse_find_by_token(self, result: CommandResult, token: str, site: Site) -> list[str]:
        """Return the identifiers of the jobs submitted under the token.

        Raises:
            CouldNotAskError: it is no answer.
        """
        raise CouldNotAskError(f"{self.description.name} cannot look for a token")

    def unsupported(self, what: str) -> UnsupportedOperationException:
        """Return the exception to raise for what this system cannot do."""
        name = self.description.name
        return UnsupportedOperationException.because(
            f"{name} does not support {what}", adaptor=name
        )
