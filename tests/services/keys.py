"""SSH keys of the tests: made once per state directory, shared by all sshds of it."""

import subprocess
from dataclasses import dataclass
from pathlib import Path

from services import users
from services.records import SshKeys
from services.state import locked, make_directory, state_directory

PASSPHRASE = "open sesame"
HOST_KEY_TYPES = ("ed25519", "ecdsa", "rsa")
_AUTHORIZED = ("ed25519", "ecdsa", "rsa", "encrypted")


@dataclass(frozen=True)
class KeyRing:
    """The directory with all keys."""

    directory: Path

    def host_key(self, kind: str) -> Path:
        """A private host key: `ed25519`, `ecdsa`, `rsa`, or `other` (an ed25519 that changed)."""
        return self.directory / f"host_{kind}"

    @property
    def user_ca(self) -> Path:
        """Public key of the authority that signs user certificates."""
        return self.directory / "user_ca.pub"

    @property
    def host_certificate(self) -> Path:
        """Certificate of the ed25519 host key."""
        return self.directory / "host_ed25519-cert.pub"

    @property
    def user_keys(self) -> SshKeys:
        """The test user's keys."""
        at = self.directory
        return SshKeys(
            ed25519=at / "id_ed25519",
            ecdsa=at / "id_ecdsa",
            rsa=at / "id_rsa",
            rsa_pem=at / "id_rsa_pem",
            encrypted=at / "id_encrypted",
            certified=at / "id_certified",
            certificate=at / "id_certified-cert.pub",
            stranger=at / "id_stranger",
            passphrase=PASSPHRASE,
        )

    def authorized_keys(self) -> str:
        """The text of an authorized_keys file for the test user's keys."""
        return "".join((self.directory / f"id_{name}.pub").read_text() for name in _AUTHORIZED)

    def known_hosts(self, port: int, kinds: tuple[str, ...] = HOST_KEY_TYPES) -> str:
        """The text of a known_hosts file for an sshd with these host keys."""
        names = f"[127.0.0.1]:{port},[localhost]:{port}"
        return "".join(f"{names} {_public(self.host_key(kind))}\n" for kind in kinds)

    def known_hosts_ca(self, port: int) -> str:
        """The text of a known_hosts file that trusts the hosts' authority only."""
        authority = _public(self.directory / "host_ca")
        return f"@cert-authority [127.0.0.1]:{port},[localhost]:{port} {authority}\n"


def key_ring() -> KeyRing:
    """All keys, made if they are missing."""
    directory = make_directory(state_directory() / "keys")
    complete = directory / "complete"
    with locked(directory / "lock"):
        if not complete.exists():
            _make_all(directory)
            complete.touch()
    return KeyRing(directory)


def _make_all(at: Path) -> None:
    for name in ("id_ed25519", "id_certified", "id_stranger", "host_ed25519", "host_other"):
        _keygen(at / name, "ed25519")
    for name in ("user_ca", "host_ca"):
        _keygen(at / name, "ed25519")
    for kind in ("ecdsa", "rsa"):
        _keygen(at / f"id_{kind}", kind)
        _keygen(at / f"host_{kind}", kind)
    _keygen(at / "id_encrypted", "ed25519", PASSPHRASE)
    pem = at / "id_rsa_pem"
    pem.write_bytes((at / "id_rsa").read_bytes())
    pem.chmod(0o600)
    (at / "id_rsa_pem.pub").write_bytes((at / "id_rsa.pub").read_bytes())
    _ssh_keygen("-p", "-m", "PEM", "-P", "", "-N", "", "-f", str(pem))
    names = ",".join(account.name for account in (users.XENON, *users.HOPS, users.NOISY))
    _ssh_keygen("-s", str(at / "user_ca"), "-I", "user", "-n", names, str(at / "id_certified.pub"))
    _ssh_keygen(
        *("-s", str(at / "host_ca"), "-I", "host", "-h", "-n", "127.0.0.1,localhost"),
        str(at / "host_ed25519.pub"),
    )


def _keygen(path: Path, kind: str, passphrase: str = "") -> None:
    path.unlink(missing_ok=True)  # left by an interrupted run: ssh-keygen would ask
    bits = ("-b", "2048") if kind == "rsa" else ()
    _ssh_keygen("-t", kind, *bits, "-N", passphrase, "-C", path.name, "-f", str(path))


def _ssh_keygen(*arguments: str) -> None:
    command = ["ssh-keygen", "-q", *arguments]
    subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, check=True)


def _public(private: Path) -> str:
    """Type and key of the public half, without its comment."""
    return " ".join(private.with_name(f"{private.name}.pub").read_text().split()[:2])
