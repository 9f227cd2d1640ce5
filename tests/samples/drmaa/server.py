"""As a web server that runs tools does it: one session for all threads, statuses polled, no wait.

Written for drmaa-python.
"""

# ruff: noqa: UP031, SIM105 - written as such programs are

import os
import queue
import sys
import threading
import time

drmaa = __import__("drmaa")

STATES = {
    drmaa.JobState.UNDETERMINED: "status cannot be determined",
    drmaa.JobState.QUEUED_ACTIVE: "job is queued and active",
    drmaa.JobState.SYSTEM_ON_HOLD: "job is queued and in system hold",
    drmaa.JobState.USER_ON_HOLD: "job is queued and in user hold",
    drmaa.JobState.USER_SYSTEM_ON_HOLD: "job is queued and in user and system hold",
    drmaa.JobState.RUNNING: "job is running",
    drmaa.JobState.SYSTEM_SUSPENDED: "job is system suspended",
    drmaa.JobState.USER_SUSPENDED: "job is user suspended",
    drmaa.JobState.DONE: "job finished normally",
    drmaa.JobState.FAILED: "job finished, but failed",
}


class Runner:
    def __init__(self):
        self.session = drmaa.Session()
        try:
            self.session.initialize()
        except drmaa.errors.AlreadyActiveSessionException:
            pass
        self.ended = queue.Queue()

    def submit(self, **attributes):
        template = self.session.createJobTemplate()
        for name, value in attributes.items():
            setattr(template, name, value)
        for trial in range(5):
            try:
                job = self.session.runJob(template)
                break
            except (drmaa.InternalException, drmaa.DeniedByDrmException) as error:
                print("trial", trial, error)
                time.sleep(1)
        else:
            raise SystemExit("could not submit")
        self.session.deleteJobTemplate(template)
        threading.Thread(target=self.monitor, args=(job,)).start()
        return job

    def monitor(self, job):
        state = None
        while state not in (drmaa.JobState.DONE, drmaa.JobState.FAILED):
            try:
                state = self.session.jobStatus(job)
            except (drmaa.InternalException, drmaa.DrmCommunicationException) as error:
                print("will ask again", error)
            except drmaa.InvalidJobException:
                state = drmaa.JobState.DONE
            assert state is None or state in STATES
            time.sleep(0.2)
        self.ended.put((job, STATES[state]))


def main():
    here = os.getcwd()
    script = os.path.join(here, "tool.sh")
    with open(script, "w") as file:
        file.write("#!/bin/sh\necho out; echo err >&2; exit $1\n")
    os.chmod(script, 0o755)
    runner = Runner()
    jobs = {}
    for code in (0, 3):
        job = runner.submit(
            remoteCommand=script,
            args=[code],
            jobName="g1_tool_user@example",
            workingDirectory=here,
            outputPath=":%s/%d.o" % (here, code),
            errorPath=":%s/%d.e" % (here, code),
            nativeSpecification="",
        )
        jobs[job] = code
    endless = runner.submit(remoteCommand="/bin/sleep", args=["300"])
    time.sleep(1)
    runner.session.control(endless, drmaa.JobControlAction.TERMINATE)
    for _ in range(3):
        job, text = runner.ended.get(timeout=200)
        print(jobs.get(job, "deleted"), text)
    runner.session.exit()
    sys.stdout.flush()


main()
