# The Quick Start of PyXenon's documentation (2.2.0), word for word but for the imports and for what
# adaptors it uses, and where: those of this machine, in a directory of their own.
import tempfile

import xenon_py as xenon

xenon.init()

from xenon_py import PasswordCredential, FileSystem

credential = PasswordCredential(
    username='xenon',
    password='javagat')

location = tempfile.mkdtemp(prefix='xenon-quickstart-')

remotefs = FileSystem.create(
    'file', location=location)

from xenon_py import Path

target = Path('hello.sh')

if remotefs.exists(target):
    remotefs.delete(target)

remotefs.write_to_file(
    target,
    [b'#!/bin/sh\n',
     b'echo "Hello, World!"\n'])

from xenon_py import Scheduler, JobDescription

scheduler = Scheduler.create(
    adaptor='local',
    location=location)

job_description = JobDescription(
    executable='/bin/sh',
    arguments=['hello.sh'],
    stdout='result.txt')

job = scheduler.submit_batch_job(job_description)

state = scheduler.wait_until_done(job)
print(state)

text = ''.join(chunk.decode() for chunk in
    remotefs.read_from_file(Path('result.txt')))
print(text)
