"""The ``xenon-py`` command."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

from xenon_py.exceptions import XenonException


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command.

    Args:
        arguments: words after the command's name; ``None`` = those of the process.

    Returns:
        0 when all went well, 1 on an error (told on standard error; nothing is said when it is
        that nobody reads standard output), 2 on wrong usage, 130 when it was interrupted.
    """
    parser = _parser()
    options = parser.parse_args(arguments)
    if options.command is None:
        parser.print_help(sys.stderr)
        return 2
    try:
        result = _run(options)
        sys.stdout.flush()  # here its errors can be told
    except XenonException as error:
        print(f"xenon-py: {error}", file=sys.stderr)
        return 1
    except BrokenPipeError:
        _give_up_output()
        return 1
    except OSError as error:
        _give_up_output()
        print(f"xenon-py: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("xenon-py: interrupted", file=sys.stderr)
        return 130
    return result


def _give_up_output() -> None:
    """Send what is left to nowhere: the interpreter would try once more to write it."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _run(options: argparse.Namespace) -> int:
    if options.command == "demo":
        from xenon_py.cli.demo import run_demo

        return run_demo(sys.stdout, options.seconds)
    from xenon_py.cli.adaptors import list_adaptors, show_adaptor

    if options.name is None:
        return list_adaptors(sys.stdout)
    return show_adaptor(sys.stdout, options.name)


def _parser() -> argparse.ArgumentParser:
    from xenon_py import __version__

    parser = argparse.ArgumentParser(
        prog="xenon-py", description="Move files and run jobs anywhere.", allow_abbrev=False
    )
    parser.add_argument("--version", action="version", version=f"xenon-py {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    demo = commands.add_parser(
        "demo",
        help="run a small job on this machine and tell what happens",
        description="Writes a script, runs it as a job on this machine, shows the job's states as "
        "they change, and reads the result back. Works in a temporary directory.",
    )
    demo.add_argument(
        "--seconds",
        type=_seconds,
        default=1.0,
        metavar="S",
        help="how long the job works (default: %(default)s)",
    )
    adaptors = commands.add_parser(
        "adaptors",
        help="list the installed adaptors, or describe one",
        description="Lists the installed adaptors; with a name, describes that one: locations, "
        "credentials, capabilities, properties.",
    )
    adaptors.add_argument("name", nargs="?", metavar="NAME", help="an adaptor, e.g. slurm")
    return parser


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds <= 3600:
        raise argparse.ArgumentTypeError(f"{text!r} is no number from 0 to 3600")
    return seconds
