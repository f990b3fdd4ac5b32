"""`python -m harness`: the command line without an installed script."""

from __future__ import annotations

from harness.cli import main

if __name__ == "__main__":
    main()
