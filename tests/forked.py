"""Children that are forked, for programs which cut off what runs in them."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Callable
from pathlib import Path

from harness.errors import HarnessError

REFUSED, CRASHED = 3, 9  # exit codes


def fork(body: Callable[[], object], note: Path | None = None) -> int:
    """Run `body` in a child, whose number is returned. It ends with 0, with REFUSED for a
    HarnessError, whose text goes to `note` or stderr, or with CRASHED for anything else.
    """
    child = os.fork()
    if child:
        return child
    code = CRASHED
    try:
        body()
        code = 0
    except HarnessError as error:
        code = REFUSED
        if note is None:
            print(error, file=sys.stderr)
        else:
            note.write_text(str(error))
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(code)


def ended(child: int) -> int:
    """Wait for a child; its exit code, or minus the signal that ended it."""
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
