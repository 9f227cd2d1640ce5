"""Submit a job and wait for it.

Run it in the directory of sleeper.sh.
"""

import os

from xenon_py import drmaa


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

        info = session.wait(job, session.TIMEOUT_WAIT_FOREVER)
        print(f"Job: {info.jobId} finished with status {info.exitStatus}")

        print("Cleaning up")
        session.deleteJobTemplate(template)


if __name__ == "__main__":
    main()
