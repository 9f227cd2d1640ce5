"""The accounts that the servers let in: `xenon`/`javagat`, as in Xenon's images, and more."""

import pwd
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from services.packages import require_root
from services.state import machine_lock

_NOISE = """\
# Test noise: what a careless .bashrc prints into every command's streams.
echo "Welcome, this line comes from .bashrc"
echo "and this one goes to standard error" >&2
"""


@dataclass(frozen=True)
class Account:
    """A system user of the tests."""

    name: str
    password: str = field(repr=False)
    noisy: bool = False  # its .bashrc prints to both streams


XENON = Account("xenon", "javagat")
NOISY = Account("xenon-noisy", "javagat-noisy", noisy=True)
HOPS = (Account("xenon-hop1", "first-door"), Account("xenon-hop2", "second-door"))


def ensure(account: Account) -> Path:
    """Make the account if it is missing, set its password, return its home directory."""
    require_root()
    with machine_lock():
        if not _exists(account.name):
            subprocess.run(["useradd", "-m", "-s", "/bin/bash", account.name], check=True)
        # Tests log in thousands of times, and Debian's usual kind of hash takes long on purpose.
        subprocess.run(
            ["chpasswd", "--crypt-method", "SHA256", "--sha-rounds", "1000"],
            input=f"{account.name}:{account.password}\n",
            text=True,
            check=True,
        )
        home = Path(pwd.getpwnam(account.name).pw_dir)
        if account.noisy:
            (home / ".bashrc").write_text(_NOISE)
    return home


def _exists(name: str) -> bool:
    try:
        pwd.getpwnam(name)
    except KeyError:
        return False
    return True


def as_user(name: str, argv: list[str]) -> list[str]:
    """The command line that runs `argv` with the rights of the user `name`."""
    return ["setpriv", f"--reuid={name}", f"--regid={name}", "--init-groups", *argv]
