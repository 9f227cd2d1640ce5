"""Test services by hand: `cd tests && python3 -m services start|stop|status|install [NAME...]`."""

import argparse
import pprint
import sys

from services.errors import ServiceError, ServiceUnavailable
from services.registry import SERVICES


def main() -> int:
    """Run one command for the named services (default: all of them)."""
    parser = argparse.ArgumentParser(prog="python3 -m services", description=__doc__)
    parser.add_argument("command", choices=("install", "start", "stop", "status"))
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of: {', '.join(SERVICES)}")
    arguments = parser.parse_args()
    unknown = [name for name in arguments.names if name not in SERVICES]
    if unknown:
        parser.error(f"no such service: {', '.join(unknown)}")
    done = [_run(arguments.command, name) for name in arguments.names or SERVICES]
    return 0 if all(done) else 1


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
            running = service.running()
            print(f"{name}: {'running' if running else 'not running'}")
            return running
    except (ServiceUnavailable, ServiceError) as problem:
        print(f"{name}: {problem}", file=sys.stderr)
        return False
    return True


if __name__ == "__main__":
    sys.exit(main())
