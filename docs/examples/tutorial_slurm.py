# Upload a script and its input, run it with Slurm on a cluster, wait, and download the result.
# The cluster's log-in node is localhost, its port is in the environment variable XENON_SSH_PORT.
import os
import tempfile
from pathlib import Path as LocalPath

from xenon_py import CopyMode, FileSystem, JobDescription, PasswordCredential, Path, Scheduler

port = os.environ["XENON_SSH_PORT"]
credential = PasswordCredential(username="xenon", password="javagat")
here = LocalPath(tempfile.mkdtemp(prefix="xenon-tutorial-"))
(here / "count.sh").write_text("wc -l < $1\n")
(here / "input.txt").write_text("one\ntwo\nthree\n")

with (
    FileSystem.create("file", location=str(here)) as local,
    FileSystem.create("sftp", f"localhost:{port}", password_credential=credential) as remote,
    Scheduler.create("slurm", f"ssh://localhost:{port}", password_credential=credential) as slurm,
):
    # step 1: upload
    work = Path("xenon-tutorial")
    if not remote.exists(work):
        remote.create_directory(work)
    for name in ("count.sh", "input.txt"):
        copy = local.copy(Path(name), remote, work / name, mode=CopyMode.REPLACE)
        print(name, local.wait_until_done(copy, timeout=10_000).state)

    # step 2: submit and wait
    description = JobDescription(
        executable="/bin/sh",
        arguments=["count.sh", "input.txt"],
        working_directory=work,
        stdout="result.txt",
        max_runtime=5,
    )
    status = slurm.wait_until_done(slurm.submit_batch_job(description), timeout=60_000)
    print(status.state, "with exit code", status.exit_code)

    # step 3: download
    copy = remote.copy(work / "result.txt", local, Path("result.txt"), mode=CopyMode.REPLACE)
    print("result.txt", remote.wait_until_done(copy, timeout=10_000).state)
    remote.delete(work, recursive=True)

print("lines:", (here / "result.txt").read_text().strip())
