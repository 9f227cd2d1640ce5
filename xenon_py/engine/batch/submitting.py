"""Submission, exactly once as far as the system permits."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from xenon_py.engine.batch.host import SubmitHost
from xenon_py.engine.batch.programs import (
    Submission,
    SubmissionAnswer,
    parse_submissions,
    render_submissions,
)
from xenon_py.exceptions import (
    ConnectionLostException,
    InvalidJobDescriptionException,
    NotConnectedException,
    SubmissionUncertainException,
    XenonException,
    XenonTimeoutException,
)
from xenon_py.plugin.batch import BatchAdaptor, CouldNotAskError, Site
from xenon_py.plugin.runner import CommandResult, new_marker

_log = logging.getLogger(__name__)

CHUNK = 100
"""Jobs per program: one round trip; keeps programs and answers to a few hundred kB."""

_PAUSES = (0.5, 1.0, 2.0, 4.0, 8.0)
_LOOKS = (0.0, 1.0, 3.0)
"""Pauses before each search for a job: one whose answer was lost may show up late."""


@dataclass(frozen=True)
class _Doubt:
    """It is not known whether a job was submitted."""

    why: str


_Outcome = str | XenonException
"""What became of a submission: an identifier or an error."""


@dataclass
class Submitter:
    """Submits jobs on one submit host.

    Attributes:
        adaptor: says what the answers mean.
        host: where the programs are run.
        site: what is known of the system.
        patience: seconds that a program may take, besides those for each job; Slurm's ``sbatch``
            goes on asking a controller that is full for two minutes.
        timeout: seconds that one job of a program may take.
        pause: waits between attempts; a test may make it quick.
        cleaned: old job records were looked for, once is enough.
    """

    adaptor: BatchAdaptor
    host: SubmitHost
    site: Site
    patience: float = 180.0
    timeout: float = 60.0
    pause: Callable[[float], object] = time.sleep
    cleaned: bool = False

    def submit(self, jobs: Sequence[Submission]) -> list[_Outcome]:
        """Return the identifier or the error of each submission, in order."""
        results: list[_Outcome] = []
        for begin in range(0, len(jobs), CHUNK):
            chunk = jobs[begin : begin + CHUNK]
            try:
                results += self._submit(chunk)
            except XenonException as error:  # nothing of this chunk was sent
                if not results:
                    raise
                return [*results, *[error] * (len(jobs) - begin)]
        return results

    def _submit(self, jobs: Sequence[Submission]) -> list[_Outcome]:
        answers, problem = self._ask(jobs)
        outcomes: dict[str, _Outcome] = {}
        doubts: dict[str, _Doubt] = {}
        for job in jobs:
            told = self._told(job, answers.get(job.token), problem)
            if isinstance(told, _Doubt):
                doubts[job.token] = told
            else:
                outcomes[job.token] = told
        outcomes.update(self._settle(doubts, problem))
        return [outcomes[job.token] for job in jobs]

    def _ask(
        self, jobs: Sequence[Submission]
    ) -> tuple[dict[str, SubmissionAnswer], XenonException | None]:
        """Run the program until every job has an answer, or no attempt is left.

        Asking again is safe: a token that was submitted answers with what it got.

        Raises:
            XenonException: no attempt got as far as the submit host.
        """
        answers: dict[str, SubmissionAnswer] = {}
        problem: XenonException | None = None
        began = False
        for pause in (*_PAUSES, None):
            left = [j for j in jobs if j.token not in answers or answers[j.token].outcome == "busy"]
            if not left:
                return answers, None
            try:
                answers.update(self._run(left))
                began, problem = True, None
            except (NotConnectedException, XenonTimeoutException) as error:
                began = began or not _never_connected(error)
                problem = error
                _log.warning("submission is asked for again: %s", error)
            if pause is not None and problem is not None:
                self.pause(pause)
        if problem is not None and not began:
            raise problem
        return answers, problem

    def _run(self, jobs: Sequence[Submission]) -> dict[str, SubmissionAnswer]:
        marker = new_marker()
        at_once = self.adaptor.submits_at_once
        program = render_submissions(
            marker, jobs, self.host.head, clean=not self.cleaned, at_once=at_once
        )
        self.cleaned = True
        result = self.host.sh(program, len(jobs), timeout=self.patience + self.timeout * len(jobs))
        return parse_submissions(marker, jobs, result.stdout, result.host)

    def _told(
        self, job: Submission, answer: SubmissionAnswer | None, problem: XenonException | None
    ) -> _Outcome | _Doubt:
        if answer is not None and answer.result is not None:
            return self._answered(answer.result)
        outcome = answer.outcome if answer else "unanswered"
        if outcome == "directory":
            return InvalidJobDescriptionException.because(
                f"working_directory {job.directory!r} does not exist on the submit host"
            )
        if outcome == "record":
            return XenonException.because(
                "the job record could not be made below ~/.xenon/jobs on the submit host; "
                "is the home directory full or read-only? Nothing was submitted."
            )
        return _Doubt(f"{outcome}: {problem}" if problem else outcome)

    def _answered(self, result: CommandResult) -> _Outcome | _Doubt:
        try:
            return self.adaptor.parse_submit(result, self.site)
        except CouldNotAskError as error:
            return _Doubt(str(error))
        except XenonException as error:
            refused = self.adaptor.codes_are_errors and result.stderr.strip()
            if result.ok or (result.killed and not refused):  # it may have done its work
                return _Doubt(str(error))
            return error

    def _settle(
        self, doubts: Mapping[str, _Doubt], problem: XenonException | None
    ) -> dict[str, _Outcome]:
        """Settle unknown outcomes by the scheduler's own listing, where it can be searched."""
        found: dict[str, _Outcome] = {}
        why = ""
        for pause in _LOOKS if doubts else ():
            self.pause(pause)
            try:
                found.update(self._search([token for token in doubts if token not in found]))
                why = ""
            except (CouldNotAskError, XenonException) as error:
                why = f", and the scheduler could not be searched: {error}"
            if len(found) == len(doubts):
                break
        for token, doubt in doubts.items():
            if token not in found:
                found[token] = _uncertain(token, f"({doubt.why}){why}", problem)
        return found

    def _search(self, tokens: Sequence[str]) -> dict[str, _Outcome]:
        """Return the identifiers of those jobs that are listed, by token."""
        answers: dict[tuple[str, ...], CommandResult] = {}
        found: dict[str, _Outcome] = {}
        for token in tokens:
            command = self.adaptor.find_by_token_command(token, self.site)
            if command is None:
                continue
            if command not in answers:
                answers[command] = self.host.query(command)
            job_ids = self.adaptor.parse_find_by_token(answers[command], token, self.site)
            if len(job_ids) == 1:
                found[token] = job_ids[0]
        return found


def _uncertain(token: str, why: str, problem: XenonException | None) -> XenonException:
    uncertain = SubmissionUncertainException.because(
        f"it is not known whether the job was submitted {why}; "
        f"look for the token {token} before submitting it again",
        token=token,
    )
    uncertain.__cause__ = problem
    return uncertain


def _never_connected(error: XenonException) -> bool:
    """Tell whether the program cannot have been sent: no connection was had at all."""
    return isinstance(error, NotConnectedException) and not isinstance(
        error, ConnectionLostException
    )
