"""``xenon-py demo``: the main job of the library, on this machine."""

from __future__ import annotations

import tempfile
from typing import TextIO

import xenon_py as xenon

_SCRIPT = """\
#!/bin/sh
echo "Hello from job $XENON_JOB_ID on $(uname -n)"
sleep {seconds}
echo "Counting to three:" 1 2 3
"""


def run_demo(out: TextIO, seconds: float = 1.0) -> int:
    """Write a script, run it as a job, show its states, print its result.

    Args:
        out: where to tell what happens.
        seconds: how long the job sleeps.

    Returns:
        0 when the job ended well, else 1.
    """
    with tempfile.TemporaryDirectory(prefix="xenon-demo-") as directory:
        return _run_in(directory, out, seconds)


def _run_in(directory: str, out: TextIO, seconds: float) -> int:
    def tell(text: str) -> None:
        print(text, file=out, flush=True)

    with (
        xenon.FileSystem.create("file", location=directory) as files,
        xenon.Scheduler.create("local", location=directory) as scheduler,
    ):
        tell(f"1. Writing the script hello.sh into {directory}, through the file system 'file'.")
        files.write_to_file("hello.sh", [_SCRIPT.format(seconds=seconds).encode()])

        tell("2. Submitting it to the scheduler 'local' as a job.")
        description = xenon.JobDescription(
            executable="/bin/sh", arguments=["hello.sh"], stdout="result-%j.txt", name="demo"
        )
        job = scheduler.submit_batch_job(description)

        tell(f"3. Watching job {job.id}:")
        status = job.status()
        for status in scheduler.watch([job]):
            tell(f"     {status.state}")
        tell(f"   It ended: reason {status.reason.value}, exit code {status.exit_code}.")

        tell(f"4. Reading result-{job.id}.txt back:")
        result = b"".join(files.read_from_file(f"result-{job.id}.txt")).decode()
        for line in result.splitlines():
            tell(f"     {line}")

    if status.exit_code != 0:
        tell("The job did not end well.")
        return 1
    tell(
        "Done. With another adaptor and location - say 'sftp' and 'slurm' at ssh://cluster - the\n"
        "same calls do this on another machine."
    )
    return 0
