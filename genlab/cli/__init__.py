"""The command line: the same verbs as the window, without one.

Exit status: 0 done, 1 the run failed, 2 bad input, 130 interrupted. Errors are one line on stderr."""

from __future__ import annotations

import os
import sys
import traceback
from argparse import Namespace
from collections.abc import Sequence
from datetime import datetime

from genlab.cli.arguments import parser

DONE, FAILED, BAD_INPUT, INTERRUPTED = 0, 1, 2, 130


def main(argv: Sequence[str] | None = None) -> int:
    """Run one verb with its arguments, and give the exit status."""
    try:
        arguments = parser().parse_args(argv)
    except SystemExit as stop:  # argparse has printed help, or what is wrong
        return int(stop.code or DONE)
    try:
        status = _run(arguments.verb, arguments)
        sys.stdout.flush()
        return status
    except KeyboardInterrupt:
        return _complain("interrupted", INTERRUPTED)
    except BrokenPipeError:
        # whoever read our output has had enough; python would complain once more when it closes stdout
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE


def _run(verb: str, arguments: Namespace) -> int:
    # the verbs load numpy and pydantic; --help and a mistyped option need not wait for them
    from genlab.api.errors import Interrupted, RequestError, RunFailed
    from genlab.cli import equivalence, lists, verbs
    from genlab.data.dataset import DataError
    from genlab.runs.atomic import RunError
    from genlab.session.session import SettingError

    modules = {"list": lists.list_names, "info": lists.info, "equivalence": equivalence.equivalence}
    try:
        (modules.get(verb) or getattr(verbs, verb))(arguments)
    except (SettingError, DataError, RunError, RequestError) as error:
        return _complain(str(error), BAD_INPUT)
    except RunFailed as error:
        return _complain(str(error) + _keep_details(error.failure.details), FAILED)
    except Interrupted as stop:
        return _complain(f"{stop}; go on with: genlab train --from {stop.folder}", INTERRUPTED)
    except KeyboardInterrupt:
        return _complain("interrupted", INTERRUPTED)
    except BrokenPipeError:
        raise
    except MemoryError:
        return _complain("there is not enough memory for this", FAILED)
    except Exception as error:
        details = _keep_details(traceback.format_exc())
        return _complain(f"an error in GenLab itself, {type(error).__name__}: {error}{details}", FAILED)
    return DONE


def _complain(message: str, status: int) -> int:
    print(f"genlab: {' '.join(message.split())}", file=sys.stderr)
    return status


def _keep_details(details: str) -> str:
    """Write what a bug report needs to a file; a clause that names it."""
    from genlab.runs.atomic import RunError, write_bytes
    from genlab.runs.places import cache_dir

    if not details.strip():
        return ""
    path = cache_dir() / "errors" / f"{datetime.now():%Y-%m-%d-%H%M%S-%f}.txt"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_bytes(path, details.encode())
    except (OSError, RunError):
        return ""
    return f" (details: {path})"
