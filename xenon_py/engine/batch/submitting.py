"""Submission, exactly once as far as the system permits."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from xenon_py.engine.batch.programs import (
    Submission,
    SubmissionAnswer,
    environment_lines,
    parse_submissions,
    render_submissions,
)
from xenon_py.exceptions import (
    InvalidJobDescriptionException,
    NotConnectedException,
    SubmissionUncertainException,
    XenonException,
    XenonTimeoutException,
)
from xenon_py.plugin.batch import BatchAdaptor, CouldNotAskError, Site
from xenon_py.plugin.runner import CommandRunner, new_marker

_log = logging.getLogger(__name__)

CHUNK = 100
"""Jobs per program: one round trip; keeps programs and answers to a few hundred kB."""

_PAUSES = (0.5, 1.0, 2.0, 4.0, 8.0)


@dataclass
class Submitter:
    """Submits jobs on one submit host.

    Attributes:
        adaptor: says what the answers mean.
        runner: runs the programs.
        site: what is known of the system.
        timeout: seconds that one job of a program may take.
        pause: waits between attempts; a test may make it quick.
        cleaned: old job records were looked for, once is enough.
    """

    adaptor: BatchAdaptor
    runner: CommandRunner
    site: Site
    timeout: float = 60.0
    pause: Callable[[float], object] = time.sleep
    cleaned: bool = False

    def submit(self, jobs: Sequence[Submission]) -> list[str | XenonException]:
        """Return the identifier or the error of each submission, in order."""
        results: list[str | XenonException] = []
        for begin in range(0, len(jobs), CHUNK):
            chunk = jobs[begin : begin + CHUNK]
            answers, problem = self._ask(chunk)
            results += [self._result(job, answers.get(job.token), problem) for job in chunk]
        return results

    def _ask(
        self, jobs: Sequence[Submission]
    ) -> tuple[dict[str, SubmissionAnswer], XenonException | None]:
        """Run the program until every job has an answer, or no attempt is left.

        Asking again is safe: a token that was submitted answers with what it got.
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
        adaptor = self.adaptor
        head = environment_lines(adaptor.scrub, adaptor.environment, adaptor.keep)
        program = render_submissions(marker, jobs, head, clean=not self.cleaned)
        self.cleaned = True
        result = self.runner.run(
            ("/bin/sh",),
            stdin=program.encode("utf-8", "surrogateescape"),
            timeout=30 + self.timeout * len(jobs),
        )
        return parse_submissions(marker, jobs, result.stdout, result.host)

    def _result(
        self, job: Submission, answer: SubmissionAnswer | None, problem: XenonException | None
    ) -> str | XenonException:
        if answer is not None and answer.result is not None:
            try:
                return self.adaptor.parse_submit(answer.result, self.site)
            except XenonException as error:
                return error
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
        return self._look_for(job.token, outcome, problem)

    def _look_for(
        self, token: str, outcome: str, problem: XenonException | None
    ) -> str | XenonException:
        """Settle an unknown outcome by the scheduler's own listing, where it can be searched."""
        command = self.adaptor.find_by_token_command(token, self.site)
        why = f"({outcome}{f': {problem}' if problem else ''})"
        if command is not None:
            try:
                found = self.adaptor.parse_find_by_token(self.runner.run(command), token, self.site)
            except (CouldNotAskError, XenonException) as error:
                why = f"{why}, and the scheduler could not be searched: {error}"
            else:
                if len(found) == 1:
                    return found[0]
        uncertain = SubmissionUncertainException.because(
            f"it is not known whether the job was submitted {why}; "
            f"look for the token {token} before submitting it again",
            token=token,
        )
        uncertain.__cause__ = problem
        return uncertain


def _never_connected(error: XenonException) -> bool:
    """Tell whether the program cannot have been sent: no connection was had at all."""
    from xenon_py.exceptions import ConnectionLostException

    return isinstance(error, NotConnectedException) and not isinstance(
        error, ConnectionLostException
    )
