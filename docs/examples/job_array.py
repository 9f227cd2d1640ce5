"""A job array: the same program for several inputs, two at a time."""

import os
import tempfile

import xenon_py as xenon

workdir = os.environ.get("XENON_EXAMPLE_DIR") or tempfile.mkdtemp(prefix="xenon-array-")

with xenon.Scheduler.create("local", location=workdir) as scheduler:
    description = xenon.JobDescription(
        executable="/bin/sh",
        arguments=["-c", "echo $((XENON_ARRAY_TASK_ID * XENON_ARRAY_TASK_ID))"],
        stdout="square-%a.txt",
        queue_name="unlimited",
    )
    jobs = scheduler.submit_job_array(description, 1, 9, step=2, max_parallel=2)

    for status in scheduler.as_completed(jobs):
        print(f"{status.job.id}: {status.state}, exit code {status.exit_code}")

    files = scheduler.get_file_system()
    squares = [
        b"".join(files.read_from_file(f"square-{i}.txt")).decode().strip() for i in range(1, 10, 2)
    ]
    print("squares:", " ".join(squares))
