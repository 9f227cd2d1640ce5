"""Rows about how jobs end, and about control."""

from __future__ import annotations

import pytest

from support.drmaa.rows import row
from support.drmaa.sites import ABORTED, ALL, PATIENCE, Site, exited, outcome, shell, until
from xenon_py import drmaa
from xenon_py.drmaa import JobControlAction, JobState

CODES = (0, 1, 2, 99, 100, 125, 126, 127, 128, 129, 130, 137, 139, 143, 254, 255)


@row("9 a job that never starts")
def never(site: Site) -> None:
    """It is aborted."""
    with site.session() as session:
        failed = session.runJob(shell("exit 1"))
        template = shell("exit 0")
        for name, value in site.never.items():
            setattr(template, name, value.replace("FAILED", failed))
        try:
            job = session.runJob(template)
        except (drmaa.DeniedByDrmException, drmaa.TryLaterException):
            return  # the system knows it at once
        session.synchronize([job], PATIENCE)
        assert session.jobStatus(job) == JobState.FAILED
        assert outcome(session.wait(job, 0)) == ABORTED


@row("13 exit codes")
def exit_codes(site: Site) -> None:
    """They come back as they are."""
    with site.session() as session:
        jobs = {session.runJob(shell(f"exit {code}")): code for code in CODES}
        session.synchronize([ALL], PATIENCE)
        found = {jobs[job]: outcome(session.wait(job, 0)) for job in jobs}
        assert found == {code: exited(code) for code in CODES} | site.other_ends


@row("13 signals")
def signals(site: Site) -> None:
    """A job that ended by a signal names it."""
    with site.session() as session:
        names = ("KILL", "TERM", "SEGV", "USR1", "XCPU")
        jobs = [session.runJob(shell(f"ulimit -c 0; kill -{name} $$")) for name in names]
        session.synchronize(jobs, PATIENCE)
        assert {session.jobStatus(job) for job in jobs} == {JobState.FAILED}
        found = [session.wait(job, 0) for job in jobs]
        assert [outcome(info) for info in found] == [
            (False, True, f"SIG{name}", False, False, 0) for name in names
        ]
        assert float(found[0].resourceUsage["exit_status"]) == 137


@row("14 files that cannot be opened")
def files_that_cannot_be_opened(site: Site) -> None:
    """The job has failed, and was aborted."""
    with site.session() as session:
        jobs = [
            session.runJob(shell("exit 0", **{name: ":/nonexistent/file"}))
            for name in ("inputPath", "outputPath", "errorPath")
        ]
        missing = session.runJob(drmaa.JobTemplate(remoteCommand="/nonexistent/command"))
        session.synchronize([*jobs, missing], PATIENCE)
        assert {session.jobStatus(job) for job in (*jobs, missing)} == {JobState.FAILED}
        assert {outcome(session.wait(job, 0)) for job in jobs} == {ABORTED}
        assert outcome(session.wait(missing, 0)) == site.missing_command


def _refuses_holds(site: Site) -> bool:
    """Where nothing can be held, that is said."""
    if site.holds:
        return False
    with site.session() as session:
        with pytest.raises(drmaa.DeniedByDrmException, match=r"^code 17: .*hold"):
            session.runJob(shell("exit 0", jobSubmissionState=drmaa.SUBMISSION_STATE_HOLD))
        job = session.runJob(shell("sleep 60"))
        with pytest.raises(drmaa.HoldInconsistentStateException):
            session.control(job, JobControlAction.HOLD)
    return True


@row("15 a job on hold")
def on_hold(site: Site) -> None:
    """Released it is done; deleted it has failed and was aborted."""
    if _refuses_holds(site):
        return
    with site.session() as session:
        template = shell("exit 0", jobSubmissionState=drmaa.SUBMISSION_STATE_HOLD)
        let_go, deleted = session.runJob(template), session.runJob(template)
        for job in (let_go, deleted):
            until(lambda job=job: session.jobStatus(job) == JobState.USER_ON_HOLD, "hold is seen")
        session.control(let_go, JobControlAction.RELEASE)
        session.control(deleted.encode(), JobControlAction.TERMINATE)
        session.synchronize([let_go, deleted], PATIENCE)
        assert session.jobStatus(let_go) == JobState.DONE
        assert session.jobStatus(deleted) == JobState.FAILED
        assert outcome(session.wait(let_go)) == exited(0)
        assert outcome(session.wait(deleted)) == ABORTED


def _bulk_on_hold(site: Site, how: str) -> None:
    if not site.holds:
        return
    template = shell("exit 0", jobSubmissionState=drmaa.SUBMISSION_STATE_HOLD)
    for action, state, expected in (
        (JobControlAction.RELEASE, JobState.DONE, exited(0)),
        (JobControlAction.TERMINATE, JobState.FAILED, ABORTED),
    ):
        with site.session() as session:
            tasks = session.runBulkJobs(template, 1, 3, 1)
            for task in tasks:
                until(
                    lambda task=task: session.jobStatus(task) == JobState.USER_ON_HOLD,
                    "hold is seen",
                )
            names = {"each": tasks, "parent": [site.parent(tasks[0])], "all": [ALL]}[how]
            for name in names:
                session.control(name, action)
            session.synchronize(tasks, PATIENCE)
            assert {session.jobStatus(task) for task in tasks} == {state}
            assert {outcome(session.wait(task)) for task in tasks} == {expected}


@row("16 tasks on hold, each")
def tasks_on_hold(site: Site) -> None:
    """Released or deleted by identifier."""
    if not site.holds_tasks:
        return
    _bulk_on_hold(site, "each")


@row("17 tasks on hold, ALL")
def all_on_hold(site: Site) -> None:
    """Released or deleted through ALL."""
    _bulk_on_hold(site, "all")


@row("17 tasks on hold, by their array")
def parent_on_hold(site: Site) -> None:
    """Released or deleted through the array."""
    _bulk_on_hold(site, "parent")


@row("22 suspend and resume")
def suspend(site: Site) -> None:
    """Running, suspended, running, ended; where it is not allowed, that is said."""
    with site.session() as session:
        job = session.runJob(shell("for i in 1 2 3 4 5 6; do sleep 1; done; exit 5"))
        until(lambda: session.jobStatus(job) == JobState.RUNNING, "the job runs")
        if not site.suspends:
            refusal = (
                drmaa.SuspendInconsistentStateException
                if site.suspends is None
                else drmaa.AuthorizationException
            )
            with pytest.raises(refusal):
                session.control(job, JobControlAction.SUSPEND)
            assert session.wait(job, PATIENCE).exitStatus == 5
            return
        session.control(job, JobControlAction.SUSPEND)
        until(lambda: session.jobStatus(job) == JobState.USER_SUSPENDED, "suspension is seen")
        with pytest.raises(drmaa.ExitTimeoutException):
            session.wait(job, 3)
        session.control(job, JobControlAction.RESUME)
        until(lambda: session.jobStatus(job) == JobState.RUNNING, "the job runs again")
        assert session.wait(job, PATIENCE).exitStatus == 5


@row("22 control in other states")
def control_in_other_states(site: Site) -> None:
    """Each refusal has its class; all jobs are tried before it is raised."""
    if not site.holds:
        return
    with site.session() as session:
        held = session.runJob(shell("exit 0", jobSubmissionState="drmaa_hold"))
        running = session.runJob(shell("sleep 300"))
        until(lambda: session.jobStatus(running) == JobState.RUNNING, "the job runs")
        until(lambda: session.jobStatus(held) == JobState.USER_ON_HOLD, "hold is seen")
        for job, action, error in (
            (held, "suspend", drmaa.SuspendInconsistentStateException),
            (held, "resume", drmaa.ResumeInconsistentStateException),
            (running, "resume", drmaa.ResumeInconsistentStateException),
            (running, "hold", drmaa.HoldInconsistentStateException),
        ):
            with pytest.raises(error):
                session.control(job, action)
        session.control(held, "hold")
        session.control(running, "release")
        with pytest.raises(drmaa.ResumeInconsistentStateException):
            session.control(ALL, "resume")
        with pytest.raises(ValueError, match="'nope' is not in list"):
            session.control(running, "nope")
        session.control(ALL, "terminate")
        session.synchronize([ALL], PATIENCE)
        for job in (held, running):
            with pytest.raises(drmaa.InvalidJobException):
                session.control(job, "terminate")
            assert outcome(session.wait(job, 0)) == ABORTED


@row("done after the other meaning")
def done_if_exited(site: Site) -> None:
    """With ``done=exited`` a job is done when it ended by itself, as Grid Engine has it."""
    with drmaa.IndependentSession(f"{site.contact};done=exited") as session:
        by_itself = [session.runJob(shell(text)) for text in ("exit 7", "kill -9 $$")]
        aborted = session.runJob(shell("exit 0", inputPath=":/nonexistent/in"))
        session.synchronize([ALL], PATIENCE)
        assert {session.jobStatus(job) for job in by_itself} == {JobState.DONE}
        assert session.jobStatus(aborted) == JobState.FAILED
        assert session.wait(by_itself[0]).exitStatus == 7
        session.synchronize([ALL], 0, True)
