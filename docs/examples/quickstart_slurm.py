# The Quick Start of PyXenon's documentation (2.2.0), word for word but for the imports and for the
# port of the machine, which is in the environment variable XENON_SSH_PORT.
import os

import xenon_py as xenon

xenon.init()

from xenon_py import PasswordCredential, FileSystem

credential = PasswordCredential(
    username='xenon',
    password='javagat')

port = os.environ['XENON_SSH_PORT']

remotefs = FileSystem.create(
    'sftp', location=f'localhost:{port}',
    password_credential=credential)

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
    adaptor='slurm',
    location=f'ssh://localhost:{port}',
    password_credential=credential)

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
