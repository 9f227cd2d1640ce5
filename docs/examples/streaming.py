"""PyXenon's streaming example: ping-pong with a program through an interactive job."""

import os
import sys
from queue import Queue

import xenon_py as xenon


def make_input_stream():
    """Return a queue of commands, and a generator that turns them into the job's input."""
    input_queue = Queue()

    def input_stream():
        while True:
            cmd, value = input_queue.get()
            if cmd == "end":
                input_queue.task_done()
                return
            if cmd == "msg":
                yield value.encode()
                input_queue.task_done()

    return input_queue, input_stream


def get_stdout(stream):
    """Return the next piece of output as text."""
    return stream.next().stdout.decode()


input_lines = [
    "Zlfgvp aboyr tnf,",
    "Urnil lrg syrrgvat sebz tenfc,",
    "Oyhr yvyr oheavat vpr.",
]

job_description = xenon.JobDescription(
    executable=sys.executable,
    arguments=[os.path.join(os.path.dirname(os.path.abspath(__file__)), "rot13.py")],
    queue_name="multi",
)

xenon.init()

with xenon.Scheduler.create(adaptor="local") as scheduler:
    input_queue, input_stream = make_input_stream()

    job, output_stream = scheduler.submit_interactive_job(
        description=job_description, stdin_stream=input_stream()
    )

    try:
        for line in input_lines:
            print("[sending]   " + line)
            input_queue.put(("msg", line + "\n"))
            msg = get_stdout(output_stream)
            print("[received]  " + msg)
    finally:
        input_queue.put(("end", None))
        input_queue.join()

    scheduler.wait_until_done(job)
