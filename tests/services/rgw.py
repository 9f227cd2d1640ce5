"""Ceph's object gateway (RGW) on 127.0.0.1, from Debian: of all S3 servers closest to Amazon's.

One monitor and one storage daemon, which keeps everything in memory, stand behind it. Installing
takes more than a minute and starting some 15 s, so it is used only where it is asked for by name.
"""

import json
import shutil
import subprocess
import uuid
from pathlib import Path

from services import users
from services.daemon import Daemon, log_end, wait_until
from services.errors import ServiceError
from services.records import S3Server
from services.seaweed import DOMAIN, READER, answers
from services.service import Service
from services.state import choose_ports, listen_address, make_directory

OFFSET = 60
PORTS = 20
PACKAGES = ("ceph-mon", "ceph-osd", "radosgw", "ceph-common")
_LIMITED = ("limited", "limited-secret")
_QUOTA = 16 * 1024 * 1024  # bytes that the limited one may store
_DAEMONS = ("mon", "osd", "gateway")

# A program of Ceph may ask the monitor before it was told of what cluster that is, and is refused
# ("wrong fsid", EPERM). So commands are tried again, and the storage daemon asks for nothing: one
# that is refused ends (the two *_on_start).
_CONFIGURATION = """\
[global]
fsid = {cluster}
mon_host = v1:127.0.0.1:{monitor}
auth_cluster_required = none
auth_service_required = none
auth_client_required = none
public_addr = 127.0.0.1
cluster_addr = 127.0.0.1
ms_bind_msgr2 = false
ms_bind_ipv6 = false
ms_bind_port_min = {first}
ms_bind_port_max = {last}
keyring = {at}/keyring
run_dir = {at}
log_file = {at}/$name.log
admin_socket = {at}/$name.asok
pid_file =
crash_dir = {at}
mon_cluster_log_to_file = false
mon_data = {at}/mon
mon_allow_pool_size_one = true
osd_data = {at}/osd
osd_objectstore = memstore
memstore_device_bytes = 4294967296
osd_pool_default_size = 1
osd_pool_default_min_size = 1
osd_pool_default_pg_num = 4
osd_pool_default_pgp_num = 4
osd_pool_default_pg_autoscale_mode = off
osd_crush_chooseleaf_type = 0
osd_crush_update_on_start = false
osd_class_update_on_start = false
[client.rgw]
rgw_data = {at}/gateway
rgw_frontends = beast endpoint={listen}:{port} tcp_nodelay=1
rgw_dns_name = {domain}
rgw_sts_key = abcdefghijklmnop
rgw_s3_auth_use_sts = true
rgw_s3_auth_order = local, sts
rgw_gc_obj_min_wait = 60
rgw_gc_processor_period = 60
"""


class RgwService(Service[S3Server]):
    """A monitor, a storage daemon and `radosgw`; its data are gone when it stops."""

    name = "rgw"
    packages = PACKAGES
    on_request = True

    def start(self) -> S3Server:
        at = make_directory(self.directory)
        if not self.running():
            self.stop()
            shutil.rmtree(at / "ceph", ignore_errors=True)
            port = choose_ports(at, "s3", OFFSET, PORTS)
            (at / "port").write_text(str(port))
            _Cluster(make_directory(at / "ceph"), port, self._daemons()).start()
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
            program="Ceph",
            keeps_a_tree=False,
            creates_once=True,
            domain=DOMAIN,
            limited=_LIMITED,
        )

    def stop(self) -> None:
        for daemon in reversed(self._daemons().values()):
            daemon.stop_tree()  # at once: nothing that they hold is kept

    def running(self) -> bool:
        return all(daemon.pid is not None for daemon in self._daemons().values())

    def _daemons(self) -> dict[str, Daemon]:
        return {name: Daemon(self.directory, name) for name in _DAEMONS}


class _Cluster:
    """What is done to get from an empty directory to a gateway.

    Args:
        at: the directory.
        port: of the gateway; those of the others follow.
        daemons: by name.
    """

    def __init__(self, at: Path, port: int, daemons: dict[str, Daemon]) -> None:
        self._at = at
        self._port = port
        self._daemons = daemons
        self._cluster = str(uuid.uuid4())
        self._log = at / "commands.log"
        self._configuration = at / "ceph.conf"

    def start(self) -> None:
        """Start everything; ServiceError with the end of a log where that fails."""
        self._configuration.write_text(
            _CONFIGURATION.format(
                at=self._at,
                cluster=self._cluster,
                monitor=self._port + 1,
                first=self._port + 2,
                last=self._port + PORTS - 1,
                listen=listen_address(),
                port=self._port,
                domain=DOMAIN,
            )
        )
        self._start_monitor()
        self._start_storage()
        self._make_identities()
        self._spawn("gateway", "radosgw", "-n", "client.rgw")
        log = self._daemons["gateway"].log
        wait_until(lambda: answers(self._port), 60, "radosgw", log)

    def _start_monitor(self) -> None:
        keyring, monitors = str(self._at / "keyring"), str(self._at / "monitors")
        self._run("ceph-authtool", "--create-keyring", keyring, "--gen-key", "-n", "mon.")
        address = f"[v1:127.0.0.1:{self._port + 1}]"
        self._run(
            *("monmaptool", "--create", "--addv", "a", address),
            *("--fsid", self._cluster, monitors),
        )
        self._run("ceph-mon", "--mkfs", "-i", "a", "--monmap", monitors, "--keyring", keyring)
        self._spawn("mon", "ceph-mon", "-i", "a")

    def _start_storage(self) -> None:
        (self._at / "osd").mkdir()
        identity = str(uuid.uuid4())  # told twice: with two of them it would never come up
        self._ask_until_answered("osd", "new", identity, "0")
        self._ask_until_answered("osd", "crush", "add", "osd.0", "1.0", "host=here", "root=default")
        self._run("ceph-osd", "-i", "0", "--mkfs", "--osd-uuid", identity)
        self._spawn("osd", "ceph-osd", "-i", "0")
        log = self._daemons["osd"].log
        wait_until(self._storage_is_up, 60, "ceph-osd", log)

    def _storage_is_up(self) -> bool:
        answer = self._ask("osd", "stat", "--format=json")
        return bool(answer and json.loads(answer)["num_up_osds"] == 1)

    def _make_identities(self) -> None:
        """The test user, a part of it that may only read, and somebody who may store little."""
        user = users.XENON
        self._make_user(user.name, user.name, user.password, "--caps=roles=*")
        subuser = f"--subuser={user.name}:{READER[0]}"
        self._administer("subuser", "create", f"--uid={user.name}", subuser, "--access=read")
        key, secret = READER
        self._administer(
            *("key", "create", subuser, "--key-type=s3"),
            *(f"--access-key={key}", f"--secret={secret}"),
        )
        self._make_user("limited", *_LIMITED, f"--rgw-user-default-quota-max-size={_QUOTA}")

    def _make_user(self, name: str, key: str, secret: str, *options: str) -> None:
        self._administer(
            *("user", "create", f"--uid={name}", f"--display-name={name}"),
            *(f"--access-key={key}", f"--secret={secret}", *options),
        )

    def _administer(self, *words: str) -> None:
        self._run("radosgw-admin", "-n", "client.rgw", *words)

    def _spawn(self, name: str, program: str, *arguments: str) -> None:
        self._daemons[name].spawn([program, "-f", "-c", str(self._configuration), *arguments])

    def _ask_until_answered(self, *words: str) -> None:
        """Tell the monitor something; to be told twice does it no harm."""
        wait_until(lambda: self._ask(*words) is not None, 60, "ceph-mon", self._log)

    def _ask(self, *words: str) -> str | None:
        """Return the answer of the monitor; None if there is none, as on a busy machine."""
        try:
            return self._run("ceph", "--connect-timeout=20", *words)
        except ServiceError:
            return None

    def _run(self, program: str, *arguments: str) -> str:
        """Run a command of Ceph; return what it prints."""
        command = [program, "-c", str(self._configuration), *arguments]
        try:
            with self._log.open("a") as log:
                done = subprocess.run(
                    command,
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE,
                    stderr=log,
                    text=True,
                    timeout=90,
                    check=True,
                )
        except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
            raise ServiceError(f"{program} failed; {self._log}:\n{log_end(self._log)}") from error
        return done.stdout
