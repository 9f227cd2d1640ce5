"""Rows about files that are on the machine of the program, not on that of the jobs."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

import pytest

from support.drmaa.rows import row
from support.drmaa.sites import ABORTED, ALL, PATIENCE, Site, exited, outcome, shell, until
from xenon_py import drmaa
from xenon_py.drmaa import IndependentSession

_COPY = "cat; echo problem >&2"


@row("23 staging")
def staging(site: Site) -> None:
    """Input, output and error of single jobs, apart and joined."""
    with tempfile.TemporaryDirectory() as name, site.session() as session:
        here = Path(name)
        here.chmod(0o755)
        (here / "in").write_bytes(b"data\xff\n" * 20_000)
        (here / "logs").mkdir()
        apart = shell(_COPY, transferFiles="ioe", inputPath=f":{here}/in", jobName="named")
        apart.outputPath, apart.errorPath = f"localhost:{here}/out", f":{here}/logs"
        joined = shell(_COPY, transferFiles="ieo", inputPath=f":{here}/in", joinFiles=True)
        joined.outputPath, joined.errorPath = f":{here}/joined", f":{here}/nothing"
        jobs = [session.runJob(apart), session.runJob(joined)]
        session.synchronize(jobs, PATIENCE)
        assert {outcome(session.wait(job, 0)) for job in jobs} == {exited(0)}
        data = (here / "in").read_bytes()
        assert (here / "out").read_bytes() == data
        assert (here / f"logs/named.e{jobs[0]}").read_text() == "problem\n"
        assert (here / "joined").read_bytes() == data + b"problem\n"
        assert not (here / "nothing").exists()


@row("23 staging of bulk jobs")
def bulk_staging(site: Site) -> None:
    """A file for each task, or one for all to read."""
    with tempfile.TemporaryDirectory() as name, site.session() as session:
        here = Path(name)
        here.chmod(0o755)
        (here / "shared").write_text("shared\n")
        for index in (1, 3):
            (here / f"in.{index}").write_text(f"{index}\n")
        for source, joined in ((":in.$drmaa_incr_ph$", True), (":shared", False)):
            template = shell(_COPY, transferFiles="ioe", joinFiles=joined)
            template.inputPath = source.replace(":", f":{here}/")
            template.outputPath = f":{here}/o{joined}.$drmaa_incr_ph$"
            template.errorPath = f":{here}/e{joined}.$drmaa_incr_ph$"
            session.runBulkJobs(template, 1, 3, 2)
        session.synchronize([ALL], PATIENCE, True)
        for index in (1, 3):
            assert (here / f"oTrue.{index}").read_text() == f"{index}\nproblem\n"
            assert (here / f"oFalse.{index}").read_text() == "shared\n"
            assert (here / f"eFalse.{index}").read_text() == "problem\n"


@row("23 staging that fails")
def failing_staging(site: Site) -> None:
    """A missing input is refused or aborts the job, as does an output that cannot be written."""
    with site.session() as session:
        template = shell("exit 0", transferFiles="i", inputPath=":/nonexistent/in")
        try:
            refused = session.runJob(template)
        except drmaa.DeniedByDrmException as error:
            assert "inputPath" in str(error)  # noqa: PT017 - it need not be raised
        else:
            assert outcome(session.wait(refused, PATIENCE)) == ABORTED
        template = shell("exit 0", transferFiles="o", outputPath=":/nonexistent/out")
        job = session.runJob(template)
        session.synchronize([job], PATIENCE)
        assert session.jobStatus(job) == drmaa.JobState.FAILED
        assert outcome(session.wait(job)) == ABORTED


@row("23 staging after a reconnect")
def staging_after_reconnect(site: Site) -> None:
    """What ended meanwhile is fetched by whoever comes back to the session."""
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "out"
        path.parent.chmod(0o755)
        with IndependentSession(site.contact) as session:
            contact = session.contact
            job = session.runJob(
                shell("sleep 1; echo done", transferFiles="o", outputPath=f":{path}")
            )
        time.sleep(4)
        with IndependentSession(contact) as session:
            until(lambda: session.jobStatus(job) == drmaa.JobState.DONE, "the file is fetched")
            assert path.read_text() == "done\n"
            assert session.wait(job, PATIENCE).exitStatus == 0
            with pytest.raises(drmaa.InvalidJobException):
                session.wait(job, 0)
