"""The entry point of `harness` and `python -m harness`: whatever happens has an exit code."""

from __future__ import annotations

import sys

from harness.crash import crashes_told
from harness.terminal.streams import flushed, reader_left, show_anything


def main() -> None:
    """Run the command line; always ends by SystemExit."""
    with crashes_told():
        show_anything()
        from harness.cli import main as command  # what it needs may not be installed

        try:
            command()
        except BrokenPipeError:
            reader_left()
        except SystemExit as ended:
            sys.exit(flushed(int(ended.code or 0)))


if __name__ == "__main__":
    main()
