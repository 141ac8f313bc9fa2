"""The command line: the parser, and the one place that turns errors into text and exit codes.

Exit codes everywhere: 0 done, nothing wrong; 1 a check failed, an overwrite was refused, the tree drifted; 2 the config or the
command line is wrong; 3 a needed program or service is missing or failed.
"""

from __future__ import annotations

import os
import sys
from importlib import import_module


def main(argv: list[str] | None = None) -> int:
    """Runs one command. Returns its exit code; argparse ends a wrong command line with 2 itself."""
    from rediskit.cli.terminal import visible_output

    try:
        with visible_output():
            return _run(argv)
    except KeyboardInterrupt as interrupt:
        return 128 + getattr(interrupt, "number", 2)


def _run(argv: list[str] | None) -> int:
    from rediskit.cli.parser import parse

    arguments = parse(argv)
    from rediskit.cli.process import check_folder
    from rediskit.cli.report import report_error
    from rediskit.errors import RediskitError

    # No plugin of somebody else has a say in our models; looking for one reads the metadata of every installed package.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    try:
        check_folder()
        verb = import_module(arguments.module)
        code: int = verb.run(arguments)
        sys.stdout.flush()
        return code
    except RediskitError as error:
        if arguments.debug:
            _show_traceback()
        return report_error(error, as_json=arguments.json)
    except BrokenPipeError:
        # The reader of our output has gone: nothing is left to say.
        _give_up_output()
        return 1
    except Exception as error:  # noqa: BLE001 - the outermost level: what nobody foresaw is said in two lines and ends with 3
        if isinstance(error, OSError) and (reason := _output_refuses()):
            _give_up_output()
            print(f"error: standard output can't be written: {reason}", file=sys.stderr)
            print("  help: the command has run to its end: verify its result with rediskit check or git status", file=sys.stderr)
            return 3
        if arguments.debug:
            _show_traceback()
        print(f"error: internal error: {type(error).__name__}", file=sys.stderr)
        print("  help: report it with the output of the same command and --debug", file=sys.stderr)
        return 3


def _output_refuses() -> str:
    """Why standard output takes no more, as where the disk that it is redirected to is full; "" when it does: an empty line shows it."""
    try:
        print(flush=True)
    except OSError as error:
        return str(error.strerror or error)
    return ""


def _give_up_output() -> None:
    """Lets go of standard output, so that Python does not complain when it flushes at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def program() -> None:
    """The command as a process of its own; never returns.

    The interpreter is not taken down piece by piece: nothing is left to do, and it would take a tenth of a short run.
    """
    from rediskit.cli.process import prepare

    prepare()
    code = main()
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except BrokenPipeError:
        code = code or 1
    os._exit(code)


def _show_traceback() -> None:
    """Where an error was raised, on top of what is said without --debug; the exit code stays the same."""
    from traceback import print_exc

    print_exc()
