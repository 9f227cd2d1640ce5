"""PyXenon's Quick Start, with the adaptors changed to those of this machine.

Only the import and the two ``create`` calls differ from PyXenon's documentation.
"""

import os
import tempfile

import xenon_py as xenon
from xenon_py import FileSystem, JobDescription, Path, Scheduler

workdir = os.environ.get("XENON_EXAMPLE_DIR") or tempfile.mkdtemp(prefix="xenon-quickstart-")

xenon.init()

remotefs = FileSystem.create("file", location=workdir)

target = Path("hello.sh")

if remotefs.exists(target):
    remotefs.delete(target)

remotefs.write_to_file(target, [b"#!/bin/sh\n", b'echo "Hello, World!"\n'])

scheduler = Scheduler.create(adaptor="local", location=workdir)

job_description = JobDescription(executable="/bin/sh", arguments=["hello.sh"], stdout="result.txt")

job = scheduler.submit_batch_job(job_description)

state = scheduler.wait_until_done(job)
print(state)

text = "".join(chunk.decode() for chunk in remotefs.read_from_file(Path("result.txt")))
print(text)

scheduler.close()
remotefs.close()
