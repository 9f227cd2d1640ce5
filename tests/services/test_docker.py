"""The container files are sound, and the docker provider does its part: no engine is needed.

The engine is a stand-in that runs what the image would run, `python3 -m services run NAME`, as a
process of this machine; all that the provider asks of the SDK is checked against its signatures.
"""

import ftplib
import inspect
import io
import os
import re
import shutil
import signal
import ssl
import subprocess
import sys
import tarfile
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from services import state
from services.atd import PACKAGES as AT_PACKAGES
from services.errors import ServiceError, ServiceUnavailable
from services.fixtures import Services
from services.proftpd import LIBRARIES as PROFTPD_PACKAGES
from services.pureftpd import LIBRARIES as PUREFTPD_PACKAGES
from services.records import S3Server, SshServer
from services.rgw import RgwService
from services.seaweed import SeaweedService
from services.slurm import PACKAGES as SLURM_PACKAGES
from services.sshd import PACKAGES as SSHD_PACKAGES
from services.vsftpd import LIBRARIES as VSFTPD_PACKAGES
from services.webdav import ApacheService, LighttpdService, NginxService

pytest.importorskip("docker.errors")
from docker.models.containers import Container

from services import docker_provider
from services.docker_provider import DockerProvider

REPOSITORY = Path(__file__).resolve().parents[2]
IMAGES = REPOSITORY / "docker"


class StandInContainer:
    """A container whose processes run on this machine, with a state directory of its own."""

    def __init__(self, command: list[str], environment: dict[str, str]) -> None:
        self.state = state.private_directory("container")
        self.prepare()
        self._environment = {**os.environ, **environment, "XENON_TEST_STATE": str(self.state)}
        self._process = subprocess.Popen(
            [sys.executable, *command[1:]],
            cwd=REPOSITORY / "tests",
            env=self._environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        self.removed = False

    def prepare(self) -> None:
        """What the image holds besides the services."""

    @property
    def status(self) -> str:
        return "exited" if self._process.poll() is not None else "running"

    def reload(self) -> None:
        pass

    def logs(self) -> bytes:
        return self._process.communicate()[0]

    def exec_run(self, cmd: list[str]) -> SimpleNamespace:
        done = subprocess.run(
            [sys.executable, *cmd[1:]],
            cwd=REPOSITORY / "tests",
            env=self._environment,
            capture_output=True,
            check=False,
        )
        return SimpleNamespace(exit_code=done.returncode, output=done.stdout)

    def get_archive(self, path: str) -> tuple[Iterator[bytes], dict[str, Any]]:
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode="w") as archive:
            source = Path(path.replace(docker_provider.STATE, str(self.state)))
            archive.add(source, arcname=source.name)
        return iter([buffer.getvalue()]), {}

    def stop(self, timeout: int) -> None:
        self._process.send_signal(signal.SIGTERM)
        self._process.communicate(timeout=timeout)

    def remove(self, force: bool, v: bool) -> None:
        self.removed = force and v
        shutil.rmtree(self.state)


class StandInEngine:
    """The two collections of the SDK's client that the provider uses."""

    def __init__(self, command: list[str] | None = None) -> None:
        self.images = self
        self.containers = self
        self.built: list[dict[str, Any]] = []
        self.started: list[dict[str, Any]] = []
        self.container: StandInContainer | None = None
        self._command = command

    def build(self, **arguments: Any) -> None:
        self.built.append(arguments)

    def run(self, image: str, command: list[str], **arguments: Any) -> StandInContainer:
        self.started.append({"image": image, **arguments})
        self.container = StandInContainer(self._command or command, arguments["environment"])
        return self.container


def log_in(server: SshServer, command: str) -> str:
    argv = ["ssh", "-F", "none", "-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=yes"]
    argv += ["-o", f"UserKnownHostsFile={server.known_hosts}", "-i", str(server.keys.ed25519)]
    argv += ["-p", str(server.port), f"{server.user}@{server.host}", command]
    done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=60)
    return done.stdout + done.stderr


@pytest.fixture
def native(services: Services, sshd: SshServer) -> None:
    """What the stand-in needs: that this machine can run the services."""
    services.require_native()


@pytest.mark.usefixtures("native")
def test_sshd_record_leads_to_the_server() -> None:
    engine = StandInEngine()
    with DockerProvider(engine).sshd() as server:
        assert log_in(server, "whoami") == "xenon\n"
        assert all(
            Path(key).is_file() for key in vars(server.keys).values() if key != "open sesame"
        )
        ports = engine.started[0]["ports"]
        assert ports == {f"{server.port}/tcp": ("127.0.0.1", server.port)}
        assert engine.built[0]["tag"] == engine.started[0]["image"]
    assert engine.container
    assert engine.container.removed
    assert log_in(server, "whoami").endswith("Connection refused\n")


@pytest.mark.usefixtures("native")
def test_chain_record_leads_to_three_servers() -> None:
    with DockerProvider(StandInEngine()).ssh_chain() as chain:
        servers = (*chain.hops, chain.target)
        names = [log_in(server, "whoami").strip() for server in servers]
        assert names == ["xenon-hop1", "xenon-hop2", "xenon"]
        assert all(f":{server.port}," in chain.known_hosts.read_text() for server in servers)


@pytest.mark.usefixtures("native", "proftpd_sftp")
def test_proftpd_record_leads_to_the_server() -> None:
    with DockerProvider(StandInEngine()).proftpd_sftp() as server:
        assert "exec request failed" in log_in(server, "whoami")  # after a log-in


@pytest.mark.usefixtures("native", "atd")
def test_at_record_leads_to_a_machine_with_at() -> None:
    with DockerProvider(StandInEngine()).atd() as host:
        assert not host.local
        assert log_in(host.ssh, "atq; echo $?") == "0\n"


@pytest.mark.usefixtures("native", "proftpd_ftp", "vsftpd", "pureftpd")
@pytest.mark.parametrize("name", ["proftpd_ftp", "vsftpd", "pureftpd"])
def test_ftp_records_lead_to_the_servers(name: str) -> None:
    engine = StandInEngine()
    with getattr(DockerProvider(engine), name)() as server:
        context = ssl.create_default_context(cafile=str(server.certificate))
        with ftplib.FTP_TLS(context=context, timeout=10) as ftp:
            ftp.connect(server.host, server.port)
            ftp.login(server.user, server.password)
            assert ftp.pwd().endswith(server.directory.removeprefix(docker_provider.STATE))
        assert len(engine.started[0]["ports"]) == (100 if name == "pureftpd" else 300)


@pytest.mark.usefixtures("native", "apache", "nginx", "lighttpd")
@pytest.mark.parametrize("name", ["apache", "nginx", "lighttpd"])
def test_dav_records_lead_to_the_servers(name: str) -> None:
    requests = pytest.importorskip("requests")
    with getattr(DockerProvider(StandInEngine()), name)() as server:
        url = f"http://{server.host}:{server.port}{server.basic}/"
        login = (server.user, server.password)
        listed = requests.request("PROPFIND", url, auth=login, headers={"Depth": "1"}, timeout=10)
        assert listed.status_code == 207
        if server.certificate:
            secure = f"https://{server.host}:{server.tls_port}{server.public}/"
            trust = str(server.certificate)
            assert requests.get(secure, verify=trust, timeout=10).status_code == 200


@pytest.mark.usefixtures("native")
def test_s3_record_leads_to_the_server(seaweed: S3Server, monkeypatch: pytest.MonkeyPatch) -> None:
    programs = state.state_directory() / "seaweed-venv"
    prepare = StandInContainer.prepare

    def with_programs(container: StandInContainer) -> None:
        prepare(container)
        (container.state / "seaweed-venv").symlink_to(programs)

    monkeypatch.setattr(StandInContainer, "prepare", with_programs)
    with DockerProvider(StandInEngine()).seaweed() as server:
        assert server.port != seaweed.port
        with pytest.raises(urllib.error.HTTPError, match="403"):
            urllib.request.urlopen(server.endpoint, timeout=10)


@pytest.mark.rgw
@pytest.mark.usefixtures("native")
def test_rgw_record_leads_to_the_server(rgw: S3Server) -> None:
    with DockerProvider(StandInEngine()).rgw() as server:
        assert server.port != rgw.port
        with urllib.request.urlopen(server.endpoint, timeout=10) as answer:
            assert b"ListAllMyBucketsResult" in answer.read()


@pytest.mark.usefixtures("native", "slurm")
@pytest.mark.parametrize("accounting", [True, False])
def test_slurm_record_leads_to_the_login_node(accounting: bool) -> None:
    with DockerProvider(StandInEngine()).slurm(accounting=accounting) as cluster:
        assert cluster.accounting is accounting
        assert not cluster.local
        assert log_in(cluster.ssh, "srun hostname; sinfo -ho %P").split()[1:] == [
            "mypartition*",
            "otherpartition",
        ]


@pytest.mark.usefixtures("native")
def test_container_that_ends_is_an_error_and_is_removed() -> None:
    engine = StandInEngine(["python3", "-c", "print('cannot go on')"])
    with pytest.raises(ServiceError, match="cannot go on"), DockerProvider(engine).sshd():
        pass
    assert engine.container
    assert engine.container.removed


def test_no_engine_is_a_reason_to_skip(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "unix:///nonexistent.sock")
    with pytest.raises(ServiceUnavailable, match="no container engine"):
        DockerProvider.from_environment()


@pytest.mark.parametrize("name", ["reload", "logs", "exec_run", "get_archive", "stop", "remove"])
def test_stand_in_has_the_arguments_of_the_sdk(name: str) -> None:
    ours = inspect.signature(getattr(StandInContainer, name)).parameters
    real = inspect.signature(getattr(Container, name)).parameters
    takes_any = any(each.kind is each.VAR_KEYWORD for each in real.values())
    assert takes_any or set(ours) <= set(real)


@pytest.mark.parametrize(
    ("image", "packages"),
    [
        ("openssh", SSHD_PACKAGES),
        ("at", (*SSHD_PACKAGES, *AT_PACKAGES)),
        ("slurm", SLURM_PACKAGES),
        ("proftpd", PROFTPD_PACKAGES),
        ("pureftpd", PUREFTPD_PACKAGES),
        ("rgw", RgwService.packages),
        ("seaweed", SeaweedService.packages),
        ("vsftpd", VSFTPD_PACKAGES),
        ("webdav", (*ApacheService.packages, *NginxService.packages, *LighttpdService.packages)),
    ],
)
def test_dockerfile_installs_what_its_service_needs(image: str, packages: tuple[str, ...]) -> None:
    text = (IMAGES / image / "Dockerfile").read_text().replace("\\\n", " ")
    instructions = [line.split()[0] for line in text.splitlines() if line and line[0] != "#"]
    later = (
        ["RUN"] if image in ("proftpd", "pureftpd", "seaweed", "vsftpd") else []
    )  # unpacks what cannot be installed
    assert instructions == ["FROM", "RUN", "COPY", "WORKDIR", "ENV", *later, "CMD"]
    installed = re.search(r"--no-install-recommends (.*?) &&", text)
    assert installed
    assert {*packages, "python3"} == set(installed[1].split())
    assert f"XENON_TEST_STATE={docker_provider.STATE}" in text


def test_compose_file_names_existing_images_and_their_ports() -> None:
    yaml = pytest.importorskip("yaml")
    services = yaml.safe_load((IMAGES / "compose.yaml").read_text())["services"]
    assert set(services) == {path.parent.name for path in IMAGES.glob("*/Dockerfile")}
    for name, service in services.items():
        context = IMAGES / service["build"]["context"]
        assert (context / service["build"]["dockerfile"]).samefile(IMAGES / name / "Dockerfile")
        assert (context / "services" / "__main__.py").is_file()
        base = int(service["environment"]["XENON_TEST_PORT_BASE"])
        for port in service["ports"]:
            address, outside, inside = port.split(":")
            assert (address, outside) == ("127.0.0.1", inside)
            assert 0 < int(inside.split("-")[0]) - base < 1000


def test_docker_folder_holds_no_python() -> None:
    assert not list(IMAGES.rglob("*.py"))
