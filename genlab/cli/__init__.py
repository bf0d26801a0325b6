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
    from genlab.api.errors import Interrupted, RequestError, RunFailed, sentence
    from genlab.cli import equivalence, lists, new, verbs
    from genlab.data.dataset import DataError
    from genlab.runs.atomic import RunError
    from genlab.session.session import SettingError

    modules = {
        "list": lists.list_names, "info": lists.info, "equivalence": equivalence.equivalence, "new": new.new,
    }  # fmt: skip
    told = _tell_problems()
    try:
        (modules.get(verb) or getattr(verbs, verb))(arguments)
        _tell_problems(told)
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
    except MemoryError as error:
        return _complain(sentence(error), FAILED)
    except Exception as error:
        return _complain(sentence(error) + _keep_details(traceback.format_exc()), FAILED)
    return DONE


def _tell_problems(told: int = 0) -> int:
    """One line for each plug-in that is left out, but for those told before; how many there are."""
    from genlab.settings.plugins import problems

    found = problems()
    for problem in found[told:]:
        _complain(problem.sentence, BAD_INPUT)
    return len(found)


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
