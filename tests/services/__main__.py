"""Test services by hand: in the folder tests, `python3 -m services start|stop|... [NAME...]`."""

import argparse
import contextlib
import os
import pprint
import signal
import sys

from services import packages
from services.errors import ServiceError, ServiceUnavailable
from services.registry import SERVICES


def main() -> int:
    """Run one command for the named services.

    Without names: for all of them, but those `on_request` are neither installed nor started.
    """
    parser = argparse.ArgumentParser(prog="python3 -m services", description=__doc__)
    parser.add_argument("command", choices=("install", "start", "stop", "status", "run"))
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of: {', '.join(SERVICES)}")
    arguments = parser.parse_args()
    unknown = [name for name in arguments.names if name not in SERVICES]
    if unknown:
        parser.error(f"no such service: {', '.join(unknown)}; there are {', '.join(SERVICES)}")
    names = arguments.names or usual(arguments.command)
    if arguments.command == "install" and os.geteuid() == 0:
        _install_packages(names)
    if arguments.command == "run":
        return _run_until_told(names)
    done = [_run(arguments.command, name) for name in names]
    return 0 if all(done) else 1


def usual(command: str) -> list[str]:
    """Return what a command is for where no names are given."""
    begins = command in {"install", "start", "run"}
    return [name for name in SERVICES if not (begins and SERVICES[name].on_request)]


def _run_until_told(names: list[str]) -> int:
    """Start services, wait for TERM or INT, stop them: the main process of a container."""
    with contextlib.ExitStack() as stack:
        try:
            for name in names:
                stack.enter_context(SERVICES[name]().use())
                print(f"{name}: running", flush=True)
        except (ServiceUnavailable, ServiceError) as problem:
            print(problem, file=sys.stderr)
            return 1
        ends = {signal.SIGTERM, signal.SIGINT}
        signal.pthread_sigmask(signal.SIG_BLOCK, ends)  # not earlier: daemons would inherit it
        signal.sigwait(ends)
    return 0


def _install_packages(names: list[str]) -> None:
    """Install the packages of all services by one run of apt, which is much quicker than many."""
    try:
        packages.install(sorted({name for each in names for name in SERVICES[each].packages}))
    except ServiceUnavailable as problem:
        print(f"{problem}; trying each service alone", file=sys.stderr)


def _run(command: str, name: str) -> bool:
    service = SERVICES[name]()
    try:
        if command == "install":
            service.install()
            print(f"{name}: installed")
        elif command == "start":
            print(f"{name}:")
            pprint.pprint(service.keep())
        elif command == "stop":
            service.dismiss()
            print(f"{name}: stopped")
        else:
            running = service.is_up()
            print(f"{name}: {'running' if running else 'not running'}")
            return running
    except (ServiceUnavailable, ServiceError) as problem:
        print(f"{name}: {problem}", file=sys.stderr)
        return False
    return True


if __name__ == "__main__":
    sys.exit(main())
