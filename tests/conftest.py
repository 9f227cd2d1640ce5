"""Options and fixtures of all tests."""

import signal

import pytest
from hypothesis import HealthCheck, settings

from services.fixtures import (  # noqa: F401 - pytest finds fixtures by name in this module
    apache,
    atd,
    gridengine,
    lighttpd,
    new_sshd,
    nginx,
    openpbs,
    private_slurm,
    proftpd_ftp,
    proftpd_sftp,
    pureftpd,
    rgw,
    s3,
    seaweed,
    services,
    slurm,
    slurm_without_accounting,
    ssh_chain,
    sshd,
    torque,
    vsftpd,
)

pytest.register_assert_rewrite("support.drmaa")

# A busy machine is slow, not wrong: no example has a time limit.
settings.register_profile("unhurried", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("unhurried")


# Shells start what is to run in the background with Ctrl-C ignored, which its children inherit;
# there are tests of what Ctrl-C does to them.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_addoption(parser: pytest.Parser) -> None:
    """The provider of the servers, and whether tests may do without them."""
    group = parser.getgroup("services", "real servers for the tests")
    group.addoption(
        "--services",
        choices=("native", "docker"),
        default="native",
        help="who starts the servers: this machine (root, Debian) or a container engine",
    )
    group.addoption(
        "--require-services",
        action="store_true",
        help="a service that cannot be had is a failure, as in CI (environment variable CI)",
    )
    group.addoption(
        "--large-copies",
        choices=("ring", "all"),
        default="ring",
        help="copy a file of 300 MB around a ring of all file systems, or between all pairs",
    )
    group.addoption(
        "--rgw",
        action="store_true",
        help="run the tests of S3 on Ceph's gateway too: minutes to install, seconds to start",
    )


def pytest_report_header(config: pytest.Config) -> str:
    """Tell whether S3 is tested on Ceph's gateway."""
    return f"rgw: {'on' if config.getoption('--rgw') else 'left out, runs with --rgw only'}"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what takes Ceph's gateway, unless it is asked for."""
    if config.getoption("--rgw"):
        return
    left_out = [item for item in items if item.get_closest_marker("rgw")]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if not item.get_closest_marker("rgw")]
