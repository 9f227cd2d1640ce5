"""The processes of one job, as the daemon on a node (mom) treats them.

A log-in shell reads the path of the script from its input and runs it as a child. Signals go to all
processes of the session, that shell too. Once the shell has ended, what is left is ended: TORQUE
asks by TERM first, OpenPBS does not, but for a job that is being deleted it waits a while.
"""

import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path

from services.pbs_standin.flavours import SERVER, TORQUE, Flavour
from services.pbs_standin.jobs import Job

KILL_DELAY = 2.0  # s; 10 in a real OpenPBS
_NOTICE = 0.5  # s until it is noticed that the shell has ended; less in real ones
_TERM_WAIT = 1.0  # s; 5 in a real TORQUE


class Execution:
    """Runs a job; ``ended`` is called with the exit status from a thread."""

    def __init__(
        self, job: Job, flavour: Flavour, spool: Path, ended: Callable[[Job, int], None]
    ) -> None:
        self._job, self._flavour, self._ended = job, flavour, ended
        self._script = spool / f"{job.id}.SC"
        self._script.write_bytes(job.script)
        self._script.chmod(0o755)
        owner = job.owner
        self._streams = [spool / f"{job.id}.{ending}" for ending in ("OU", "ER")]
        out, err = (os.open(path, os.O_RDWR | os.O_CREAT) for path in self._streams)
        shell = job.shell or owner.shell
        as_user = (
            {
                "user": owner.uid,
                "group": owner.gid,
                "extra_groups": os.getgrouplist(owner.name, owner.gid),
            }
            if os.geteuid() == 0 and owner.uid != 0
            else {}
        )
        self._process = subprocess.Popen(  # type: ignore[call-overload]
            [f"-{os.path.basename(shell)}"],
            executable=shell,
            stdin=subprocess.PIPE,
            stdout=out,
            stderr=out if job.joined else err,
            env=self._environment(),
            cwd=owner.home,
            start_new_session=True,
            umask=0o022,
            **as_user,
        )
        os.close(out)
        os.close(err)
        job.session = self._process.pid
        threading.Thread(target=self._watch, daemon=True).start()

    def _environment(self) -> dict[str, str]:
        job, owner = self._job, self._job.owner
        variables = {
            "HOME": owner.home,
            "LOGNAME": owner.name,
            "USER": owner.name,
            "SHELL": owner.shell,
            "PATH": "/usr/local/bin:/usr/bin:/bin",
            "LANG": "C.UTF-8",
            "ENVIRONMENT": "BATCH",
            "PBS_ENVIRONMENT": "PBS_BATCH",
            "PBS_JOBID": job.id,
            "PBS_JOBNAME": job.name,
            "PBS_QUEUE": job.queue,
            "PBS_O_HOST": SERVER,
        }
        if self._flavour is TORQUE:
            variables |= {"PBS_VERSION": "TORQUE-6.1.2", "PBS_NP": "1", "PBS_O_SERVER": SERVER}
            if job.index is not None:
                variables["PBS_ARRAYID"] = str(job.index)
        elif job.index is not None:
            variables |= {"PBS_ARRAY_INDEX": str(job.index), "PBS_ARRAY_ID": f"{job.seq}[].vm"}
        return {**job.variables, **variables}

    def _watch(self) -> None:
        stdin = self._process.stdin
        assert stdin is not None
        try:
            stdin.write(f"{self._script}\n".encode())
            stdin.close()
        except BrokenPipeError:
            pass
        code = self._process.wait()
        self._clean_up()
        self._deliver()
        self._ended(self._job, 256 - code if code < 0 else code)

    def _clean_up(self) -> None:
        ending = self._job.deleted or self._job.over_limit
        self._wait(KILL_DELAY if ending and self._flavour is not TORQUE else _NOTICE)
        if self._flavour is TORQUE:
            self.send(signal.SIGTERM)
            self._wait(_TERM_WAIT)
        self.send(signal.SIGKILL)
        self._script.unlink(missing_ok=True)

    def _wait(self, seconds: float) -> None:
        """Wait until nothing is left of the job."""
        deadline = time.monotonic() + seconds
        while self._session() and time.monotonic() < deadline:
            time.sleep(0.02)

    def _deliver(self) -> None:
        """Copy the streams to where they belong; what cannot be delivered is dropped."""
        targets = [self._job.output] if self._job.joined else [self._job.output, self._job.error]
        for stream, target in zip(self._streams, targets, strict=False):
            path = target.partition(":")[2] or target
            if path != "/dev/null" and os.path.isdir(os.path.dirname(path)):
                Path(path).write_bytes(stream.read_bytes())
                os.chown(path, self._job.owner.uid, self._job.owner.gid)
        for stream in self._streams:
            stream.unlink()

    def _session(self) -> list[int]:
        found = []
        for entry in os.listdir("/proc"):
            if entry.isdigit():
                try:
                    text = Path(f"/proc/{entry}/stat").read_text("latin-1")
                except (FileNotFoundError, ProcessLookupError):
                    continue
                fields = text.rpartition(")")[2].split()
                if int(fields[3]) == self._process.pid and fields[0] != "Z":
                    found.append(int(entry))
        return found

    def send(self, number: int) -> None:
        """Send a signal to all processes of the job.

        The log-in shell comes first: a real server tells the signal of it (271, 265), so it never
        gets to see that the script was ended, and to exit with 137.
        """
        for pid in sorted(self._session(), key=lambda pid: pid != self._process.pid):
            try:
                os.kill(pid, number)
            except ProcessLookupError:
                continue

    def end(self) -> None:
        """End it as ``qdel`` does."""
        self.send(signal.SIGTERM)
        if self._flavour is TORQUE:
            self.send(signal.SIGCONT)  # its TERM is seen before the KILL, stopped or not

        def kill() -> None:
            if self._process.poll() is None:
                self.send(signal.SIGKILL)

        delay = 0.3 if self._flavour is TORQUE else KILL_DELAY
        timer = threading.Timer(delay, kill)
        timer.daemon = True
        timer.start()
