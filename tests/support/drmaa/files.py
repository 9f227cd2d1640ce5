"""Rows about what the attributes of a template do."""

from __future__ import annotations

import os
import time

import pytest

from support.drmaa.rows import row
from support.drmaa.sites import ALL, PATIENCE, Site, exited, home_of, outcome, shell
from xenon_py import drmaa


@row("21 input to output")
def input_to_output(site: Site) -> None:
    """What goes in comes out; a second run writes over the output."""
    box, data = site.box(), os.urandom(200_000)
    site.write(f"{box}/in", data)
    template = drmaa.JobTemplate(remoteCommand="cat", workingDirectory=box)
    template.inputPath, template.outputPath = ":in", f":{box}/out"
    with site.session() as session:
        for _ in range(2):
            assert outcome(session.wait(session.runJob(template), PATIENCE)) == exited(0)
            assert site.read(f"{box}/out") == data


@row("21 arguments and environment")
def arguments_and_environment(site: Site) -> None:
    """They arrive as they are."""
    words = ["it's", 'a "b"', "$HOME", "*", "", "\\", "c,d=e=f", "a\nb", "é", "x" * 2000]
    box = site.box()
    template = drmaa.JobTemplate(remoteCommand="/bin/sh", outputPath=f":{box}/out")
    template.args = ["-c", 'printf "%s|" "$@" "$V"', "sh", *words]
    template.jobEnvironment = {"V": "".join(words)}
    with site.session() as session:
        assert session.wait(session.runJob(template), PATIENCE).exitStatus == 0
    expected = "".join(f"{word}|" for word in (*words, "".join(words)))
    assert site.read(f"{box}/out").decode() == expected


@row("21 files and directories")
def files_and_directories(site: Site) -> None:
    """Placeholders, joined files, a directory for the output, a host in front."""
    box, name = site.box(), f"drmaa-{os.urandom(4).hex()}"
    for directory in ("sub", "logs"):
        site.files.create_directory(f"{box}/{directory}")
    home = home_of(site.files)
    text = "pwd; echo problem >&2"
    joined = shell(text, workingDirectory=f"{box}/sub", joinFiles=True)
    joined.outputPath = ":$drmaa_wd_ph$/joined"
    logged = shell(text, jobName="named", outputPath=f":{box}/logs", errorPath=":/dev/null")
    logged.workingDirectory = box
    at_home = shell(text, workingDirectory="$drmaa_hd_ph$", outputPath=f"h:$drmaa_hd_ph$/{name}")
    at_home.errorPath = f":{box}/error"
    with site.session() as session:
        jobs = [session.runJob(template) for template in (joined, logged, at_home)]
        session.synchronize(jobs, PATIENCE)
        assert [session.wait(job, 0).exitStatus for job in jobs] == [0, 0, 0]
    assert site.read(f"{box}/sub/joined").decode() == f"{box}/sub\nproblem\n"
    assert site.read(f"{box}/logs/named.o{jobs[1]}").decode() == f"{box}\n"
    assert site.read(f"{box}/error").decode() == "problem\n"
    try:
        assert site.read(f"{home}/{name}").decode() == f"{home}\n"
    finally:
        site.files.delete(f"{home}/{name}")


@row("21 indices of bulk jobs")
def indices(site: Site) -> None:
    """They are in paths, in the directory, and in the environment."""
    box = site.box()
    for index in (1, 3):
        site.files.create_directory(f"{box}/d{index}")
    template = shell("echo $XENON_ARRAY_TASK_ID", outputPath=f":{box}/o.$drmaa_incr_ph$")
    below = shell("pwd", outputPath=":o.$drmaa_incr_ph$")
    below.workingDirectory = f"{box}/d$drmaa_incr_ph$"
    with site.session() as session:
        session.runBulkJobs(template, 1, 3, 2)
        assert len(session.runBulkJobs(below, 3, 1, -2)) == 2
        session.synchronize([ALL], PATIENCE, True)
    for index in (1, 3):
        assert site.read(f"{box}/o.{index}").decode() == f"{index}\n"
        assert site.read(f"{box}/d{index}/o.{index}").decode() == f"{box}/d{index}\n"


@row("21 usage")
def usage(site: Site) -> None:
    """Times are told, as text."""
    before = time.time()
    with site.session() as session:
        found = session.wait(session.runJob(shell("sleep 2")), PATIENCE).resourceUsage
    assert all(type(value) is str for value in found.values())
    assert 1 <= float(found["ru_wallclock"]) < 60
    assert before - 2 < float(found["start_time"]) < float(found["end_time"]) < time.time() + 2
    assert float(found["exit_status"]) == 0
    assert {"submission_time", "maxvmem", "mem", "cpu", "walltime", "vmem", "hosts"} < set(found)


@row("21 every attribute")
def every_attribute(site: Site) -> None:
    """What is left of them is taken, native options and e-mail too."""
    box = site.box()
    options, text, expected = site.native
    template = shell(f'printf %s "{text}"', outputPath=f":{box}/out", joinFiles=True)
    template.jobName, template.nativeSpecification = "name", options
    template.startTime, template.blockEmail = "2020/01/01 10:00:00 +00:00", not site.mails
    template.email = ["user@example.invalid"]
    if site.adaptor != "at":
        template.hardWallclockTimeLimit = "1:00:00"
    with site.session() as session:
        assert outcome(session.wait(session.runJob(template), PATIENCE)) == exited(0)
    assert site.read(f"{box}/out").decode() == expected
    if not site.mails:
        template.blockEmail = False
        with (
            site.session() as session,
            pytest.raises(drmaa.InvalidAttributeValueException, match=r"^code 14: .*mail"),
        ):
            session.runJob(template)


@row("21 a limit")
def limit(site: Site) -> None:
    """A job that runs into its limit did not exit, and says so."""
    if not site.limits_in_seconds:
        return
    with site.session() as session:
        job = session.runJob(shell("sleep 120", hardWallclockTimeLimit=3))
        info = session.wait(job, PATIENCE)
        assert not info.hasExited
        assert info.hasSignal or info.wasAborted
        if site.adaptor != "gridengine":
            return
        soft = shell("trap 'exit 9' USR1; while :; do sleep 1; done", softWallclockTimeLimit=3)
        assert session.wait(session.runJob(soft), PATIENCE).exitStatus == 9
