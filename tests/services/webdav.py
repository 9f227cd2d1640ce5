"""WebDAV servers on 127.0.0.1: Apache's mod_dav, nginx with dav-ext, lighttpd's mod_webdav."""

import hashlib
import shutil
import subprocess
from pathlib import Path

from services import certificates, users
from services.daemon import Daemon, wait_until
from services.records import DavServer
from services.service import Service
from services.state import choose_ports, listen_address, make_directory, port_is_open

_REALM = "xenon-test-digest"
_APACHE_MODULES = (
    *("mpm_event", "authn_core", "authn_file", "authz_core", "authz_user", "auth_basic"),
    *("auth_digest", "dav", "dav_fs", "dav_lock", "alias", "autoindex", "dir", "mime", "headers"),
    *("setenvif", "ssl", "socache_shmcb", "env", "reqtimeout"),
)


class WebServer(Service[DavServer]):
    """What the three have in common: one daemon with one configuration file."""

    offset: int
    ports = 1
    collections: tuple[str, ...] = ("dav",)

    def start(self) -> DavServer:
        daemon, at = self._daemon(), make_directory(self.directory)
        if not daemon.pid:
            port = choose_ports(at, "http", self.offset, self.ports)
            (at / "port").write_text(str(port))
            for name in (*self.collections, "scratch"):
                shutil.chown(make_directory(at / name), "www-data", "www-data")
            (at / "users").write_text(_basic_line())
            (at / "server.conf").write_text(self.configuration(port))
            (at / f"{self.name}.pid").unlink(missing_ok=True)  # Apache would trust an old one
            daemon.spawn(self.command(at / "server.conf"))
            wait_until(lambda: port_is_open(port), 10, self.name, daemon.log)
        return self.record(int((at / "port").read_text()))

    def stop(self) -> None:
        self._daemon().stop_tree()

    def running(self) -> bool:
        return self._daemon().pid is not None

    def record(self, port: int) -> DavServer:
        """The record of the server on this port."""
        account = users.XENON
        return DavServer("127.0.0.1", port, account.name, account.password, basic="/dav")

    def configuration(self, port: int) -> str:
        """The text of the server's configuration file."""
        raise NotImplementedError

    def command(self, configuration: Path) -> list[str]:
        """The command line that runs the server in the foreground."""
        raise NotImplementedError

    def _daemon(self) -> Daemon:
        return Daemon(self.directory, self.name)


class ApacheService(WebServer):
    """Apache: basic, digest and no authentication, http and https."""

    name = "apache"
    packages = ("apache2-bin", "media-types", *certificates.PACKAGES)
    offset = 30
    ports = 2
    collections = ("dav", "digest", "public")

    def record(self, port: int) -> DavServer:
        return DavServer(
            host="127.0.0.1",
            port=port,
            user=users.XENON.name,
            password=users.XENON.password,
            basic="/dav",
            digest="/digest",
            public="/public",
            tls_port=port + 1,
            certificate=certificates.location().certificate,
        )

    def command(self, configuration: Path) -> list[str]:
        return ["/usr/sbin/apache2", "-D", "FOREGROUND", "-f", str(configuration)]

    def configuration(self, port: int) -> str:
        at, tls = self.directory, certificates.certificate()
        (at / "digests").write_text(_digest_line())
        modules = "".join(
            f"LoadModule {name}_module /usr/lib/apache2/modules/mod_{name}.so\n"
            for name in _APACHE_MODULES
        )
        return f"""\
ServerRoot {at}
ServerName localhost
Listen {listen_address()}:{port}
Listen {listen_address()}:{port + 1}
PidFile {at}/{self.name}.pid
Mutex file:{at}/scratch default
DefaultRuntimeDir {at}/scratch
User www-data
Group www-data
{modules}\
TypesConfig /etc/mime.types
ErrorLog {at}/error.log
LogLevel warn
KeepAlive On
MaxKeepAliveRequests 0
KeepAliveTimeout 30
StartServers 2
ThreadsPerChild 25
MaxRequestWorkers 150
DavLockDB {at}/scratch/locks
DocumentRoot {at}/scratch
<Directory />
  AllowOverride none
  Require all denied
</Directory>
Alias /dav {at}/dav
<Directory {at}/dav>
  Options Indexes FollowSymLinks
  Dav On
  AuthType Basic
  AuthName xenon-test
  AuthUserFile {at}/users
  Require valid-user
</Directory>
Alias /digest {at}/digest
<Directory {at}/digest>
  Dav On
  AuthType Digest
  AuthName {_REALM}
  AuthDigestProvider file
  AuthUserFile {at}/digests
  Require valid-user
</Directory>
Alias /public {at}/public
<Directory {at}/public>
  Options Indexes FollowSymLinks
  Dav On
  Require all granted
</Directory>
<VirtualHost *:{port + 1}>
  SSLEngine on
  SSLCertificateFile {tls.certificate}
  SSLCertificateKeyFile {tls.key}
</VirtualHost>
"""


class NginxService(WebServer):
    """nginx, which wants a slash behind every collection."""

    name = "nginx"
    packages = ("nginx", "libnginx-mod-http-dav-ext", *certificates.PACKAGES)
    offset = 32

    def command(self, configuration: Path) -> list[str]:
        return ["/usr/sbin/nginx", "-c", str(configuration), "-g", "daemon off;"]

    def configuration(self, port: int) -> str:
        at = self.directory
        temporary = "".join(
            f"  {name}_temp_path {at}/scratch/{name};\n"
            for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        return f"""\
load_module /usr/lib/nginx/modules/ngx_http_dav_ext_module.so;
user www-data;
worker_processes 1;
pid {at}/nginx.pid;
error_log {at}/error.log;
events {{ worker_connections 256; }}
http {{
  access_log off;
  client_max_body_size 0;
  default_type application/octet-stream;
{temporary}\
  dav_ext_lock_zone zone=locks:1m;
  server {{
    listen {listen_address()}:{port};
    location /dav/ {{
      root {at};
      autoindex on;
      create_full_put_path off;
      dav_methods PUT DELETE MKCOL COPY MOVE;
      dav_ext_methods PROPFIND OPTIONS LOCK UNLOCK;
      dav_ext_lock zone=locks;
      auth_basic xenon-test;
      auth_basic_user_file {at}/users;
    }}
  }}
}}
"""


class LighttpdService(WebServer):
    """lighttpd."""

    name = "lighttpd"
    packages = ("lighttpd", "lighttpd-mod-webdav", *certificates.PACKAGES)
    offset = 33

    def command(self, configuration: Path) -> list[str]:
        return ["/usr/sbin/lighttpd", "-D", "-f", str(configuration)]

    def configuration(self, port: int) -> str:
        at = self.directory
        shutil.chown(make_directory(at / "root"), "www-data", "www-data")
        return f"""\
server.modules = ("mod_auth", "mod_authn_file", "mod_alias", "mod_webdav")
server.document-root = "{at}/root"
alias.url = ("/dav" => "{at}/dav")
server.bind = "{listen_address()}"
server.port = {port}
server.username = "www-data"
server.groupname = "www-data"
server.errorlog = "{at}/scratch/error.log"
server.upload-dirs = ("{at}/scratch")
# With it, a file that COPY or MOVE replaced is served as it was, for up to two seconds.
server.stat-cache-engine = "disable"
webdav.activate = "enable"
webdav.is-readonly = "disable"
webdav.sqlite-db-name = "{at}/scratch/properties.db"
auth.backend = "htpasswd"
auth.backend.htpasswd.userfile = "{at}/users"
auth.require = ("" => ("method" => "basic", "realm" => "xenon-test", "require" => "valid-user"))
"""


def _basic_line() -> str:
    """The test user's line of a password file, hashed as htpasswd does it."""
    hashed = subprocess.run(
        ["openssl", "passwd", "-apr1", "-stdin"],
        input=users.XENON.password,
        capture_output=True,
        text=True,
        check=True,
    )
    return f"{users.XENON.name}:{hashed.stdout.strip()}\n"


def _digest_line() -> str:
    """The test user's line of a digest file (RFC 7616 with MD5, which mod_auth_digest knows)."""
    account = users.XENON
    secret = f"{account.name}:{_REALM}:{account.password}"
    return f"{account.name}:{_REALM}:{hashlib.md5(secret.encode()).hexdigest()}\n"
