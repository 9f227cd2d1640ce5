"""As a cluster of workers does it: arrays of one, ended by their array's identifier, and then a
loop that waits for any job.

Written for drmaa-python.
"""

import drmaa
from drmaa import JobControlAction
from drmaa.const import JOB_IDS_SESSION_ALL, JOB_IDS_SESSION_ANY
from drmaa.errors import ExitTimeoutException, InvalidJobException

session = drmaa.Session()
session.initialize()
ids = []
for _ in range(2):
    with session.createJobTemplate() as template:
        template.jobName = "worker"
        template.remoteCommand = "sleep"
        template.args = ["300"]
        ids.extend(session.runBulkJobs(template, 1, 1, 1))
print(len(ids), "workers,", {session.jobStatus(one) for one in ids} <= {"running", "queued_active"})
for one in ids:
    session.control(one, drmaa.JobControlAction.TERMINATE)
session.synchronize(ids, dispose=True)
for one in ids:
    try:
        session.control(one, JobControlAction.TERMINATE)
    except drmaa.errors.InvalidJobException:
        print("it has ended")

with session.createJobTemplate() as template:
    template.remoteCommand = b"/bin/sh"
    template.args = [b"-c", "exit 0"]
    expected = {session.runJob(template) for _ in range(3)}
found = set()
while True:
    try:
        found.add(session.wait(JOB_IDS_SESSION_ANY, 5).jobId)
    except ExitTimeoutException:
        continue
    except InvalidJobException:
        break
print("all found:", found == expected)
session.synchronize([JOB_IDS_SESSION_ALL], session.TIMEOUT_NO_WAIT, True)
session.exit()
