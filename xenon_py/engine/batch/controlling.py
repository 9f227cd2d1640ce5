"""Control of jobs: one command for many of them, where the system takes that."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from xenon_py.engine.batch.host import SubmitHost
from xenon_py.exceptions import NoSuchJobException, XenonException
from xenon_py.plugin.batch import BatchAdaptor, Control, Site
from xenon_py.plugin.runner import CommandResult

CHUNK = 50
"""Commands in a round trip."""

_Outcome = XenonException | None
"""What became of it: done, or an error."""


@dataclass(frozen=True)
class _Work:
    """A command for a group of jobs."""

    job_ids: Sequence[str]
    command: tuple[str, ...]


@dataclass(frozen=True)
class Controller:
    """Controls jobs on one submit host.

    Attributes:
        adaptor: commands, and what their answers mean.
        host: where they are run.
        site: what is known of the system.
    """

    adaptor: BatchAdaptor
    host: SubmitHost
    site: Site

    def act(self, control: Control, job_ids: Sequence[str], signal: str = "") -> list[_Outcome]:
        """Do one action on jobs; return for each, in order, the error or ``None`` = done."""
        outcomes: dict[str, _Outcome] = {}
        for job_id in job_ids:
            if not self.adaptor.id_pattern.fullmatch(job_id):  # a range, say, would hit other jobs
                outcomes[job_id] = NoSuchJobException.because(
                    f"there is no job {job_id!r}", job=job_id
                )
        left = [job_id for job_id in dict.fromkeys(job_ids) if job_id not in outcomes]
        work: list[_Work] = []
        for group in self.adaptor.control_groups(control, left, self.site):
            outcomes.update(self._prepare(control, group, signal, work))
        for begin in range(0, len(work), CHUNK):
            try:
                outcomes.update(self._run(control, work[begin : begin + CHUNK]))
            except XenonException as error:  # the rest is not tried
                hit = [job_id for one in work[begin:] for job_id in one.job_ids]
                outcomes.update(dict.fromkeys(hit, error))
                break
        return [outcomes[job_id] for job_id in job_ids]

    def _prepare(
        self, control: Control, group: Sequence[str], signal: str, work: list[_Work]
    ) -> dict[str, _Outcome]:
        """Add the command for a group to the work; return what cannot even be asked for."""
        try:
            command = self.adaptor.control_command(control, group, self.site, signal)
        except XenonException as error:
            if len(group) == 1:
                return {group[0]: error}
            refused: dict[str, _Outcome] = {}
            for job_id in group:  # one of them is to blame
                refused.update(self._prepare(control, [job_id], signal, work))
            return refused
        work.append(_Work(group, command))
        return {}

    def _run(self, control: Control, work: Sequence[_Work]) -> dict[str, _Outcome]:
        """Run commands in one round trip; raises as ``SubmitHost.run``."""
        jobs = sum(len(one.job_ids) for one in work)
        results = self.host.run([one.command for one in work], patience=jobs)
        outcomes: dict[str, _Outcome] = {}
        for one, result in zip(work, results, strict=True):
            alone = len(one.job_ids) == 1
            answers = (
                [result] if alone else self.adaptor.control_results(control, result, one.job_ids)
            )
            for job_id, answer in zip(one.job_ids, answers, strict=True):
                outcomes[job_id] = self._meaning(control, answer, job_id)
        return outcomes

    def _meaning(self, control: Control, answer: CommandResult, job_id: str) -> _Outcome:
        try:
            self.adaptor.check_control(control, answer, job_id)
        except XenonException as error:
            return error
        return None
