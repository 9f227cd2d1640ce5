"""The daemon: `python3 -m services.pbs_standin.daemon DIRECTORY FLAVOUR`."""

import ast
import os
import pwd
import signal
import socket
import struct
import sys
import threading
from pathlib import Path
from typing import Any

from services.pbs_standin.cluster import Cluster
from services.pbs_standin.control import control
from services.pbs_standin.flavours import FLAVOURS, Answer, Caller, Refused
from services.pbs_standin.qstat import qstat
from services.pbs_standin.qsub import Qsub

_CREDENTIALS = struct.calcsize("3i")


class Daemon:
    """Answers the commands, each in a thread."""

    def __init__(self, directory: Path, flavour: str) -> None:
        spool = directory / "spool"
        spool.mkdir(exist_ok=True)
        spool.chmod(0o755)
        self._cluster = Cluster(FLAVOURS[flavour], spool)
        path = directory / "socket"
        path.unlink(missing_ok=True)
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(path))
        path.chmod(0o666)
        self._listener.listen(128)

    def serve(self) -> None:
        """Answer until TERM comes."""
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
        try:
            while True:
                link, _ = self._listener.accept()
                threading.Thread(target=self._answer, args=(link,), daemon=True).start()
        finally:
            with self._cluster.lock:
                self._cluster.kill_all()

    def _answer(self, link: socket.socket) -> None:
        with link:
            uid = struct.unpack(
                "3i", link.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS)
            )[1]
            line = link.makefile("rb").readline()
            if not line:
                return
            answer = self._run(ast.literal_eval(line.decode()), uid)
            if answer is None:
                return  # as if nobody had listened
            out, err = (
                text.encode("utf-8", "surrogateescape") for text in (answer.out, answer.err)
            )
            try:
                link.sendall(f"{answer.code} {len(out)}\n".encode() + out + err)
            except BrokenPipeError:
                return  # whoever asked was killed meanwhile

    def _run(self, request: dict[str, Any], uid: int) -> Answer | None:
        user = pwd.getpwuid(uid)
        caller = Caller(
            uid=uid,
            gid=user.pw_gid,
            name=user.pw_name,
            home=request["env"].get("HOME", user.pw_dir) if uid == os.geteuid() else user.pw_dir,
            shell=user.pw_shell,
            cwd=request["cwd"],
            env=request["env"],
            stdin=request["stdin"],
            program=request["program"],
        )
        with self._cluster.lock:
            if caller.program == "standin-admin":
                return self._administer(request["words"])
            if self._cluster.away:
                return None
            try:
                return self._dispatch(caller, request["words"])
            except Refused as refusal:
                return Answer("", refusal.text, refusal.code)

    def _dispatch(self, caller: Caller, words: list[str]) -> Answer:
        if caller.program == "qsub":
            return Qsub(self._cluster, caller, words).run()
        if caller.program == "qstat":
            return qstat(self._cluster, caller, words)
        return control(self._cluster, caller, words)

    def _administer(self, words: list[str]) -> Answer:
        """Change a setting (`away on`, `keep 2`, `history off`), or tell what happened."""
        name, value = words[0], words[1] if len(words) > 1 else ""
        out = ""
        if name == "away":
            self._cluster.away = value == "on"
        elif name == "keep":
            self._cluster.keep_completed = float(value)
        elif name == "history":
            self._cluster.history = value == "on"
        elif name == "jobs":
            out = "".join(f"{j.id} {j.name} {j.state}\n" for j in self._cluster.jobs.values())
        elif name == "violations":
            out = "".join(f"{text}\n" for text in self._cluster.violations)
            self._cluster.violations.clear()
        return Answer(out)


if __name__ == "__main__":
    Daemon(Path(sys.argv[1]), sys.argv[2]).serve()
