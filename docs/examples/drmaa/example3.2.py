"""Submit an array of jobs, wait for all of them, and see how each one ended.

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
        template.outputPath = f":sleeper.out.{template.PARAMETRIC_INDEX}"

        jobs = session.runBulkJobs(template, 1, 30, 2)
        print(f"Your jobs have been submitted with IDs {jobs}")

        session.synchronize(jobs, session.TIMEOUT_WAIT_FOREVER, False)
        for job in jobs:
            print(f"Collecting job {job}")
            info = session.wait(job, session.TIMEOUT_WAIT_FOREVER)
            print(f"Job: {info.jobId} finished with status {info.exitStatus}")

        print("Cleaning up")
        session.deleteJobTemplate(template)


if __name__ == "__main__":
    main()
