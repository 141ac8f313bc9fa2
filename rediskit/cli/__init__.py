"""The command line: the only package that prints, and that turns errors into exit codes.

Exit codes: 0 success; 1 a check failed, a write was refused, or files differ; 2 the config or the command line is wrong;
3 a program or a service is missing or failed.
"""

from __future__ import annotations

import os
import sys
from importlib import import_module

from rediskit import TYPE_CHECKING

if TYPE_CHECKING:
    from rediskit.cli.terminal import StatusLine


def main(argv: list[str] | None = None) -> int:
    """Run one command and return its exit code. The parser exits with 2 for a wrong command line."""
    from rediskit.cli.terminal import visible_output

    try:
        with visible_output() as status:
            return _run(argv, status)
    except KeyboardInterrupt as interrupt:
        return 128 + getattr(interrupt, "number", 2)


def _run(argv: list[str] | None, status: StatusLine) -> int:
    from rediskit.cli.parser import parse

    arguments = parse(argv)
    from rediskit.cli.process import check_folder
    from rediskit.cli.report import error_report, show
    from rediskit.cli.terminal import show_progress
    from rediskit.errors import RediskitError

    # Plugins of other packages must not change the models, and the search for them reads the metadata of every installed package.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    try:
        check_folder()
        show_progress(status, verbose=arguments.verbose, quiet=arguments.quiet)
        if getattr(arguments, "output", "") is None:
            from rediskit.cli.configs import default_output

            arguments.output = default_output()
        code = show(import_module(arguments.module).run(arguments), as_json=arguments.json, quiet=arguments.quiet)
        sys.stdout.flush()
        return code
    except RediskitError as error:
        if arguments.debug:
            _show_traceback()
        return show(error_report(error), as_json=arguments.json)
    except BrokenPipeError:
        # The reader of the output has closed its end of the pipe.
        _discard_output()
        return 1
    except Exception as error:  # noqa: BLE001 - the outermost level: an unexpected error becomes two lines and exit code 3
        if isinstance(error, OSError) and (reason := _output_error()):
            _discard_output()
            print(f"error: standard output can't be written: {reason}", file=sys.stderr)
            print("  help: the command has run to its end: verify its result with rediskit check or git status", file=sys.stderr)
            return 3
        if arguments.debug:
            _show_traceback()
        print(f"error: internal error: {type(error).__name__}", file=sys.stderr)
        print("  help: report it with the output of the same command and --debug", file=sys.stderr)
        return 3


def _output_error() -> str:
    """Return the reason why standard output can't be written, such as a full disk; "" when an empty line can be written."""
    try:
        print(flush=True)
    except OSError as error:
        return str(error.strerror or error)
    return ""


def _discard_output() -> None:
    """Redirect standard output to /dev/null, so that Python reports no error when it flushes at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def program() -> None:
    """Run the command as a program and exit.

    `os._exit` skips the shutdown of the interpreter, which takes 30 ms and has nothing left to do.
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
    """Print the traceback of the current error."""
    from traceback import print_exc

    print_exc()
