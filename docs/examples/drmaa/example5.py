"""Submit a job and look at its state from time to time.

Run it in the directory of sleeper.sh.
"""

import os
import time

from xenon_py import drmaa

PAUSE = float(os.environ.get("PAUSE_SECONDS", "5"))
MEANING = {
    drmaa.JobState.UNDETERMINED: "process status cannot be determined",
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


def main() -> None:
    with drmaa.Session() as session:
        print("Creating job template")
        template = session.createJobTemplate()
        template.remoteCommand = os.path.join(os.getcwd(), "sleeper.sh")
        template.args = ["42", "Simon says:"]
        template.joinFiles = True
        template.outputPath = ":sleeper.out"

        job = session.runJob(template)
        print(f"Your job has been submitted with ID {job}")

        for look in range(10):
            print(f"Look {look + 1} of 10: {MEANING[session.jobStatus(job)]}")
            time.sleep(PAUSE)

        print("Cleaning up")
        session.deleteJobTemplate(template)


if __name__ == "__main__":
    main()
