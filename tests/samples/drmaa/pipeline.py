"""As a pipeline with many threads does it: wait for each job, and look how it ended.

Written for drmaa-python.
"""

# ruff: noqa: UP031 - written as such programs are

import os
import sys
from multiprocessing.pool import ThreadPool

import drmaa


class Failed(Exception):
    pass


def run_job(session, command, name, options="", environment=None):
    template = session.createJobTemplate()
    try:
        template.workingDirectory = os.getcwd()
        template.jobEnvironment = {"BASH_ENV": "~/.bashrc"}
        if environment:
            template.jobEnvironment = environment
        template.args = ["-c", command]
        template.jobName = name
        template.nativeSpecification = options
        template.joinFiles = False
        template.remoteCommand = "/bin/sh"
        template.outputPath = ":" + os.path.join(os.getcwd(), name + ".stdout")
        template.errorPath = ":" + os.path.join(os.getcwd(), name + ".stderr")
        job = session.runJob(template)
        try:
            info = session.wait(job, drmaa.Session.TIMEOUT_WAIT_FOREVER)
        except Exception as error:
            if str(error).startswith("code 24"):
                raise Failed("no usage") from error
            raise
        if info.wasAborted:
            raise Failed("aborted")
        if info.hasSignal:
            raise Failed("signal " + info.terminatedSignal)
        if info.hasExited and info.exitStatus:
            raise Failed("status %d" % info.exitStatus)
        usage = info.resourceUsage
        for key in ("maxvmem", "mem", "ru_wallclock", "cpu", "start_time", "end_time"):
            float(usage[key])
        with open(name + ".stdout") as out, open(name + ".stderr") as err:
            return out.readlines(), err.readlines()
    finally:
        session.deleteJobTemplate(template)


def attempt(arguments):
    try:
        return run_job(*arguments)
    except Failed as error:
        return str(error)


with drmaa.Session() as session:
    work = [
        (session, "echo one; echo two >&2", "plain"),
        (session, 'echo "$WORD"', "environment", "", {"WORD": "a=b,c=d 'e'"}),
        (session, "exit 4", "status"),
        (session, "kill -9 $$", "signal"),
    ]
    with ThreadPool(4) as pool:
        results = pool.map(attempt, work)
    for result in results:
        print(result)
    template = session.createJobTemplate()
    template.remoteCommand = "/bin/sh"
    template.args = ["-c", "exit 0"]
    jobs = session.runBulkJobs(template, 1, 4, 1)
    session.synchronize(jobs, drmaa.Session.TIMEOUT_WAIT_FOREVER, False)
    print([session.wait(job, drmaa.Session.TIMEOUT_WAIT_FOREVER).exitStatus for job in jobs])
    sys.stdout.flush()
